// Bidirectional calls that answer every request once, such as Publish.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "libs/base/caller.h"
#include "libs/base/limits.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/rpc/identity.h"
#include "libs/rpc/rpc_metrics.h"
#include "libs/rpc/status.h"

namespace hangou {

// One stream from one client. Requests come one at a time and in order; each is answered by one Reply, in any
// order, from any thread. While limits::kUnansweredBatches requests wait for their reply to be written,
// nothing more is read: that bounds what a client can make the server hold, also one that sends and does not
// read. When the client has half-closed and everything is answered, the stream ends with OK. Shared: it lives
// until gRPC has ended the call and the last holder has let go; replies after that (the stream was cut) are
// dropped.
template <class Request, class Response>
class BidiStream final : private grpc::ServerBidiReactor<Request, Response>,
                         public std::enable_shared_from_this<BidiStream<Request, Response>> {
 public:
  // Gets each request; keeps `stream` to answer. Runs on a thread of gRPC, never two at a time for one
  // stream, never under a lock of the stream, and must not block. Let go when the call has ended, with all
  // that it captured.
  using OnRequest = std::function<void(const std::shared_ptr<BidiStream>& stream, Request request)>;

  // Opens a stream for a caller with one of `roles` (any, where the list is empty), to be returned from the
  // method. Others are refused without `on_request`.
  static grpc::ServerBidiReactor<Request, Response>* Open(grpc::CallbackServerContext* context,
                                                          std::initializer_list<std::string_view> roles,
                                                          OnRequest on_request) {
    CallMeter meter = CallMeter::Stream(*context);
    absl::StatusOr<Caller> caller = AdmitCall(*context, roles);
    const absl::Status admitted = caller.status();
    if (!caller.ok()) caller.emplace();
    std::shared_ptr<BidiStream> stream(
        new BidiStream(*std::move(caller), std::move(on_request), std::move(meter)));
    stream->Begin(admitted);
    return stream.get();
  }

  // Who publishes. Constant.
  const Caller& caller() const { return caller_; }

  // Answers one request. Queued where another reply is being written; dropped where the stream has ended.
  void Reply(Response response) {
    MutexLock lock(mutex_);
    if (ending_ || cancelled_) return;
    HANGOU_CHECK(replies_.size() < unanswered_, "BidiStream::Reply without a request");
    replies_.push_back(std::move(response));
    meter_.Answered();
    WriteNext();
  }

  // Ends the stream with a status, behind the replies that are queued; what is unanswered stays so, and
  // nothing more is read. Only the first call counts.
  void Finish(const absl::Status& status) {
    MutexLock lock(mutex_);
    if (ending_) return;
    ending_ = true;
    status_ = status;
    FinishIfDue();
  }

 private:
  BidiStream(Caller caller, OnRequest on_request, CallMeter meter)
      : caller_(std::move(caller)), on_request_(std::move(on_request)), meter_(std::move(meter)) {}

  void Begin(const absl::Status& admitted) {
    MutexLock lock(mutex_);
    self_ = this->shared_from_this();
    ending_ = !admitted.ok();
    status_ = admitted;
    ReadNext();
    FinishIfDue();
  }

  // The three below call gRPC under the lock, which keeps the order of the operations; gRPC never calls back
  // from inside its Start and Finish functions.
  void ReadNext() HANGOU_REQUIRES(mutex_) {
    if (reading_ || input_ended_ || ending_ || cancelled_ || unanswered_ >= limits::kUnansweredBatches)
      return;
    reading_ = true;
    this->StartRead(&request_);
  }

  void WriteNext() HANGOU_REQUIRES(mutex_) {
    if (writing_ || cancelled_ || replies_.empty()) return;
    writing_ = true;
    this->StartWrite(&replies_.front());
  }

  void FinishIfDue() HANGOU_REQUIRES(mutex_) {
    if (finishing_ || writing_) return;
    const bool answered = input_ended_ && unanswered_ == 0;
    if (!cancelled_ && !(ending_ && replies_.empty()) && !answered) return;
    finishing_ = true;
    ending_ = true;
    if (cancelled_) status_ = absl::CancelledError();
    meter_.End(status_);
    grpc::ServerBidiReactor<Request, Response>::Finish(ToGrpc(status_));
  }

  void OnReadDone(bool ok) override {
    Request request;
    std::shared_ptr<BidiStream> self;
    {
      MutexLock lock(mutex_);
      if (!ok) {
        reading_ = false;
        input_ended_ = true;
        FinishIfDue();
        return;
      }
      if (ending_ || cancelled_) {
        reading_ = false;
        return;
      }
      ++unanswered_;
      meter_.Asked();
      request = std::move(request_);
      request_.Clear();
      self = self_;
    }
    on_request_(self, std::move(request));
    MutexLock lock(mutex_);
    reading_ = false;
    ReadNext();
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    writing_ = false;
    replies_.pop_front();
    --unanswered_;
    if (!ok) cancelled_ = true;
    WriteNext();
    ReadNext();
    FinishIfDue();
  }

  void OnCancel() override {
    MutexLock lock(mutex_);
    cancelled_ = true;
    FinishIfDue();
  }

  void OnDone() override {
    std::shared_ptr<BidiStream> self;
    OnRequest on_request;
    MutexLock lock(mutex_);
    self.swap(self_);
    on_request.swap(on_request_);
    if (!writing_) replies_.clear();
  }

  const Caller caller_;
  OnRequest on_request_;  // used by OnReadDone and emptied by OnDone, which gRPC calls after all others
  Mutex mutex_;
  CallMeter meter_ HANGOU_GUARDED_BY(mutex_);
  Request request_ HANGOU_GUARDED_BY(mutex_);                   // being read
  std::deque<Response> replies_ HANGOU_GUARDED_BY(mutex_);      // the first is being written
  std::shared_ptr<BidiStream> self_ HANGOU_GUARDED_BY(mutex_);  // gRPC's own hold, until OnDone
  absl::Status status_ HANGOU_GUARDED_BY(mutex_);               // to end with
  size_t unanswered_ HANGOU_GUARDED_BY(mutex_) = 0;             // requests whose reply is not yet written
  bool reading_ HANGOU_GUARDED_BY(mutex_) = false;              // a read or a request's handler is under way
  bool writing_ HANGOU_GUARDED_BY(mutex_) = false;
  bool input_ended_ HANGOU_GUARDED_BY(mutex_) = false;  // the client has half-closed, or is gone
  bool ending_ HANGOU_GUARDED_BY(mutex_) = false;       // no further replies are taken
  bool cancelled_ HANGOU_GUARDED_BY(mutex_) = false;
  bool finishing_ HANGOU_GUARDED_BY(mutex_) = false;  // gRPC has been told: it may end any time now
};

}  // namespace hangou
