#include "libs/client/publish_stream.h"

#include <grpcpp/channel.h>

#include <utility>

#include "libs/rpc/status.h"

namespace hangou {

using hangou::base_library::v1::BaseLibrary;
using hangou::base_library::v1::PublishRequest;

namespace {

// Longest silent wait inside a loop that checks its condition: a lost wake-up would cost no more.
constexpr int64_t kRecheckMs = 1000;

}  // namespace

PublishStream::PublishStream(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(BaseLibrary::NewStub(channel)) {
  stub_->async()->Publish(&context_, this);
  // Writes start outside of the transport's callbacks: the hold keeps the call alive until LetGo.
  AddHold();
  StartRead(&incoming_);
  StartCall();
}

PublishStream::~PublishStream() {
  context_.TryCancel();
  LetGo();
  MutexLock lock(mutex_);
  while (!done_) changed_.WaitFor(mutex_, kRecheckMs);
}

void PublishStream::LetGo() {
  {
    MutexLock lock(mutex_);
    broken_ = true;
    if (!std::exchange(held_, false)) return;
  }
  RemoveHold();
}

void PublishStream::Send(const PublishRequest* request) {
  // Under the lock, so that the hold is not let go in between; the transport never calls back from inside.
  MutexLock lock(mutex_);
  if (broken_) return;
  if (std::exchange(writing_, true)) {
    outgoing_.push_back(request);
  } else {
    StartWrite(request);
  }
}

void PublishStream::OnWriteDone(bool ok) {
  const PublishRequest* next = nullptr;
  {
    MutexLock lock(mutex_);
    broken_ = broken_ || !ok;
    writing_ = !broken_ && !outgoing_.empty();
    if (writing_) {
      next = outgoing_.front();
      outgoing_.pop_front();
    }
  }
  if (next != nullptr) StartWrite(next);
}

void PublishStream::OnReadDone(bool ok) {
  if (!ok) {
    LetGo();
    return;
  }
  {
    MutexLock lock(mutex_);
    arrived_.answers.push_back(std::move(incoming_));
    changed_.NotifyAll();
  }
  incoming_.Clear();
  StartRead(&incoming_);
}

void PublishStream::OnDone(const grpc::Status& status) {
  MutexLock lock(mutex_);
  arrived_.ended = FromGrpc(status);
  done_ = true;
  changed_.NotifyAll();
}

PublishStream::Events PublishStream::Wait(int64_t timeout_ms) {
  MutexLock lock(mutex_);
  if (arrived_.answers.empty() && !arrived_.ended) changed_.WaitFor(mutex_, timeout_ms);
  return std::exchange(arrived_, Events());
}

}  // namespace hangou
