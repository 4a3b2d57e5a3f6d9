// The process around a Standalone: signals, faults for tests, what operators see.
#include <spdlog/spdlog.h>

#include <cstdio>

#include "libs/base/status.h"
#include "libs/service/signals.h"
#include "services/standalone/standalone.h"

namespace hangou {

int RunStandalone(const StandaloneOptions& options) {
  if (!PrepareProcess()) return 2;
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
  if (const std::string metrics = (*started)->metrics_address(); !metrics.empty()) {
    std::printf("metrics: https://%s/metrics, for certificates of the role operator or service\n",
                metrics.c_str());
  }
  std::printf("contexts: %s/config.yaml (HANGOU_CONFIG)\n", options.data.c_str());
  std::fflush(stdout);
  AwaitStop();
  spdlog::info("draining");
  (*started)->Stop();
  return 0;
}

}  // namespace hangou
