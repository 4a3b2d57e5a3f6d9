// Where a process is scraped: GET /metrics over HTTP/1.1 with mutual TLS.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/metrics/metrics_registry.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace hangou {

class ScrapeConnection;

// A listener with one thread, for Prometheus and for operators with curl. There is no way without mutual TLS and no
// switch for it: a peer without a certificate of the installation is refused in the handshake, one of another role than
// operator or service with 403. It answers one request of a connection, and closes it. At most 16 connections are open,
// each for at most 10 s; where there is no room, the one goes that has longest been shaking hands.
class MetricsListener {
 public:
  // Begins to listen on `address` (HOST:PORT; port 0 takes a free one) with the identity in a folder. `registry` must
  // outlive it. CERTIFICATE_INVALID as MakeMutualTls; UNAVAILABLE where the address cannot be had.
  static absl::StatusOr<std::unique_ptr<MetricsListener>> Start(const std::string& address,
                                                                const std::string& identity_folder,
                                                                MetricsRegistry& registry);
  // Cuts what is open, and stops its thread.
  ~MetricsListener();

  // HOST:PORT that it listens on, with the port it was given.
  const std::string& address() const { return address_; }

 private:
  MetricsListener(std::shared_ptr<ssl_ctx_st> tls, int socket, int wake, std::string address,
                  MetricsRegistry& registry);

  void Serve();
  void AcceptOne(int64_t now_us);
  bool MakeRoom();
  void StepReady(int64_t now_us);
  void Count(int code);
  void Collect(MetricsPage& page);

  const std::shared_ptr<ssl_ctx_st> tls_;
  const int socket_;
  const int wake_;  // readable when the thread is to end
  const std::string address_;
  const std::function<std::string()> text_;                     // what is answered
  std::vector<std::unique_ptr<ScrapeConnection>> connections_;  // of the thread
  int64_t accept_again_us_ = 0;                                 // boot clock; of the thread
  Mutex mutex_;
  std::map<int, uint64_t> answers_ HANGOU_GUARDED_BY(mutex_);  // by code
  std::thread thread_;
  MetricsRegistry::Source source_;
};

}  // namespace hangou
