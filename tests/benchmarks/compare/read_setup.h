// What the comparisons of reads have in common.
#pragma once

#include <memory>
#include <random>
#include <string>

#include "absl/status/statusor.h"
#include "tests/benchmarks/compare/call_load.h"
#include "tests/benchmarks/compare/comparisons.h"
#include "tests/benchmarks/compare/installation.h"

namespace hangou {

inline constexpr char kReader[] = "tax-consumer";
inline constexpr char kPurpose[] = "tax_risk";
inline constexpr char kBatchGet[] = "/hangou.base_library.v1.BaseLibrary/BatchGet";
inline constexpr int kOutstandingBatches = 4;
inline constexpr int kBatchKeys = 100;
inline constexpr size_t kRequests = 2000;  // that are sent in turn
inline constexpr double kRunSeconds = 3;
inline constexpr double kWarmSeconds = 1;
inline constexpr uint32_t kSeed = 1;
inline constexpr int kLoadStreams = 2;

// The installation with its records in place, and a reader of them.
struct ReadSetup {
  explicit ReadSetup(Installation the_installation) : installation(std::move(the_installation)) {}

  const Installation installation;
  std::unique_ptr<Client> client;
  std::shared_ptr<grpc::Channel> channel;  // to the library
};

// Publishes the records of the options, and connects a reader.
absl::StatusOr<std::unique_ptr<ReadSetup>> PrepareReads(const CompareOptions& options);

// Numbers of residents, drawn.
class Draw {
 public:
  explicit Draw(int64_t count) : numbers_(0, count - 1) {}
  int64_t Next() { return numbers_(random_); }

 private:
  std::mt19937 random_{kSeed};
  std::uniform_int_distribution<int64_t> numbers_;
};

// A load on one server; its processor time per call beside.
struct MeasuredCalls {
  CallFigures figures;
  double server_us = 0;
};

// Puts a load on a server, whose process is `pid`.
absl::StatusOr<MeasuredCalls> Measure(const std::shared_ptr<grpc::Channel>& channel, int pid,
                                      const CallLoad& load);
// Prints what was measured.
void Tell(const char* who, const CallLoad& load, const MeasuredCalls& measured);

}  // namespace hangou
