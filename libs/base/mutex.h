// std::mutex with the annotations that clang's thread-safety analysis checks (-Wthread-safety).
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#define HANGOU_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define HANGOU_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define HANGOU_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))

namespace hangou {

// A mutex. Locked through MutexLock.
class __attribute__((capability("mutex"))) Mutex {
 public:
  // Locks; blocks without limit, so never hold it across a wait on another process.
  void Lock() __attribute__((acquire_capability())) { mutex_.lock(); }
  // Unlocks.
  void Unlock() __attribute__((release_capability())) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds a Mutex for its scope.
class __attribute__((scoped_lockable)) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) __attribute__((acquire_capability(mutex))) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() __attribute__((release_capability())) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// A condition variable for Mutex. Every wait of the platform has a deadline.
class CondVar {
 public:
  // Waits until notified or `timeout_ms` milliseconds have passed; false where they have passed. Call in a
  // loop that checks the condition.
  bool WaitFor(Mutex& mutex, int64_t timeout_ms) HANGOU_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const auto result = condition_.wait_for(lock, std::chrono::milliseconds(timeout_ms));
    lock.release();
    return result == std::cv_status::no_timeout;
  }
  // Wakes one waiter.
  void NotifyOne() { condition_.notify_one(); }
  // Wakes all waiters.
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace hangou
