// The notification of a log reader: shared by the implementations of Log.
#pragma once

#include <functional>
#include <thread>
#include <utility>

#include "libs/base/mutex.h"

namespace hangou {

// Holds the function that a reader wants called. Thread-safe; shared by the reader and its log, whichever
// goes first.
class ReaderNotify {
 public:
  // Replaces the function. When this returns no call of the former one is under way, unless it is the former
  // one that calls this.
  void Set(std::function<void()> notify) {
    MutexLock lock(mutex_);
    while (calling_ && caller_ != std::this_thread::get_id()) done_.WaitFor(mutex_, kWaitMs);
    notify_ = std::move(notify);
  }

  // Calls the function, if there is one, with no locks held. Calls are one at a time: where one is under way,
  // it is followed by another, and this returns.
  void Call() {
    MutexLock lock(mutex_);
    again_ = true;
    if (calling_) return;
    calling_ = true;
    caller_ = std::this_thread::get_id();
    while (again_ && notify_) {
      again_ = false;
      const std::function<void()> notify = notify_;
      mutex_.Unlock();
      notify();
      mutex_.Lock();
    }
    again_ = false;
    calling_ = false;
    done_.NotifyAll();
  }

 private:
  static constexpr int64_t kWaitMs = 1000;  // of one round; the end comes from the notification

  Mutex mutex_;
  CondVar done_;
  std::function<void()> notify_ HANGOU_GUARDED_BY(mutex_);
  bool calling_ HANGOU_GUARDED_BY(mutex_) = false;
  bool again_ HANGOU_GUARDED_BY(mutex_) = false;  // something came while a call was under way
  std::thread::id caller_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou
