// The chain in processes that die.
#include <signal.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <random>

#include "libs/audit/chain_test_util.h"
#include "libs/base/fault.h"
#include "libs/base/tally.h"
#include "libs/base/temp_folder.h"
#include "libs/base/test_child.h"

namespace hangou {
namespace {

TEST_CASE("Appends until killed", "[.audit_writer_child]") {
  const auto chain = MustOpenChain(TestChild::Argument());
  Tally answered;
  for (int64_t number = 1;; ++number) {
    REQUIRE(answered.Reaches(number - 64));
    chain->Append(NumberedEntry(static_cast<uint64_t>(number)),
                  [&answered, number](const absl::Status& status) {
                    if (status.ok()) TestChild::Tell(std::to_string(number));
                    answered.Add();
                  });
  }
}

// Numbers in the subjects of a chain's entries, in the order of the chain.
std::vector<uint64_t> NumbersIn(const AuditChain& chain) {
  std::vector<uint64_t> numbers;
  for (const StoredAuditEntry& stored : ReadAll(chain)) {
    const auto entry = Parsed(stored);
    if (entry.action() != hangou::audit::v1::ACTION_START) numbers.push_back(std::stoull(entry.subject()));
  }
  return numbers;
}

TEST_CASE("After SIGKILL every acknowledged entry is in the chain, once, and it goes on") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const TempFolder folder;
  size_t entries_before = 0;
  for (int round = 0; round < 4; ++round) {
    TestChild child("audit_writer_child", folder.path());
    uint64_t acknowledged = 0;
    for (uint32_t line = 1 + random() % 2000; line > 0; --line)
      acknowledged = std::stoull(child.NextLine().value());
    child.Kill();
    while (const auto line = child.NextLine()) acknowledged = std::stoull(*line);

    const std::vector<uint64_t> numbers = NumbersIn(*MustOpenChain(folder.path()));
    REQUIRE(numbers.size() >= entries_before + acknowledged);
    for (size_t i = entries_before; i < numbers.size(); ++i) REQUIRE(numbers[i] == i - entries_before + 1);
    entries_before = numbers.size();
  }
}

TEST_CASE("Appends to a disk that does not sync", "[.audit_sync_child]") {
  const auto chain = MustOpenChain(TestChild::Argument());
  AppendNumbered(*chain, 2, 4);
  TestChild::Tell("4");
  SetFault(FaultPoint::kAuditSync, EIO);
  chain->Append(NumberedEntry(5), [](const absl::Status&) { TestChild::Tell("answered"); });
  Tally never;
  never.Reaches(1);
}

TEST_CASE("A failed sync ends the process, and nothing is acknowledged") {
  const TempFolder folder;
  TestChild child("audit_sync_child", folder.path());
  REQUIRE(child.NextLine() == "4");
  REQUIRE_FALSE(child.NextLine().has_value());
  REQUIRE(child.Wait() == SIGABRT);
  const auto chain = MustOpenChain(folder.path());
  REQUIRE(NumbersIn(*chain).size() >= 3);
}

}  // namespace
}  // namespace hangou
