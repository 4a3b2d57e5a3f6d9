// Server-streaming calls, such as Subscribe and WatchPolicy.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "libs/base/caller.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/rpc/identity.h"
#include "libs/rpc/rpc_metrics.h"
#include "libs/rpc/status.h"

namespace hangou {

// One stream to one client. Shared: it lives until gRPC has ended the call and the last holder has let go,
// and may be used from any thread at any time; after the end of the call its methods do nothing. It ends by
// Finish, or by itself when the client goes away, its deadline passes or the server shuts down. The callbacks
// run on threads of gRPC, never under a lock of the stream, must not block, and are let go at the end, so
// they may hold the stream.
template <class Response>
class ServerStream final : private grpc::ServerWriteReactor<Response>,
                           public std::enable_shared_from_this<ServerStream<Response>> {
 public:
  // Gets the stream and its caller, who has one of the roles. Runs inside the method: must not block. The
  // request lives until the stream ends: copy what is needed.
  using Opened = std::function<void(const Caller& caller, const std::shared_ptr<ServerStream>& stream)>;

  // Opens a stream for a caller with one of `roles` (any, where the list is empty), to be returned from the
  // method:
  //   return ServerStream<Delivery>::Open(context, {roles::kConsumer}, [=, this](auto& caller, auto& stream)
  //   {...});
  // Others are refused without `opened`.
  static grpc::ServerWriteReactor<Response>* Open(grpc::CallbackServerContext* context,
                                                  std::initializer_list<std::string_view> roles,
                                                  const Opened& opened) {
    std::shared_ptr<ServerStream> stream(new ServerStream(context));
    stream->HoldForGrpc();
    const absl::StatusOr<Caller> caller = AdmitCall(*context, roles);
    if (caller.ok()) {
      opened(*caller, stream);
    } else {
      stream->Finish(caller.status());
    }
    return stream.get();
  }

  // Hands a message to the transport; when it returns true, nothing of ours can recall it. `written(ok)` is
  // called once, when the client's window has taken the message (ok) or the stream has ended (not ok); only
  // then may the next Write follow: a slow reader holds one message, no more. False where the stream has
  // ended or is about to; then `written` is not called.
  bool Write(Response message, std::function<void(bool ok)> written) {
    MutexLock lock(mutex_);
    if (ending_ || cancelled_) return false;
    HANGOU_CHECK(!writing_, "ServerStream::Write before the last message was written");
    writing_ = true;
    message_ = std::move(message);
    written_ = std::move(written);
    this->StartWrite(&message_);
    return true;
  }

  // Ends the stream with a status, behind the message that is being written. Only the first call counts.
  void Finish(const absl::Status& status) { End(status, false); }
  // The same for a client that does not read: a message that is still being written is given up and the
  // stream reset, so that the client sees CANCELLED instead of the status.
  void FinishNow(const absl::Status& status) { End(status, true); }

  // Sets what is called, once, when the client has gone away (or the deadline has passed, or the server shuts
  // down); at once where that has happened. Not called after an end by Finish.
  void WhenCancelled(std::function<void()> callback) {
    {
      MutexLock lock(mutex_);
      if (ending_) return;
      if (!cancelled_) {
        on_cancelled_ = std::move(callback);
        return;
      }
    }
    callback();
  }

 private:
  explicit ServerStream(grpc::CallbackServerContext* context)
      : context_(context), meter_(CallMeter::Stream(*context)) {}

  void HoldForGrpc() HANGOU_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    self_ = this->shared_from_this();
  }

  void End(const absl::Status& status, bool now) HANGOU_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (finishing_) return;
    if (!ending_) {
      ending_ = true;
      status_ = status;
    }
    // The context lives until OnDone, which cannot come before this lock is let go: the call is not finished
    // yet.
    if (now && writing_) context_->TryCancel();
    FinishIfDue();
  }

  // Ends the call where that is wanted and no message is in the way. gRPC never calls back from inside its
  // Start and Finish functions, so they may be called under the lock, which keeps their order.
  void FinishIfDue() HANGOU_REQUIRES(mutex_) {
    if (finishing_ || writing_ || !(ending_ || cancelled_)) return;
    finishing_ = true;
    if (!ending_) status_ = absl::CancelledError();
    meter_.End(status_);
    grpc::ServerWriteReactor<Response>::Finish(ToGrpc(status_));
  }

  void OnWriteDone(bool ok) override {
    std::function<void(bool)> written;
    {
      MutexLock lock(mutex_);
      writing_ = false;
      written.swap(written_);
      message_.Clear();
      FinishIfDue();
    }
    if (!ok) OnCancel();
    if (written) written(ok);
  }

  void OnCancel() override {
    std::function<void()> callback;
    {
      MutexLock lock(mutex_);
      if (cancelled_) return;
      cancelled_ = true;
      callback.swap(on_cancelled_);
      if (ending_) callback = nullptr;
      FinishIfDue();
    }
    if (callback) callback();
  }

  void OnDone() override {
    std::shared_ptr<ServerStream> self;
    std::function<void()> callback;
    MutexLock lock(mutex_);
    self.swap(self_);
    callback.swap(on_cancelled_);
  }

  grpc::CallbackServerContext* const context_;  // lives until OnDone
  Mutex mutex_;
  CallMeter meter_ HANGOU_GUARDED_BY(mutex_);
  Response message_ HANGOU_GUARDED_BY(mutex_);                   // being written
  std::function<void(bool)> written_ HANGOU_GUARDED_BY(mutex_);  // its callback
  std::function<void()> on_cancelled_ HANGOU_GUARDED_BY(mutex_);
  std::shared_ptr<ServerStream> self_ HANGOU_GUARDED_BY(mutex_);  // gRPC's own hold, until OnDone
  absl::Status status_ HANGOU_GUARDED_BY(mutex_);                 // to end with
  bool writing_ HANGOU_GUARDED_BY(mutex_) = false;
  bool ending_ HANGOU_GUARDED_BY(mutex_) = false;  // Finish was called
  bool cancelled_ HANGOU_GUARDED_BY(mutex_) = false;
  bool finishing_ HANGOU_GUARDED_BY(mutex_) = false;  // gRPC has been told: it may end any time now
};

}  // namespace hangou
