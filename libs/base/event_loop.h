// A single-threaded loop: runs posted tasks in order. The driver of partition groups and streams.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "libs/base/mutex.h"

namespace hangou {

// Runs tasks one after the other on a thread of its own. Thread-safe. Tasks must not block on other tasks of
// the same loop. Destruction stops the thread; tasks that were not begun are dropped, so owners stop what
// posts to the loop first.
class EventLoop {
 public:
  // Starts the thread; `name` (at most 15 characters) shows in process listings.
  explicit EventLoop(const std::string& name);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `task` on the loop's thread, behind those posted before.
  void Post(std::function<void()> task);
  // Runs `task` after at least `delay_ms` milliseconds.
  void PostAfter(int64_t delay_ms, std::function<void()> task);
  // Runs `task` on the loop's thread and waits until it has run. Not from the loop's own thread.
  void Run(const std::function<void()>& task);
  // Stops the thread after the task that is running; idempotent. What is posted later is dropped.
  void Stop();

 private:
  void Loop();

  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> tasks_ HANGOU_GUARDED_BY(mutex_);
  std::multimap<int64_t, std::function<void()>> timers_ HANGOU_GUARDED_BY(mutex_);  // by boot time in us
  bool stopping_ HANGOU_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace hangou
