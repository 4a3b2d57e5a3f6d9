#include "tools/hangou/interrupt.h"

#include <utility>

namespace hangou {
namespace {

sigset_t OnlyInterrupt() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

Interrupt::Interrupt(std::function<void()> interrupted) : interrupted_(std::move(interrupted)) {
  const sigset_t signals = OnlyInterrupt();
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
  thread_ = std::thread([this] { Wait(); });
}

Interrupt::~Interrupt() {
  // Wakes the thread; where the signal has come already, it must get no other.
  State waiting = State::kWaiting;
  if (state_.compare_exchange_strong(waiting, State::kOver)) pthread_kill(thread_.native_handle(), SIGINT);
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupt::Wait() {
  const sigset_t signals = OnlyInterrupt();
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  State waiting = State::kWaiting;
  if (!state_.compare_exchange_strong(waiting, State::kHappened)) return;
  // From here on another one ends the process, through this thread.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  interrupted_();
}

}  // namespace hangou
