#include "tests/benchmarks/shipping.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "libs/audit/chain.h"
#include "libs/audit_topic/shipper.h"
#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/tally.h"
#include "libs/base/temp_folder.h"
#include "libs/log/embedded_log.h"
#include "services/audit/audit_indexer.h"

namespace hangou {
namespace {

// Entries are appended in steps of so long, and at most so many wait for the disk.
constexpr auto kStep = std::chrono::milliseconds(5);
constexpr int64_t kWaitingEntries = 4096;

hangou::audit::v1::Entry NamedRead(int64_t number) {
  hangou::audit::v1::Entry entry;
  entry.set_action(hangou::audit::v1::ACTION_READ);
  entry.set_allowed(true);
  entry.set_caller("tax");
  entry.set_role("consumer");
  entry.set_workload("main");
  entry.set_purpose("tax_risk");
  entry.set_subject("resources/psb.resident");
  entry.set_epoch(7);
  entry.set_records(1);
  std::string digits = std::to_string(number % 1'000'000);
  digits.insert(0, 32 - digits.size(), '0');
  entry.add_entity_hashes("k00000000:" + digits);
  return entry;
}

// Nanoseconds of a core that each thread of this process has taken, by name.
std::map<std::string, int64_t> ThreadTimes() {
  std::map<std::string, int64_t> times;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", error)) {
    std::ifstream comm(task.path() / "comm");
    std::ifstream schedstat(task.path() / "schedstat");
    std::string name;
    int64_t ran_ns = 0;
    if (std::getline(comm, name) && schedstat >> ran_ns) times[name] += ran_ns;
  }
  return times;
}

// Appends at a rate until the time is over; the greatest lag seen.
ShipLag AppendAtRate(AuditChain& chain, const AuditShipper& shipper, int rate, double seconds,
                     Tally* answered, int64_t* appended) {
  ShipLag worst;
  const int64_t begin_us = SystemClock().BootUs();
  for (int64_t now_us = begin_us; now_us - begin_us < static_cast<int64_t>(seconds * kUsPerSecond);
       now_us = SystemClock().BootUs()) {
    const int64_t due = rate == 0 ? *appended + kWaitingEntries / 4
                                  : (now_us - begin_us) * rate / static_cast<int64_t>(kUsPerSecond);
    for (; *appended < due; ++*appended) {
      chain.Append(NamedRead(*appended), [answered](const absl::Status&) { answered->Add(); });
      if (*appended % 256 == 0) answered->Reaches(*appended - kWaitingEntries);
    }
    const ShipLag lag = shipper.lag();
    worst.entries = std::max(worst.entries, lag.entries);
    worst.age_us = std::max(worst.age_us, lag.age_us);
    if (rate != 0) std::this_thread::sleep_for(kStep);  // waits: entries come at a rate
  }
  return worst;
}

}  // namespace

absl::StatusOr<std::string> MeasureShipping(int rate, double seconds, bool indexed) {
  const TempFolder folder;
  const KeyRing keys = KeyRing::ForTest();
  ASSIGN_OR_RETURN(const auto log, EmbeddedLog::Open(folder.path() + "/log", SystemClock()));
  ASSIGN_OR_RETURN(const auto chain, AuditChain::Open(folder.path() + "/audit", "bench", SystemClock()));
  ASSIGN_OR_RETURN(const auto shipper, AuditShipper::Start(*chain, *log, {folder.path() + "/shipped"}));
  AuditIndexer indexer({folder.path() + "/view", MakeStoreBudget(256 << 20)}, *log, keys, SystemClock());
  if (indexed) indexer.Start();
  const std::map<std::string, int64_t> before = ThreadTimes();
  const int64_t begin_us = SystemClock().BootUs();
  Tally answered;
  int64_t appended = 0;
  const ShipLag worst = AppendAtRate(*chain, *shipper, rate, seconds, &answered, &appended);
  if (!answered.Reaches(appended)) return MakeError(Reason::kAuditUnavailable, "the chain does not answer");
  const double elapsed_ns = static_cast<double>(SystemClock().BootUs() - begin_us) * 1000;
  std::ostringstream line;
  line << "shipping per_second=" << static_cast<int64_t>(static_cast<double>(appended) * 1e9 / elapsed_ns)
       << " lag_entries_max=" << worst.entries << " lag_ms_max=" << worst.age_us / kUsPerMs << " cores";
  for (const auto& [name, ran_ns] : ThreadTimes()) {
    const auto found = before.find(name);
    const double share =
        static_cast<double>(ran_ns - (found == before.end() ? 0 : found->second)) / elapsed_ns;
    if (share >= 0.001) line << " " << name << "=" << std::round(share * 1000) / 1000;
  }
  shipper->Stop(0);
  indexer.Stop();
  return line.str();
}

}  // namespace hangou
