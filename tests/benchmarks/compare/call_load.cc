#include "tests/benchmarks/compare/call_load.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <future>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/rpc/status.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/figures.h"

namespace hangou {
namespace {

// Of one call: none of them takes so long on a machine that works.
constexpr std::chrono::seconds kCallDeadline(20);
constexpr std::chrono::seconds kStreamDeadline(120);

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

// The calls under way and what they have in common. Every call begins the next one when it ends.
class CallRun {
 public:
  CallRun(const std::shared_ptr<grpc::Channel>& channel, const CallLoad& load)
      : load_(load), stub_(channel), under_way_(load.outstanding) {
    for (const std::string& request : load.requests) requests_.push_back(BufferOf(request));
  }

  absl::StatusOr<CallFigures> Run() {
    const Stopwatch watch;
    end_us_ = SystemClock().BootUs() + static_cast<int64_t>(load_.seconds * kUsPerSecond);
    for (int i = 0; i < load_.outstanding; ++i) Begin();
    all_ended_.get_future().wait();
    const double seconds = watch.Seconds();
    MutexLock lock(mutex_);
    RETURN_IF_ERROR(error_);
    CallFigures figures;
    figures.calls = static_cast<int64_t>(samples_.size());
    figures.per_second = static_cast<double>(figures.calls) / seconds;
    figures.p50_us = Quantile(samples_, 0.5);
    figures.p99_us = Quantile(samples_, 0.99);
    figures.reply_bytes = reply_bytes_;
    return figures;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    grpc::ByteBuffer reply;
    int64_t begin_us = 0;
  };

  void Begin() {
    auto call = std::make_shared<Call>();
    call->context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
    call->begin_us = SystemClock().BootUs();
    const grpc::ByteBuffer& request = requests_[next_++ % requests_.size()];
    stub_.UnaryCall(&call->context, load_.method, grpc::StubOptions(), &request, &call->reply,
                    [this, call](const grpc::Status& status) { Ended(*call, status); });
  }

  void Ended(const Call& call, const grpc::Status& status) {
    const int64_t now_us = SystemClock().BootUs();
    bool more = status.ok() && now_us < end_us_;
    bool last = false;
    {
      MutexLock lock(mutex_);
      if (status.ok()) {
        samples_.push_back(now_us - call.begin_us);
        reply_bytes_ = static_cast<int64_t>(call.reply.Length());
      } else {
        error_.Update(FromGrpc(status));
      }
      more = more && error_.ok();
      if (!more) last = --under_way_ == 0;
    }
    if (more) Begin();
    if (last) all_ended_.set_value();
  }

  const CallLoad& load_;
  grpc::GenericStub stub_;
  std::vector<grpc::ByteBuffer> requests_;
  std::atomic<size_t> next_ = 0;
  int64_t end_us_ = 0;  // boot time
  std::promise<void> all_ended_;
  Mutex mutex_;
  int under_way_ HANGOU_GUARDED_BY(mutex_);
  std::vector<int64_t> samples_ HANGOU_GUARDED_BY(mutex_);
  int64_t reply_bytes_ HANGOU_GUARDED_BY(mutex_) = 0;
  absl::Status error_ HANGOU_GUARDED_BY(mutex_);
};

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  HANGOU_CHECK(buffer.DumpToSingleSlice(&slice).ok(), "a reply cannot be read");
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

// Counts what a stream brings.
class StreamCounter final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  StreamCounter(grpc::GenericStub& stub, const std::string& method, const std::string& request)
      : request_(BufferOf(request)) {
    context_.set_deadline(std::chrono::system_clock::now() + kStreamDeadline);
    stub.PrepareBidiStreamingCall(&context_, method, grpc::StubOptions(), this);
    StartWriteLast(&request_, grpc::WriteOptions());
    StartRead(&reply_);
    StartCall();
  }
  absl::StatusOr<int64_t> Await() {
    RETURN_IF_ERROR(FromGrpc(ended_.get_future().get()));
    return bytes_;
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return;
    bytes_ += static_cast<int64_t>(reply_.Length());
    StartRead(&reply_);
  }
  void OnDone(const grpc::Status& status) override { ended_.set_value(status); }

  grpc::ClientContext context_;
  const grpc::ByteBuffer request_;
  grpc::ByteBuffer reply_;
  int64_t bytes_ = 0;
  std::promise<grpc::Status> ended_;
};

}  // namespace

absl::StatusOr<CallFigures> RunCalls(const std::shared_ptr<grpc::Channel>& channel, const CallLoad& load) {
  return CallRun(channel, load).Run();
}

absl::StatusOr<std::string> CallOnce(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                                     const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallDeadline);
  context.set_wait_for_ready(true);
  const grpc::ByteBuffer sent = BufferOf(request);
  grpc::ByteBuffer reply;
  std::promise<grpc::Status> ended;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &sent, &reply,
                 [&ended](grpc::Status status) { ended.set_value(std::move(status)); });
  RETURN_IF_ERROR(FromGrpc(ended.get_future().get()));
  return BytesOf(reply);
}

absl::StatusOr<int64_t> ReceiveStream(const std::shared_ptr<grpc::Channel>& channel,
                                      const std::string& method, const std::string& request) {
  grpc::GenericStub stub(channel);
  StreamCounter counter(stub, method, request);
  return counter.Await();
}

}  // namespace hangou
