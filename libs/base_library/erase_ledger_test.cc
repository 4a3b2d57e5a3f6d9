#include "libs/base_library/erase_ledger.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"

namespace hangou {
namespace {

// A ledger in a file that can be opened again.
struct LedgerOnDisk {
  TempFolder folder;
  KeyRing keys = KeyRing::ForTest();
  std::string path = folder.path() + "/erasures/population";
  std::unique_ptr<EraseLedger> ledger;

  LedgerOnDisk() { Reopen(); }
  void Reopen() {
    ledger.reset();
    ledger = std::make_unique<EraseLedger>(path, keys);
    REQUIRE(ledger->Open().ok());
  }
  void Erase(const std::string& key, int32_t partition, int64_t offset) {
    REQUIRE(ledger->Append({{key, partition, offset, 1}}).ok());
  }
  bool IsDue(const std::string& key) const {
    const auto due = ledger->Due();
    REQUIRE(due.ok());
    return due->records.contains(ledger->HashesOf(key).front());
  }
};

TEST_CASE("A log that goes on behind its erasures is not taken for a restored one") {
  LedgerOnDisk disk;
  disk.Erase("a", 0, 9);
  REQUIRE(disk.ledger->CompareWith({{0, 10}, {1, 0}}, 2).ok());
  CHECK_FALSE(disk.ledger->IsDue(0));
  CHECK_FALSE(disk.ledger->IsDue(1));
}

TEST_CASE(
    "A restored log owes what was erased behind its end, group by group, also after a stop in between") {
  LedgerOnDisk disk;
  disk.Erase("before", 0, 4);
  disk.Erase("behind", 0, 5);
  disk.Erase("elsewhere", 1, 7);
  REQUIRE(disk.ledger->CompareWith({{0, 5}, {1, 100}}, 2).ok());
  const bool reopened = GENERATE(false, true);
  if (reopened) disk.Reopen();
  CHECK(disk.ledger->IsDue(0));
  CHECK(disk.ledger->IsDue(1));
  CHECK(disk.IsDue("behind"));
  CHECK_FALSE(disk.IsDue("before"));
  CHECK_FALSE(disk.IsDue("elsewhere"));
  CHECK(disk.ledger->Due()->ends.at(0) == 5);
  REQUIRE(disk.ledger->NoteReplayed(0).ok());
  if (reopened) disk.Reopen();
  CHECK_FALSE(disk.ledger->IsDue(0));
  CHECK(disk.ledger->IsDue(1));
}

TEST_CASE("A restore that was made good is not made good again") {
  LedgerOnDisk disk;
  disk.Erase("old", 0, 100);
  REQUIRE(disk.ledger->CompareWith({{0, 50}}, 1).ok());
  disk.Erase("old", 0, 60);
  REQUIRE(disk.ledger->NoteReplayed(0).ok());
  REQUIRE(disk.ledger->CompareWith({{0, 70}}, 1).ok());
  CHECK_FALSE(disk.ledger->IsDue(0));
  // What was erased in the log of before the restore may have been published again since.
  disk.Erase("new", 0, 90);
  REQUIRE(disk.ledger->CompareWith({{0, 80}}, 1).ok());
  CHECK(disk.ledger->IsDue(0));
  CHECK(disk.IsDue("new"));
  CHECK_FALSE(disk.IsDue("old"));
}

TEST_CASE("An older restore that comes later owes what was erased before the first one") {
  LedgerOnDisk disk;
  disk.Erase("early", 0, 500);
  disk.Erase("late", 0, 1200);
  REQUIRE(disk.ledger->CompareWith({{0, 1000}}, 1).ok());
  CHECK_FALSE(disk.IsDue("early"));
  REQUIRE(disk.ledger->NoteReplayed(0).ok());
  const bool reopened = GENERATE(false, true);
  if (reopened) disk.Reopen();
  REQUIRE(disk.ledger->CompareWith({{0, 400}}, 1).ok());
  CHECK(disk.ledger->IsDue(0));
  CHECK(disk.IsDue("early"));
}

TEST_CASE("A restore that comes before the one before was made good owes both") {
  LedgerOnDisk disk;
  disk.Erase("first", 0, 100);
  REQUIRE(disk.ledger->CompareWith({{0, 50}}, 1).ok());
  disk.Erase("second", 0, 55);
  REQUIRE(disk.ledger->CompareWith({{0, 40}}, 1).ok());
  CHECK(disk.IsDue("first"));
  CHECK(disk.IsDue("second"));
}

TEST_CASE("The ledger holds nothing of a record's key") {
  LedgerOnDisk disk;
  disk.Erase("32100219850714001", 0, 1);
  CHECK(ReadFile(disk.path)->find("32100219850714001") == std::string::npos);
}

TEST_CASE("A line that was cut off is removed, a damaged one is told") {
  LedgerOnDisk disk;
  disk.Erase("a", 0, 1);
  disk.Erase("b", 0, 2);
  const std::string whole = *ReadFile(disk.path);
  for (size_t size = whole.find('\n') + 1; size < whole.size(); ++size) {
    disk.ledger.reset();
    std::filesystem::resize_file(disk.path, size);
    disk.Reopen();
    disk.Erase("c", 0, 3);
    REQUIRE(disk.ledger->CompareWith({{0, 0}}, 1).ok());
    CHECK(disk.IsDue("a"));
    CHECK_FALSE(disk.IsDue("b"));
    CHECK(disk.IsDue("c"));
    std::ofstream(disk.path) << whole;
  }
  std::ofstream(disk.path) << "erased nonsense\n" << whole;
  EraseLedger damaged(disk.path, disk.keys);
  CHECK(ReasonOf(damaged.Open()) == Reason::kDataLoss);
}

}  // namespace
}  // namespace hangou
