// hangou standalone: all services in one process.
#include <cstdint>

#include "libs/flags/flags.h"
#include "services/standalone/standalone.h"
#include "tools/hangou/command.h"

namespace hangou {

void AddStandaloneCommand(Flags app, CommandLine* line) {
  struct StandaloneFlags {
    std::string data;
    std::string listen = "127.0.0.1:7443";
    std::string metrics_listen;
    uint64_t memory_mib = 1024;
  };
  auto flags = std::make_shared<StandaloneFlags>();
  const Flags command = app.Sub("standalone", "Run all services in one process, on the embedded log");
  command.Add("--data", &flags->data, "data folder; made at the first start").Required();
  command.Add("--listen", &flags->listen,
              "HOST:PORT of the listener; port 0 takes a free one; 127.0.0.1:7443");
  command.Add(
      "--metrics-listen", &flags->metrics_listen,
      "HOST:PORT where Prometheus scrapes it, with a certificate of the role operator or service; nowhere");
  command.Add("--memory-mib", &flags->memory_mib, "memory budget of the process in MiB; 1024")
      .Within(256, 1 << 20);
  command.Footer(
      "The first start makes a development CA and identities in the data folder, and contexts in "
      "DATA/config.yaml.\n"
      "SIGTERM or SIGINT ends it in order; what was acknowledged survives any other end.\n\n"
      "Example:\n"
      "  hangou standalone --data data\n"
      "  hangou --config data/config.yaml --context manager-1 apply -f examples/city/base");
  command.Callback([flags, line] {
    line->action = [flags]() -> absl::StatusOr<int> {
      StandaloneOptions options;
      options.data = flags->data;
      options.address = flags->listen;
      options.metrics_address = flags->metrics_listen;
      options.memory_bytes = flags->memory_mib << 20;
      return RunStandalone(options);
    };
  });
}

}  // namespace hangou
