// Ctrl-C at a command that has something to end first.
#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <thread>

namespace hangou {

// Takes SIGINT while it lives. The first calls `interrupted` on a thread of its own; the next ends the process as ever.
// Made before any other thread is, so that none of them gets the signal.
class Interrupt {
 public:
  explicit Interrupt(std::function<void()> interrupted);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Whether the first has come. Thread-safe.
  bool happened() const { return state_ == State::kHappened; }

 private:
  enum class State { kWaiting, kHappened, kOver };

  void Wait();

  const std::function<void()> interrupted_;
  sigset_t before_;
  std::atomic<State> state_ = State::kWaiting;
  std::thread thread_;
};

}  // namespace hangou
