#include "libs/rpc/rpc_metrics.h"

#include <grpcpp/support/server_interceptor.h>

#include <algorithm>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/metrics/counter.h"
#include "libs/metrics/duration_histogram.h"
#include "libs/rpc/transport_log.h"

namespace hangou {
namespace {

// The canonical codes.
constexpr size_t kCodes = 17;
// The reasons, and the errors without one behind them.
constexpr size_t kReasons = 0
#define X(enumerator, name, code, advice) +1
    HANGOU_REASONS(X)
#undef X
    ;

// The call that gRPC begins on this thread, between the observer and the method's handler, which it calls right after.
struct BegunCall {
  const grpc::ServerContextBase* context = nullptr;
  MethodMetrics* method = nullptr;
};
thread_local BegunCall begun_call;

}  // namespace

// The counts of one method. Thread-safe.
class MethodMetrics {
 public:
  explicit MethodMetrics(std::string name) : name_(std::move(name)) {}

  // One of our handlers has a call of it. gRPC's own services (health, reflection) are observed, and not counted.
  void Handled() {
    if (!handled_.load(std::memory_order_relaxed)) handled_.store(true, std::memory_order_relaxed);
  }
  void StreamBegun() {
    streaming_.store(true, std::memory_order_relaxed);
    streams_.fetch_add(1, std::memory_order_relaxed);
  }
  void StreamEnded() { streams_.fetch_sub(1, std::memory_order_relaxed); }
  void Took(int64_t duration_us) { durations_.Observe(duration_us); }
  void Ended(const absl::Status& status) {
    if (status.ok()) return ok_.Add();
    codes_[std::min(static_cast<size_t>(status.code()), kCodes - 1)].fetch_add(1, std::memory_order_relaxed);
    const auto reason = ReasonOf(status);
    reasons_[reason ? static_cast<size_t>(*reason) : kReasons].fetch_add(1, std::memory_order_relaxed);
  }

  void Collect(MetricsPage& page) const {
    if (!handled_) return;
    if (streaming_) {
      page.Gauge("hangou_rpc_streams", "Streams that are open.", {{MetricLabel::kMethod, name_}},
                 static_cast<double>(streams_.load()));
    }
    const auto requests = [&](absl::StatusCode code, uint64_t count) {
      page.Counter("hangou_rpc_requests_total",
                   "Calls that have ended, by their canonical code; a stream is one call.",
                   {{MetricLabel::kMethod, name_}, {MetricLabel::kCode, absl::StatusCodeToString(code)}},
                   static_cast<double>(count));
    };
    requests(absl::StatusCode::kOk, ok_.value());
    for (size_t code = 1; code < kCodes; ++code) {
      if (const uint64_t count = codes_[code].load()) requests(static_cast<absl::StatusCode>(code), count);
    }
    for (size_t reason = 0; reason <= kReasons; ++reason) {
      const uint64_t count = reasons_[reason].load();
      if (count == 0) continue;
      page.Counter(
          "hangou_rpc_errors_total",
          "Calls that have ended with an error, by its stable reason; NONE where it has none.",
          {{MetricLabel::kMethod, name_},
           {MetricLabel::kReason, reason < kReasons ? ReasonName(static_cast<Reason>(reason)) : "NONE"}},
          static_cast<double>(count));
    }
    if (const DurationCounts counts = durations_.counts(); counts.count > 0) {
      page.Histogram(
          "hangou_rpc_duration_seconds",
          "From a request to its answer: of unary calls, and of each message of a bidirectional stream.",
          {{MetricLabel::kMethod, name_}}, counts);
    }
  }

 private:
  const std::string name_;
  MetricCounter ok_;
  std::array<std::atomic<uint64_t>, kCodes> codes_{};
  std::array<std::atomic<uint64_t>, kReasons + 1> reasons_{};
  std::atomic<int64_t> streams_{0};
  std::atomic<bool> handled_{false};
  std::atomic<bool> streaming_{false};  // the method is a stream
  DurationHistogram durations_;
};

// Notes the method of every call that begins.
class CallObserver final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CallObserver(RpcMetrics& metrics) : metrics_(metrics) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    begun_call = {info->server_context(), metrics_.Find(info->method())};
    return nullptr;
  }

 private:
  RpcMetrics& metrics_;
};

RpcMetrics::RpcMetrics() = default;
RpcMetrics::~RpcMetrics() = default;

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> RpcMetrics::NewObserver() {
  return std::make_unique<CallObserver>(*this);
}

MethodMetrics* RpcMetrics::Find(const char* method) {
  const size_t start = (reinterpret_cast<uintptr_t>(method) * 0x9E3779B97F4A7C15u) >> 32;
  for (size_t i = 0; i < kMethods; ++i) {
    const Slot& slot = slots_[(start + i) % kMethods];
    const char* const there = slot.method.load(std::memory_order_acquire);
    if (there == method) return slot.metrics.load(std::memory_order_relaxed);
    if (there == nullptr) break;
  }
  return Make(method);
}

MethodMetrics* RpcMetrics::Make(const char* method) {
  const size_t start = (reinterpret_cast<uintptr_t>(method) * 0x9E3779B97F4A7C15u) >> 32;
  MutexLock lock(mutex_);
  for (size_t i = 0; i < kMethods; ++i) {
    Slot& slot = slots_[(start + i) % kMethods];
    const char* const there = slot.method.load(std::memory_order_relaxed);
    if (there == method) return slot.metrics.load(std::memory_order_relaxed);
    if (there != nullptr) continue;
    // gRPC writes "/package.Service/Method".
    methods_.push_back(std::make_unique<MethodMetrics>(*method == '/' ? method + 1 : method));
    slot.metrics.store(methods_.back().get(), std::memory_order_relaxed);
    slot.method.store(method, std::memory_order_release);
    return methods_.back().get();
  }
  return nullptr;
}

void RpcMetrics::Collect(MetricsPage& page) const {
  page.Counter("hangou_rpc_refused_handshakes_total",
               "TLS handshakes that the servers of the process have refused, or that failed there.", {},
               static_cast<double>(HandshakeFailures()));
  MutexLock lock(mutex_);
  for (const auto& method : methods_) method->Collect(page);
}

CallMeter::CallMeter(const grpc::ServerContextBase& context, bool stream) : stream_(stream) {
  const BegunCall begun = std::exchange(begun_call, {});
  if (begun.context != &context || begun.method == nullptr) return;
  method_ = begun.method;
  method_->Handled();
  if (stream_) {
    method_->StreamBegun();
  } else {
    begun_us_ = SystemClock().BootUs();
  }
}

CallMeter::CallMeter(CallMeter&& other) noexcept
    : method_(std::exchange(other.method_, nullptr)),
      stream_(other.stream_),
      begun_us_(other.begun_us_),
      asked_us_(std::move(other.asked_us_)) {}

void CallMeter::Asked() {
  if (method_ != nullptr) asked_us_.push_back(SystemClock().BootUs());
}

void CallMeter::Answered() {
  if (method_ == nullptr || asked_us_.empty()) return;
  method_->Took(SystemClock().BootUs() - asked_us_.front());
  asked_us_.erase(asked_us_.begin());
}

void CallMeter::End(const absl::Status& status) {
  MethodMetrics* const method = std::exchange(method_, nullptr);
  if (method == nullptr) return;
  method->Ended(status);
  if (stream_) {
    method->StreamEnded();
  } else {
    method->Took(SystemClock().BootUs() - begun_us_);
  }
}

}  // namespace hangou
