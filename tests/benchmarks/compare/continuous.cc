// compare.continuous: from the acknowledgement of a record to its clue at a client, while records come at a rate.
#include <algorithm>
#include <cstdio>
#include <map>
#include <thread>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/client/comparison_calls.h"
#include "libs/schema/owner.h"
#include "tests/benchmarks/compare/companies.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/comparisons.h"
#include "tests/benchmarks/compare/installation.h"
#include "tests/benchmarks/compare/publish_load.h"
#include "tests/benchmarks/figures.h"

namespace hangou {
namespace {

namespace rules = hangou::comparison::v1;

constexpr char kFollowedRule[] = "rules/t24_tax_registration";
// What is asked for: a clue within a second, at so many records a second.
constexpr double kWantedMs = 1'000;
constexpr double kRecordsPerSecond = 2'000;
// One company in so many has not registered.
constexpr int64_t kUnregisteredEvery = 100;
constexpr int kDaysAgo = 90;
constexpr int kPreloadStreams = 2;
// What a clue is waited for behind the last acknowledgement.
constexpr int64_t kMostWaitMs = 60'000;
// Behind the runs the rate is doubled so many times, for some seconds each, or until a second is not kept.
constexpr int kDoublings = 3;
constexpr int64_t kSecondsPerRate = 5;

// When clues were told, by subject. Thread-safe.
class ToldClues {
 public:
  void Tell(const rules::WatchCluesResponse& clues) {
    const int64_t now_us = SystemClock().BootUs();
    MutexLock lock(mutex_);
    for (const rules::Clue& clue : clues.clues()) told_us_.try_emplace(clue.subject(), now_us);
    told_.NotifyAll();
  }
  // Waits until each of these was told; the instants of all.
  std::map<std::string, int64_t> Await(const std::map<std::string, int64_t>& wanted) {
    const int64_t deadline_us = SystemClock().BootUs() + kMostWaitMs * kUsPerMs;
    const auto is_told = [this](const auto& one)
                             HANGOU_REQUIRES(mutex_) { return told_us_.contains(one.first); };
    MutexLock lock(mutex_);
    while (!std::all_of(wanted.begin(), wanted.end(), is_told) && SystemClock().BootUs() < deadline_us)
      told_.WaitFor(mutex_, 100);
    return told_us_;
  }

 private:
  Mutex mutex_;
  CondVar told_;
  std::map<std::string, int64_t> told_us_ HANGOU_GUARDED_BY(mutex_);
};

// Clues of a rule as they are told, from now on.
class ClueStream {
 public:
  ClueStream(std::unique_ptr<Client> client, const std::string& after_run)
      : client_(std::move(client)), reader_([this, after_run] {
          rules::WatchCluesRequest request;
          request.set_rule(kFollowedRule);
          request.set_after_run(after_run);
          ended_ = ComparisonCalls(*client_).WatchClues(request, &stop_, [this](const auto& clues) {
            told_.Tell(clues);
            return true;
          });
        }) {}
  ~ClueStream() {
    stop_.Stop();
    reader_.join();
    if (!ended_.ok())
      std::printf("the stream of clues has ended: %s\n", std::string(Message(ended_)).c_str());
  }

  ToldClues& told() { return told_; }

 private:
  std::unique_ptr<Client> client_;
  StreamStop stop_;
  ToldClues told_;
  absl::Status ended_;
  std::thread reader_;  // last: it uses the others
};

struct Delays {
  double records_per_second = 0;
  double cpu_share = 0;  // of a core, that the comparison takes meanwhile
  std::vector<int64_t> us;
};

class ContinuousRuns {
 public:
  ContinuousRuns(const Installation& installation, Client& client,
                 std::shared_ptr<const ResourceSchema> enterprises,
                 std::shared_ptr<const ResourceSchema> registrations, int pid)
      : installation_(installation),
        client_(client),
        enterprises_(std::move(enterprises)),
        registrations_(std::move(registrations)),
        day_(DayInChina(SystemClock().UtcUs()) - kDaysAgo),
        pid_(pid) {}

  // Companies that have registered but for some of them come at a rate.
  absl::StatusOr<Delays> RunAt(int64_t count, double records_per_second) {
    std::vector<hangou::record::v1::Record> registrations, enterprises;
    for (int64_t i = 0; i < count; ++i, ++next_) {
      enterprises.push_back(EnterpriseRecord(*enterprises_, next_, day_));
      if (next_ % kUnregisteredEvery != 0)
        registrations.push_back(RegistrationRecord(*registrations_, next_, day_));
    }
    RETURN_IF_ERROR(PublishAll(installation_, {"tax-publisher", kRegistrations, "tax"},
                               std::move(registrations), kPreloadStreams)
                        .status());
    rules::FollowRuleRequest follow;
    follow.set_rule(kFollowedRule);
    ASSIGN_OR_RETURN(const rules::Run run, ComparisonCalls(client_).Follow(follow));
    ASSIGN_OR_RETURN(auto watching, installation_.Connect("tax-consumer"));
    ClueStream stream(std::move(watching), run.name());
    std::map<std::string, int64_t> acknowledged_us;
    const int64_t before_us = CpuUsOf(pid_);
    const Stopwatch watch;
    ASSIGN_OR_RETURN(
        const AckFigures acks,
        PublishAtRate(installation_, {"scjg-publisher", kEnterprises, "legal_entity"}, std::move(enterprises),
                      records_per_second,
                      [&](const hangou::base_library::v1::PublishRequest& batch, int64_t boot_us) {
                        NoteUnregistered(batch, boot_us, &acknowledged_us);
                      }));
    const auto told_us = stream.told().Await(acknowledged_us);
    Delays delays;
    delays.records_per_second = acks.per_second;
    delays.cpu_share = static_cast<double>(CpuUsOf(pid_) - before_us) / (watch.Seconds() * kUsPerSecond);
    for (const auto& [subject, boot_us] : acknowledged_us) {
      const auto told = told_us.find(subject);
      if (told == told_us.end()) return absl::InternalError("a clue was not told within a minute");
      delays.us.push_back(std::max<int64_t>(0, told->second - boot_us));
    }
    expected_ += static_cast<int64_t>(acknowledged_us.size());
    RETURN_IF_ERROR(CheckClues());
    return delays;
  }

 private:
  // All that there are, and no others.
  absl::Status CheckClues() {
    rules::ListCluesRequest request;
    request.set_rule(kFollowedRule);
    request.set_page_size(1);
    ASSIGN_OR_RETURN(const auto page, ComparisonCalls(client_).ListClues(request));
    if (page.total_size() == expected_) return absl::OkStatus();
    return absl::InternalError("there are " + std::to_string(page.total_size()) + " clues, and not " +
                               std::to_string(expected_));
  }
  void NoteUnregistered(const hangou::base_library::v1::PublishRequest& batch, int64_t boot_us,
                        std::map<std::string, int64_t>* acknowledged_us) const {
    for (const auto& record : batch.records()) {
      const std::string code(OwnerText(*enterprises_, record.payload()).value_or(""));
      // The organisation's number in it, without its check character.
      const int64_t number = std::stoll(code.substr(8, 8));
      if (number % kUnregisteredEvery == 0) (*acknowledged_us)[code] = boot_us;
    }
  }

  const Installation& installation_;
  Client& client_;
  const std::shared_ptr<const ResourceSchema> enterprises_;
  const std::shared_ptr<const ResourceSchema> registrations_;
  const int32_t day_;
  const int pid_;
  int64_t next_ = 1;
  int64_t expected_ = 0;  // clues so far
};

double MsAt(std::vector<int64_t>& us, double share) {
  return static_cast<double>(Quantile(us, share)) / static_cast<double>(kUsPerMs);
}

void PrintDelays(Delays& delays) {
  std::printf(
      "%.0f records/s acknowledged, %zu clues: p50 %.0f ms, p99 %.0f ms, the last %.0f ms; comparison takes "
      "%.0f %% of a core\n",
      delays.records_per_second, delays.us.size(), MsAt(delays.us, 0.5), MsAt(delays.us, 0.99),
      MsAt(delays.us, 1), 100 * delays.cpu_share);
  std::fflush(stdout);
}

}  // namespace

absl::Status CompareContinuous(const CompareOptions& options) {
  ASSIGN_OR_RETURN(const Installation installation, Installation::Open(options.cluster));
  ASSIGN_OR_RETURN(const auto client, installation.Connect("tax-consumer"));
  ASSIGN_OR_RETURN(const auto enterprises, client->Schema(kEnterprises));
  ASSIGN_OR_RETURN(const auto registrations, client->Schema(kRegistrations));
  ASSIGN_OR_RETURN(const int pid, installation.PidOf("comparison-0"));
  ContinuousRuns runs(installation, *client, enterprises, registrations, pid);
  const auto measure = [&](int64_t count, double rate) -> absl::StatusOr<Delays> {
    ASSIGN_OR_RETURN(Delays delays, runs.RunAt(count, rate));
    PrintDelays(delays);
    return delays;
  };
  // Connections and caches.
  RETURN_IF_ERROR(
      measure(static_cast<int64_t>(kRecordsPerSecond) * kSecondsPerRate, kRecordsPerSecond).status());
  std::vector<double> p99_ms;
  for (int run = 0; run < options.runs; ++run) {
    ASSIGN_OR_RETURN(Delays delays, measure(options.records, kRecordsPerSecond));
    p99_ms.push_back(MsAt(delays.us, 0.99));
  }
  double rate = kRecordsPerSecond;
  for (int step = 0; step < kDoublings; ++step) {
    rate *= 2;
    ASSIGN_OR_RETURN(Delays delays, measure(static_cast<int64_t>(rate) * kSecondsPerRate, rate));
    if (MsAt(delays.us, 0.99) > kWantedMs) break;
  }
  const std::vector<double> wanted(p99_ms.size(), kWantedMs);
  std::printf("%s\n", LessIsBetterLine("compare.continuous.second", p99_ms, wanted, "ms").c_str());
  return absl::OkStatus();
}

}  // namespace hangou
