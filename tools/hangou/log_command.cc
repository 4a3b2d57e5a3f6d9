// hangou log: moves an installation from one machine to brokers.
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "libs/log/embedded_log.h"
#include "libs/log/kafka_log.h"
#include "libs/log/log_copy.h"
#include "libs/service/settings.h"
#include "tools/hangou/command.h"
#include "tools/hangou/progress.h"

namespace hangou {
namespace {

absl::StatusOr<int> Copy(const std::string& data, const std::string& settings_file) {
  ASSIGN_OR_RETURN(ServiceSettings settings, LoadServiceSettings(settings_file));
  if (settings.kafka.identity_folder.empty()) settings.kafka.identity_folder = settings.identity;
  ASSIGN_OR_RETURN(const auto from, EmbeddedLog::Open(data + "/log", SystemClock()));
  settings.kafka.log_id = from->log_id();
  ASSIGN_OR_RETURN(const auto to, KafkaLog::Open(settings.kafka));
  Progress progress("reading", "entries");
  const auto copied = CopyLog(*from, from->Topics(), *to,
                              [&](int64_t entries) { progress.Show(static_cast<uint64_t>(entries), 0); });
  progress.Clear();
  RETURN_IF_ERROR(copied.status());
  RETURN_IF_ERROR(from->Retire(settings.kafka.bootstrap_servers));
  Print(std::to_string(copied->entries) + " entries copied, " + std::to_string(copied->skipped) +
        " were there; the log on this machine is closed for good\n");
  return kExitDone;
}

}  // namespace

void AddLogCommand(Flags app, CommandLine* line) {
  const Flags command = app.Sub("log", "Move the log of a standalone installation to Kafka brokers");
  command.NeedsSub();
  struct LogFlags {
    std::string data;
    std::string settings;
  };
  auto flags = std::make_shared<LogFlags>();
  const Flags copy =
      command.Sub("copy", "Copy all topics, entry by entry at the same offsets; can be repeated");
  copy.Add("--data", &flags->data, "data folder of `hangou standalone`, which must not run").Required();
  copy.Add("--settings", &flags->settings,
           "settings of a service that may write there, such as the catalog's")
      .Required();
  copy.Footer(
      "Positions and tokens stay good: the log keeps its identity. Views are built anew by the services; "
      "take the key\n"
      "ring along, and DATA/local as the folder `local` of the exchange's data for the cursors of "
      "subscriptions.\n\n"
      "Example:\n"
      "  hangou log copy --data city-data --settings cluster-data/settings/catalog-0.yaml");
  copy.Callback([flags, line] { line->action = [flags] { return Copy(flags->data, flags->settings); }; });
}

}  // namespace hangou
