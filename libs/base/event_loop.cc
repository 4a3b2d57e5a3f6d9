#include "libs/base/event_loop.h"

#include <pthread.h>

#include <algorithm>

#include "libs/base/clock.h"

namespace hangou {

EventLoop::EventLoop(const std::string& name) {
  thread_ = std::thread([this] { Loop(); });
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

EventLoop::~EventLoop() { Stop(); }

void EventLoop::Post(std::function<void()> task) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  tasks_.push_back(std::move(task));
  wake_.NotifyOne();
}

void EventLoop::PostAfter(int64_t delay_ms, std::function<void()> task) {
  MutexLock lock(mutex_);
  if (stopping_) return;
  timers_.emplace(SystemClock().BootUs() + delay_ms * kUsPerMs, std::move(task));
  wake_.NotifyOne();
}

void EventLoop::Run(const std::function<void()>& task) {
  struct Shared {
    Mutex mutex;
    CondVar done_condition;
    bool done HANGOU_GUARDED_BY(mutex) = false;
  };
  // Shared with the task: the wait may end before the task does, when the loop is stopped.
  auto shared = std::make_shared<Shared>();
  Post([shared, task] {
    task();
    MutexLock lock(shared->mutex);
    shared->done = true;
    shared->done_condition.NotifyAll();
  });
  for (;;) {
    {
      MutexLock lock(shared->mutex);
      if (shared->done) return;
      shared->done_condition.WaitFor(shared->mutex, 100);
      if (shared->done) return;
    }
    MutexLock lock(mutex_);
    if (stopping_ && tasks_.empty()) return;
  }
}

void EventLoop::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
  MutexLock lock(mutex_);
  tasks_.clear();
  timers_.clear();
}

void EventLoop::Loop() {
  constexpr int64_t kIdleMs = 60'000;  // an upper bound of one wait; wake-ups come from Post
  for (;;) {
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      for (;;) {
        if (stopping_) return;
        const int64_t now_us = SystemClock().BootUs();
        while (!timers_.empty() && timers_.begin()->first <= now_us) {
          tasks_.push_back(std::move(timers_.begin()->second));
          timers_.erase(timers_.begin());
        }
        if (!tasks_.empty()) break;
        int64_t wait_ms = kIdleMs;
        if (!timers_.empty()) {
          wait_ms =
              std::clamp<int64_t>((timers_.begin()->first - now_us + kUsPerMs - 1) / kUsPerMs, 1, kIdleMs);
        }
        wake_.WaitFor(mutex_, wait_ms);
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace hangou
