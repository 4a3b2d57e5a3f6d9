#include "libs/log/log_copy.h"

#include <catch2/catch.hpp>
#include <random>

#include "libs/base/temp_folder.h"
#include "libs/log/embedded_log.h"
#include "libs/log/log_for_test.h"
#include "libs/log/memory_log.h"

namespace hangou {
namespace {

const std::map<std::string, int32_t> kTopics = {{"a", 3}, {"b", 1}};

// Entries of every kind in some partitions.
void Fill(Log& log, unsigned seed) {
  std::mt19937 random(seed);
  for (const auto& [topic, partitions] : kTopics) {
    REQUIRE(log.EnsureTopic(topic, partitions).ok());
    for (int32_t partition = 0; partition < partitions; ++partition) {
      const auto count = random() % 3000;
      std::vector<LogEntry> entries;
      for (size_t i = 0; i < count; ++i) {
        entries.push_back({topic + std::to_string(i), std::string(random() % 200, 'x')});
        if (random() % 10 == 0) entries.back().value.reset();
      }
      if (!entries.empty()) REQUIRE(AppendAndWait(log, topic, partition, std::move(entries)).ok());
    }
  }
}

void CheckSame(Log& a, Log& b) {
  for (const auto& [topic, partitions] : kTopics) {
    for (int32_t partition = 0; partition < partitions; ++partition) {
      const auto left = ReadPartition(a, topic, partition).value();
      const auto right = ReadPartition(b, topic, partition).value();
      REQUIRE(left.size() == right.size());
      for (size_t i = 0; i < left.size(); ++i) {
        REQUIRE(left[i].key == right[i].key);
        REQUIRE(left[i].value == right[i].value);
        REQUIRE(left[i].offset == right[i].offset);
      }
    }
  }
}

void Ignore(int64_t) {}

}  // namespace

TEST_CASE("A copy has every entry at its offset, and copying again changes nothing") {
  const TempFolder folder;
  const auto from = EmbeddedLog::Open(folder.path(), SystemClock()).value();
  MemoryLog to;
  Fill(*from, 1);
  const auto copied = CopyLog(*from, kTopics, to, Ignore);
  REQUIRE(copied.ok());
  CHECK(copied->skipped == 0);
  CheckSame(*from, to);
  const auto again = CopyLog(*from, kTopics, to, Ignore);
  REQUIRE(again.ok());
  CHECK(again->entries == 0);
  CHECK(again->skipped == copied->entries);
  CheckSame(*from, to);
}

TEST_CASE("A copy that was broken off goes on where it was") {
  MemoryLog from;
  MemoryLog to;
  Fill(from, 2);
  to.Hold();
  // The target goes away somewhere in the middle.
  std::thread target([&] {
    for (int i = 0; i < 3; ++i) {
      while (to.held() == 0) std::this_thread::yield();
      to.ReleaseSome(1);
    }
    to.FailAppends(MakeError(Reason::kLogUnavailable, "test"));
    to.Release();
  });
  CHECK(ReasonOf(CopyLog(from, kTopics, to, Ignore).status()) == Reason::kLogUnavailable);
  target.join();
  to.FailAppends(absl::OkStatus());
  const auto copied = CopyLog(from, kTopics, to, Ignore);
  REQUIRE(copied.ok());
  CHECK(copied->skipped > 0);
  CheckSame(from, to);
}

TEST_CASE("A target that holds something else is left as it is") {
  MemoryLog from;
  MemoryLog to;
  Fill(from, 3);
  REQUIRE(to.EnsureTopic("a", 3).ok());
  REQUIRE(AppendAndWait(to, "a", 1, {{"other", "value"}}).ok());
  CHECK(ReasonOf(CopyLog(from, kTopics, to, Ignore).status()) == Reason::kInvalidRequest);
  CHECK(ReadPartition(to, "a", 1).value().size() == 1);
}

}  // namespace hangou
