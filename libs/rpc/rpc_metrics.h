// Requests, errors, durations and open streams of a server, by method.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/mutex.h"
#include "libs/metrics/metrics_page.h"

namespace grpc {
class ServerContextBase;
namespace experimental {
class ServerInterceptorFactoryInterface;
}
}  // namespace grpc

namespace hangou {

class MethodMetrics;

// Counts the calls of one server; RpcServerOptions takes it. Thread-safe. Created before the server that it counts for,
// and outlives it.
class RpcMetrics {
 public:
  RpcMetrics();
  ~RpcMetrics();

  // hangou_rpc_requests_total, hangou_rpc_errors_total, hangou_rpc_duration_seconds, hangou_rpc_streams of each method
  // of ours that was called, and the refused handshakes of the process.
  void Collect(MetricsPage& page) const;

  // What a server is built with: tells this object, and CallMeter, which method a call is of. It makes no interceptor;
  // an interceptor would cost every message an extra turn of gRPC's queue.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> NewObserver();

 private:
  friend class CallObserver;
  // The methods of a server are some dozens; what is beyond so many is not counted.
  static constexpr size_t kMethods = 256;
  struct Slot {
    std::atomic<const char*> method{nullptr};  // gRPC's own text, which lives as long as the server
    std::atomic<MethodMetrics*> metrics{nullptr};
  };

  // The counts of a method; null where there are too many. Lock-free where the method was called before.
  MethodMetrics* Find(const char* method);
  MethodMetrics* Make(const char* method);

  std::array<Slot, kMethods> slots_;  // by hash of the text's address, open addressing
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<MethodMetrics>> methods_ HANGOU_GUARDED_BY(mutex_);
};

// Counts one call, for HandleUnary and the streams. Not thread-safe.
class CallMeter {
 public:
  // Counts nothing.
  CallMeter() = default;
  CallMeter(CallMeter&& other) noexcept;
  CallMeter& operator=(CallMeter&&) = delete;
  // Begins a unary call, or a stream. On the thread and in the context that gRPC calls the method with.
  static CallMeter Unary(const grpc::ServerContextBase& context) { return CallMeter(context, false); }
  static CallMeter Stream(const grpc::ServerContextBase& context) { return CallMeter(context, true); }

  // A message of a bidirectional stream has come, and is going to be answered.
  void Asked();
  // One of them is answered. Which, does not matter to the mean: durations are counted in the order of arrival.
  void Answered();
  // The call ends with `status`. Only the first counts.
  void End(const absl::Status& status);

 private:
  CallMeter(const grpc::ServerContextBase& context, bool stream);

  MethodMetrics* method_ = nullptr;  // null: nothing is counted, or the call has ended
  bool stream_ = false;
  int64_t begun_us_ = 0;           // of a unary call
  std::vector<int64_t> asked_us_;  // messages that wait for their answer: a handful
};

}  // namespace hangou
