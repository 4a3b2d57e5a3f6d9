// All services of the platform in one process, on the embedded log: for a small city, a demo, a test.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/limits.h"
#include "libs/log/log.h"

namespace hangou {

class AuditChain;
class CatalogService;
class Library;
class MetricsPage;
class PolicyHolder;

// How a standalone process is started.
struct StandaloneOptions {
  std::string data;                          // data folder; made at the first start
  std::string address = "127.0.0.1:0";       // host:port to listen on; port 0 takes a free one
  std::string metrics_address;               // the same for Prometheus; empty: nowhere
  size_t memory_bytes = 1ull << 30;          // budget of the process; a quarter of it goes to the stores
  int64_t start_timeout_ms = 120'000;        // to catch up with the log
  int64_t drain_ms = 10'000;                 // to end the calls under way when stopped
  int32_t partitions = limits::kPartitions;  // of a new installation
  int32_t groups = limits::kGroups;          // likewise
  // Opens the log; where it is empty, the embedded log in the data folder.
  std::function<absl::StatusOr<std::unique_ptr<Log>>()> open_log;
};

// A running standalone installation: catalog, five base libraries, exchange and audit, one audit chain, one policy
// lease, one listener with mutual TLS. Start and Stop from one thread; everything else is thread-safe.
class Standalone {
 public:
  // Starts everything, and returns once it serves. A base library with a damaged partition in its log does not serve
  // that group; its error is in `degraded()` and the rest goes on. Fails where the log, the audit chain or the catalog
  // cannot be opened.
  static absl::StatusOr<std::unique_ptr<Standalone>> Start(const StandaloneOptions& options);
  ~Standalone();
  // Drains: no new calls, those under way end, everything is flushed. Idempotent.
  void Stop();

  // host:port that it listens on.
  const std::string& address() const;
  // host:port where it is scraped; empty where it is not.
  std::string metrics_address() const;
  // What does not serve, and why; empty where everything does.
  std::vector<std::string> degraded() const;
  // Log records applied by all libraries since the start.
  int64_t applied_count() const;

  // The parts, for tests that make one of them fail.
  CatalogService& catalog();
  PolicyHolder& policy();
  AuditChain& audit();
  Log& log();

 private:
  struct Parts;
  explicit Standalone(std::unique_ptr<Parts> parts);
  static absl::Status OpenMetrics(Parts& parts);
  static void CollectServices(const Parts& parts, MetricsPage& page);
  absl::Status StartServices();

  std::unique_ptr<Parts> parts_;
};

// Runs a standalone process until SIGTERM or SIGINT: what `hangou standalone` does. Returns the exit code.
int RunStandalone(const StandaloneOptions& options);

}  // namespace hangou
