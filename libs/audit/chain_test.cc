#include "libs/audit/chain.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <future>
#include <thread>

#include "libs/audit/chain_test_util.h"
#include "libs/base/fault.h"
#include "libs/base/tally.h"
#include "libs/base/temp_folder.h"

namespace hangou {
namespace {

TEST_CASE("A chain begins with its start and numbers its entries from 1") {
  const TempFolder folder;
  ManualClock clock;
  auto chain = AuditChain::Open(folder.path() + "/new", "population-1", clock);
  REQUIRE(chain.ok());
  AppendNumbered(**chain, 2, 3);
  const auto entries = ReadAll(**chain);
  REQUIRE(entries.size() == 3);
  REQUIRE(Parsed(entries[0]).action() == hangou::audit::v1::ACTION_START);
  for (uint64_t sequence = 1; sequence <= 3; ++sequence) {
    const auto entry = Parsed(entries[sequence - 1]);
    REQUIRE(entries[sequence - 1].sequence == sequence);
    REQUIRE(entry.sequence() == sequence);
    REQUIRE(entry.time_us() == clock.UtcUs());
    REQUIRE(entry.process() == "population-1");
  }
  REQUIRE(Parsed(entries[2]).subject() == "3");
}

TEST_CASE("A chain that is opened again goes on where it was") {
  const TempFolder folder;
  std::string head;
  {
    const auto chain = MustOpenChain(folder.path());
    AppendNumbered(*chain, 2, 10);
    head = ReadAll(*chain).back().hash;
  }
  const auto chain = MustOpenChain(folder.path());
  REQUIRE(chain->newest_sequence() == 11);
  const auto entries = ReadAll(*chain);
  REQUIRE(Parsed(entries[10]).action() == hangou::audit::v1::ACTION_START);
  REQUIRE(entries[10].hash == ChainHash(head, entries[10].entry));
  REQUIRE(FilesEnding(folder.path(), ".torn").empty());
}

TEST_CASE("A chain in use is not opened twice") {
  const TempFolder folder;
  const auto chain = MustOpenChain(folder.path());
  REQUIRE(ReasonOf(AuditChain::Open(folder.path(), "test", SystemClock()).status()) == Reason::kInternal);
}

TEST_CASE("Pages are read from any sequence") {
  const TempFolder folder;
  const auto chain = MustOpenChain(folder.path());
  Tally durable;
  for (uint64_t number = 2; number <= 1000; ++number) {
    chain->Append(NumberedEntry(number),
                  [&](const absl::Status& status) { durable.Add(status.ok() ? 1 : 0); });
  }
  REQUIRE(durable.Reaches(999));
  for (const uint64_t from : {1, 2, 255, 256, 257, 512, 700, 1000}) {
    const auto page = chain->Read(from, 5).value();
    REQUIRE(page.size() == std::min<uint64_t>(5, 1001 - from));
    for (size_t i = 0; i < page.size(); ++i) REQUIRE(page[i].sequence == from + i);
  }
  REQUIRE(chain->Read(1001, 5).value().empty());
  REQUIRE(chain->Read(0, 5).value().empty());
  REQUIRE(chain->Read(1, 0).value().empty());
}

TEST_CASE("Entries of each caller keep their order, and their callbacks too, under group commit") {
  const TempFolder folder;
  const auto chain = MustOpenChain(folder.path());
  constexpr int kCallers = 4;
  constexpr int kEntries = 500;
  std::vector<int> called[kCallers];  // by the flusher thread alone, until all have come
  Tally answered;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int number = 0; number < kEntries; ++number) {
        auto entry = NumberedEntry(static_cast<uint64_t>(number));
        entry.set_caller(std::to_string(caller));
        chain->Append(std::move(entry), [&, caller, number](const absl::Status& status) {
          if (status.ok()) called[caller].push_back(number);
          answered.Add();
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  REQUIRE(answered.Reaches(kCallers * kEntries));
  int next[kCallers] = {};
  for (const StoredAuditEntry& stored : ReadAll(*chain)) {
    const auto entry = Parsed(stored);
    if (entry.action() == hangou::audit::v1::ACTION_START) continue;
    const int caller = std::stoi(entry.caller());
    REQUIRE(entry.subject() == std::to_string(next[caller]++));
  }
  for (int caller = 0; caller < kCallers; ++caller) {
    REQUIRE(next[caller] == kEntries);
    REQUIRE(called[caller].size() == kEntries);
    REQUIRE(std::is_sorted(called[caller].begin(), called[caller].end()));
  }
}

TEST_CASE("What waits is written before the chain closes") {
  const TempFolder folder;
  Tally durable;
  {
    const auto chain = MustOpenChain(folder.path());
    for (uint64_t number = 2; number <= 101; ++number) {
      chain->Append(NumberedEntry(number),
                    [&](const absl::Status& status) { durable.Add(status.ok() ? 1 : 0); });
    }
  }
  REQUIRE(durable.Get() == 100);
  REQUIRE(MustOpenChain(folder.path())->newest_sequence() == 102);
}

TEST_CASE("Without room entries are refused, the chain stays as it was, and goes on when there is room") {
  const TempFolder folder;
  {
    const auto chain = MustOpenChain(folder.path());
    AppendNumbered(*chain, 2, 5);
    SetFault(FaultPoint::kAuditWrite, ENOSPC);
    const absl::Status first = chain->AppendAndWait(NumberedEntry(666));
    const absl::Status second = chain->AppendAndWait(NumberedEntry(667));
    SetFault(FaultPoint::kAuditWrite, 0);
    REQUIRE(ReasonOf(first) == Reason::kAuditUnavailable);
    REQUIRE(ReasonOf(second) == Reason::kAuditUnavailable);
    REQUIRE(chain->newest_sequence() == 5);
    REQUIRE(ReadAll(*chain).size() == 5);
    AppendNumbered(*chain, 6, 7);
  }
  const auto chain = MustOpenChain(folder.path());
  const auto entries = ReadAll(*chain);
  REQUIRE(entries.size() == 8);
  for (uint64_t number = 2; number <= 7; ++number) {
    REQUIRE(Parsed(entries[number - 1]).subject() == std::to_string(number));
  }
  REQUIRE(FilesEnding(folder.path(), ".torn").empty());
}

TEST_CASE("A new chain without room does not open, and opens when there is room") {
  const TempFolder folder;
  SetFault(FaultPoint::kAuditWrite, ENOSPC);
  const auto refused = AuditChain::Open(folder.path(), "test", SystemClock());
  SetFault(FaultPoint::kAuditWrite, 0);
  REQUIRE(ReasonOf(refused.status()) == Reason::kAuditUnavailable);
  REQUIRE(MustOpenChain(folder.path())->newest_sequence() == 1);
}

TEST_CASE("An entry that is too large or no text is refused and leaves no gap") {
  const TempFolder folder;
  const auto chain = MustOpenChain(folder.path());
  auto large = NumberedEntry(1);
  large.set_note(std::string(300 << 10, 'n'));
  REQUIRE(ReasonOf(chain->AppendAndWait(large)) == Reason::kAuditUnavailable);
  auto binary = NumberedEntry(1);
  binary.add_decided_by("\xff");
  REQUIRE(ReasonOf(chain->AppendAndWait(binary)) == Reason::kAuditUnavailable);
  AppendNumbered(*chain, 2, 2);
  REQUIRE(ReadAll(*chain).size() == 2);
}

TEST_CASE("More than the queue holds is refused at once, and what was taken becomes durable") {
  const TempFolder folder;
  const auto chain = MustOpenChain(folder.path());
  std::promise<void> release;
  Tally holding;
  chain->Append(NumberedEntry(2), [&, held = release.get_future().share()](const absl::Status&) {
    holding.Add();
    held.wait();
  });
  REQUIRE(holding.Reaches(1));
  Tally taken;
  int refused = 0;
  for (int number = 0; number < 40'000; ++number) {
    const auto caller = std::this_thread::get_id();
    chain->Append(NumberedEntry(3), [&, caller](const absl::Status& status) {
      if (std::this_thread::get_id() != caller) {
        taken.Add(status.ok() ? 1 : 0);
      } else if (ReasonOf(status) == Reason::kAuditUnavailable) {
        ++refused;
      }
    });
  }
  release.set_value();
  REQUIRE(refused > 0);
  REQUIRE(taken.Reaches(40'000 - refused));
  REQUIRE(chain->newest_sequence() == static_cast<uint64_t>(2 + taken.Get()));
}

TEST_CASE("A chain goes over several segments") {
  const TempFolder folder;
  {
    const auto chain = MustOpenChain(folder.path());
    auto large = NumberedEntry(0);
    large.set_note(std::string(200 << 10, 'n'));
    Tally durable;
    for (int bunch = 0; bunch < 20; ++bunch) {
      for (int number = 0; number < 20; ++number) {
        chain->Append(large, [&](const absl::Status& status) { durable.Add(status.ok() ? 1 : 0); });
      }
      REQUIRE(durable.Reaches(20 * (bunch + 1)));
    }
    REQUIRE(ReadAll(*chain).size() == 401);
  }
  REQUIRE(FilesEnding(folder.path(), ".audit").size() == 2);
  const auto chain = MustOpenChain(folder.path());
  const auto entries = ReadAll(*chain);
  REQUIRE(entries.size() == 402);
  const auto page = chain->Read(300, 60).value();
  REQUIRE(page.size() == 60);
  for (size_t i = 0; i < page.size(); ++i) REQUIRE(page[i].sequence == 300 + i);
}

}  // namespace
}  // namespace hangou
