#include "tools/hangou/agent.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "tools/hangou/agent_source.h"

namespace hangou {
namespace {

constexpr int64_t kFirstRetryMs = 1000;
constexpr int64_t kLongestRetryMs =
    60'000;  // a department's officer sees within a minute that it works again
constexpr int64_t kStatusEveryMs = 10'000;
// A status that was not renewed for so long is of an agent that hangs, or whose platform has not answered since.
constexpr int64_t kStatusAgeUs = 60 * kUsPerSecond;
constexpr size_t kStatusBytes = 1 << 20;

// An error may name a file, and its name be no UTF-8.
std::string TextOf(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// The state folder's lock, held as long as this lives, also through a crash of the process.
class AgentLock {
 public:
  explicit AgentLock(const std::string& state)
      : file_(::open((state + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}
  ~AgentLock() {
    if (file_ >= 0) ::close(file_);
  }
  AgentLock(const AgentLock&) = delete;
  AgentLock& operator=(const AgentLock&) = delete;
  bool Take() const { return file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) == 0; }

 private:
  const int file_;
};

// SIGTERM and SIGINT, which are blocked: taken here and nowhere else.
class StopWatch {
 public:
  // Waits, at most so long; true where the agent is to stop.
  bool Wait(int64_t wait_ms) {
    if (stopped_) return true;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    const timespec wait{wait_ms / 1000, wait_ms % 1000 * 1'000'000};
    stopped_ = ::sigtimedwait(&signals, nullptr, &wait) > 0;
    return stopped_;
  }

 private:
  bool stopped_ = false;
};

// A source, when it is next looked at, and how it goes.
struct Scheduled {
  std::unique_ptr<AgentSource> source;
  int64_t due_ms;
  int64_t retry_ms;
  std::string error;
};

class Agent {
 public:
  Agent(Client& client, const AgentConfig& config)
      : client_(client), status_path_(config.state + "/status.json") {
    for (const DropFolder& folder : config.folders) Add(MakeFolderSource(folder));
    for (const PolledQuery& query : config.queries) Add(MakeQuerySource(query, config.state));
  }

  absl::Status Run() {
    while (true) {
      RETURN_IF_ERROR(WriteStatus("running"));
      int64_t next_ms = NowBootMs() + kStatusEveryMs;
      for (Scheduled& scheduled : sources_) {
        if (scheduled.due_ms <= NowBootMs()) WorkOn(scheduled);
        next_ms = std::min(next_ms, scheduled.due_ms);
      }
      if (stop_.Wait(std::max<int64_t>(next_ms - NowBootMs(), 0))) break;
    }
    return WriteStatus("stopped");
  }

 private:
  static int64_t NowBootMs() { return SystemClock().BootUs() / kUsPerMs; }

  void Add(std::unique_ptr<AgentSource> source) {
    sources_.push_back({std::move(source), 0, kFirstRetryMs, {}});
  }

  void WorkOn(Scheduled& scheduled) {
    const absl::StatusOr<bool> more = scheduled.source->Work(client_, [this] {
      if (NowBootMs() - written_ms_ >= kStatusEveryMs) RenewStatus();
      return stop_.Wait(0);
    });
    if (more.ok()) {
      scheduled.error.clear();
      scheduled.retry_ms = kFirstRetryMs;
      scheduled.due_ms = NowBootMs() + (*more ? 0 : scheduled.source->rest_ms());
      return;
    }
    if (ReasonOf(more.status()) == Reason::kDraining && stop_.Wait(0)) return;
    scheduled.error = std::string(Message(more.status()));
    scheduled.due_ms = NowBootMs() + scheduled.retry_ms;
    scheduled.retry_ms = std::min(2 * scheduled.retry_ms, kLongestRetryMs);
  }

  // In the middle of a long file or page. An error comes again, and is told, where the work is done.
  void RenewStatus() {
    const absl::Status renewed = WriteStatus("running");
    if (!renewed.ok()) written_ms_ = NowBootMs();
  }

  absl::Status WriteStatus(const std::string& state) {
    nlohmann::ordered_json json = {
        {"state", state}, {"pid", ::getpid()}, {"sources", nlohmann::ordered_json::array()}};
    for (const Scheduled& scheduled : sources_) {
      const AgentCounts& counts = scheduled.source->counts();
      json["sources"].push_back({{"name", scheduled.source->name()},
                                 {"files_done", counts.files_done},
                                 {"files_failed", counts.files_failed},
                                 {"rows", counts.rows},
                                 {"refused", counts.refused},
                                 {"error", scheduled.error}});
    }
    const std::string text = TextOf(json);
    if (text == written_ && NowBootMs() - written_ms_ < kStatusEveryMs) return absl::OkStatus();
    json["time"] = FormatInstant(SystemClock().UtcUs());
    RETURN_IF_ERROR(WriteFileDurably(status_path_, TextOf(json) + "\n", 0644));
    written_ = text;
    written_ms_ = NowBootMs();
    return absl::OkStatus();
  }

  Client& client_;
  const std::string status_path_;
  std::vector<Scheduled> sources_;
  StopWatch stop_;
  std::string written_;
  int64_t written_ms_ = 0;
};

}  // namespace

absl::Status RunAgent(Client& client, const AgentConfig& config) {
  RETURN_IF_ERROR(MakeFolders(config.state));
  const AgentLock lock(config.state);
  if (!lock.Take())
    return MakeError(Reason::kInvalidRequest, "another agent works on the state folder " + config.state);
  return Agent(client, config).Run();
}

absl::StatusOr<AgentHealth> HealthOfAgent(const AgentConfig& config) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(config.state + "/status.json", kStatusBytes));
  auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return MakeError(Reason::kDataLoss, "the status file of the agent is damaged");
  AgentHealth health;
  health.well = true;
  if (AgentLock(config.state).Take()) {
    if (json.value("state", "") == "running") json["state"] = "died";
    health.well = false;
  }
  const auto time = json.value("time", "");
  const std::optional<int64_t> time_us = ParseInstant(time);
  if (!time_us || SystemClock().UtcUs() - *time_us > kStatusAgeUs) health.well = false;
  for (const auto& source : json.value("sources", nlohmann::ordered_json::array())) {
    if (!source.value("error", "").empty()) health.well = false;
  }
  health.json = TextOf(json);
  return health;
}

}  // namespace hangou
