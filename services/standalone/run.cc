// The process around a Standalone: signals, faults for tests, what operators see.
#include <signal.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>

#include "libs/base/fault.h"
#include "libs/base/file.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "services/standalone/standalone.h"

namespace hangou {

int RunStandalone(const StandaloneOptions& options) {
  // Blocked in every thread that is started from here on: sigwait below takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  if (const char* faults = std::getenv("HANGOU_FAULT"); faults != nullptr && !SetFaultsFromText(faults)) {
    std::fprintf(stderr, "error: HANGOU_FAULT is not understood; write PLACE=ERRNO\n");
    return 2;
  }
  if (const int64_t files = RaiseOpenFileLimit(limits::kProcessFiles); files < limits::kProcessFiles) {
    spdlog::warn("the system allows {} open files; {} are needed under load: raise the limit (ulimit -Hn)",
                 files, limits::kProcessFiles);
  }
  auto started = Standalone::Start(options);
  if (!started.ok()) {
    const auto reason = ReasonOf(started.status()).value_or(Reason::kInternal);
    std::fprintf(stderr, "error: %s\nreason: %s: %s\n", std::string(Message(started.status())).c_str(),
                 std::string(ReasonName(reason)).c_str(), std::string(ReasonAdvice(reason)).c_str());
    return 1;
  }
  for (const std::string& line : (*started)->degraded()) spdlog::error("does not serve: {}", line);
  std::printf("hangou standalone: serving on %s, data in %s, memory budget %zu MiB\n",
              (*started)->address().c_str(), options.data.c_str(), options.memory_bytes >> 20);
  std::printf("contexts: %s/config.yaml (HANGOU_CONFIG)\n", options.data.c_str());
  std::fflush(stdout);
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  spdlog::info("draining");
  (*started)->Stop();
  return 0;
}

}  // namespace hangou
