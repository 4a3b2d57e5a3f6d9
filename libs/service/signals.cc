#include "libs/service/signals.h"

#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>

#include "libs/base/fault.h"
#include "libs/base/file.h"
#include "libs/base/limits.h"

namespace hangou {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

bool PrepareProcess() {
  // Standard output is for what a process tells whoever started it.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("hangou"));
  // Blocked in every thread that is started from here on: sigwait takes them.
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  if (const char* faults = std::getenv("HANGOU_FAULT"); faults != nullptr && !SetFaultsFromText(faults)) {
    std::fprintf(stderr, "error: HANGOU_FAULT is not understood; write PLACE=ERRNO\n");
    return false;
  }
  if (const int64_t files = RaiseOpenFileLimit(limits::kProcessFiles); files < limits::kProcessFiles) {
    spdlog::warn("the system allows {} open files; {} are needed under load: raise the limit (ulimit -Hn)",
                 files, limits::kProcessFiles);
  }
  return true;
}

void AwaitStop() {
  const sigset_t signals = StopSignals();
  int signal_number = 0;
  sigwait(&signals, &signal_number);
}

}  // namespace hangou
