// The contract of Log: what every implementation passes.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "libs/log/log_for_test.h"

namespace hangou {

// Makes an empty log.
using LogFactory = std::function<std::unique_ptr<Log>()>;

namespace log_contract {

constexpr char kTopic[] = "hangou.test.records";

inline std::vector<LogEntry> Entries(const std::string& name, int count) {
  std::vector<LogEntry> entries;
  for (int i = 0; i < count; ++i) {
    const std::string key = name + "/" + std::to_string(i);
    entries.push_back({key, "value of " + key});
  }
  return entries;
}

inline void Topics(Log& log) {
  CHECK_FALSE(log.log_id().empty());
  SECTION("A topic keeps its partition count for life") {
    CHECK(log.EnsureTopic(kTopic, 4).ok());
    CHECK(ReasonOf(log.EnsureTopic(kTopic, 5)) == Reason::kInvalidRequest);
  }
  SECTION("A topic name that could leave the folder is refused") {
    for (const char* name : {"", ".", "..", "a/b", "A", "../x"}) {
      CHECK(ReasonOf(log.EnsureTopic(name, 4)) == Reason::kInvalidRequest);
    }
    CHECK(ReasonOf(log.EnsureTopic("other", 0)) == Reason::kInvalidRequest);
  }
  SECTION("A topic that was not ensured is not found") {
    CHECK(ReasonOf(AppendAndWait(log, "other", 0, Entries("a", 1)).status()) == Reason::kObjectNotFound);
    CHECK(ReasonOf(EndOffsetOf(log, "other", 0).status()) == Reason::kObjectNotFound);
    CHECK(ReasonOf(log.OpenReader("other", {{0, 0}}).status()) == Reason::kObjectNotFound);
  }
}

inline void Appends(Log& log) {
  SECTION("Offsets of a partition count from 0 without gaps") {
    CHECK(EndOffsetOf(log, kTopic, 1).value() == 0);
    CHECK(AppendAndWait(log, kTopic, 1, Entries("a", 3)).value() == 0);
    CHECK(AppendAndWait(log, kTopic, 1, Entries("b", 1)).value() == 3);
    CHECK(AppendAndWait(log, kTopic, 2, Entries("c", 1)).value() == 0);
    CHECK(EndOffsetOf(log, kTopic, 1).value() == 4);
  }
  SECTION(
      "An acknowledged entry is read at its offset with its bytes, tombstones and empty values included") {
    const std::string bytes("\0\xff\nH", 4);
    REQUIRE(AppendAndWait(log, kTopic, 0, {{bytes, bytes}, {"", ""}, {"gone", std::nullopt}}).value() == 0);
    const auto records = ReadPartition(log, kTopic, 0).value();
    REQUIRE(records.size() == 3);
    CHECK(records[0].key == bytes);
    CHECK(records[0].value == bytes);
    CHECK(records[1].key.empty());
    CHECK(records[1].value == "");
    CHECK_FALSE(records[2].value.has_value());
    CHECK(records[2].offset == 2);
    CHECK(records[2].partition == 0);
  }
  SECTION("What cannot be appended is refused") {
    CHECK(ReasonOf(AppendAndWait(log, kTopic, 4, Entries("a", 1)).status()) == Reason::kInvalidRequest);
    CHECK(ReasonOf(AppendAndWait(log, kTopic, -1, Entries("a", 1)).status()) == Reason::kInvalidRequest);
    CHECK(ReasonOf(AppendAndWait(log, kTopic, 0, {}).status()) == Reason::kInvalidRequest);
    const std::string huge(17 << 20, 'x');
    CHECK(ReasonOf(AppendAndWait(log, kTopic, 0, {{"k", huge}}).status()) == Reason::kBatchTooLarge);
    CHECK(EndOffsetOf(log, kTopic, 0).value() == 0);
  }
  SECTION("Appends of one caller to one partition keep their order") {
    constexpr size_t kCount = 500;
    auto answers = std::make_shared<AppendAnswers>(kCount);
    for (size_t i = 0; i < kCount; ++i) {
      log.Append(kTopic, static_cast<int32_t>(i % 2), {{std::to_string(i), "v"}},
                 AppendAnswers::At(answers, i));
    }
    const auto offsets = answers->Wait();
    for (size_t i = 0; i < kCount; ++i) REQUIRE(offsets[i].value() == static_cast<int64_t>(i / 2));
    const auto records = ReadPartition(log, kTopic, 1).value();
    REQUIRE(records.size() == kCount / 2);
    for (size_t i = 0; i < records.size(); ++i) REQUIRE(records[i].key == std::to_string(2 * i + 1));
  }
}

inline void Readers(Log& log) {
  SECTION("A reader starts at its offset and sees what comes later") {
    REQUIRE(AppendAndWait(log, kTopic, 0, Entries("a", 5)).ok());
    auto reader = log.OpenReader(kTopic, {{0, 3}}).value();
    CHECK(reader->Poll(1).value().size() <= 1);
    reader = log.OpenReader(kTopic, {{0, 3}}).value();
    CHECK(ReadCount(*reader, 2).value().size() == 2);
    CHECK(reader->Poll(10).value().empty());
    REQUIRE(AppendAndWait(log, kTopic, 0, Entries("b", 1)).ok());
    const auto later = ReadCount(*reader, 1).value();
    REQUIRE(later.size() == 1);
    CHECK(later[0].offset == 5);
    CHECK(later[0].key == "b/0");
  }
  SECTION("A reader sees only its partitions, and none of them starves") {
    for (int32_t partition = 0; partition < 4; ++partition) {
      for (int i = 0; i < 50; ++i) REQUIRE(AppendAndWait(log, kTopic, partition, Entries("a", 1)).ok());
    }
    auto reader = log.OpenReader(kTopic, {{1, 0}, {3, 0}}).value();
    const auto records = ReadCount(*reader, 100).value();
    REQUIRE(records.size() == 100);
    std::map<int32_t, int64_t> next = {{1, 0}, {3, 0}};
    for (const LogRecord& record : records) REQUIRE(record.offset == next.at(record.partition)++);
    CHECK(next == std::map<int32_t, int64_t>{{1, 50}, {3, 50}});
  }
  SECTION("A reader passes over what it is told to, and over nothing else") {
    REQUIRE(AppendAndWait(log, kTopic, 0, Entries("a", 5)).ok());
    REQUIRE(AppendAndWait(log, kTopic, 1, Entries("b", 2)).ok());
    auto reader = log.OpenReader(kTopic, {{0, 0}, {1, 0}}, ReadPace::kRelaxed).value();
    reader->SkipTo(0, 4);
    reader->SkipTo(0, 2);
    REQUIRE(AppendAndWait(log, kTopic, 0, Entries("c", 1)).ok());
    const auto records = ReadCount(*reader, 4).value();
    std::map<int32_t, std::vector<int64_t>> offsets;
    for (const LogRecord& record : records) offsets[record.partition].push_back(record.offset);
    CHECK(offsets == std::map<int32_t, std::vector<int64_t>>{{0, {4, 5}}, {1, {0, 1}}});
    reader->SkipTo(0, 6);
    REQUIRE(AppendAndWait(log, kTopic, 0, Entries("d", 1)).ok());
    CHECK(ReadCount(*reader, 1).value().front().offset == 6);
  }
  SECTION("A start beyond the end, or before 0, is refused") {
    CHECK(log.OpenReader(kTopic, {{0, 0}}).ok());
    CHECK(ReasonOf(log.OpenReader(kTopic, {{0, 1}}).status()) == Reason::kPositionUnknown);
    CHECK(ReasonOf(log.OpenReader(kTopic, {{0, -1}}).status()) == Reason::kPositionUnknown);
    CHECK(ReasonOf(log.OpenReader(kTopic, {{9, 0}}).status()) == Reason::kInvalidRequest);
  }
  SECTION("A reader is notified of what comes, and not after it said so") {
    auto reader = log.OpenReader(kTopic, {{2, 0}}).value();
    std::atomic<int> calls = 0;
    reader->SetNotify([&calls] { ++calls; });
    REQUIRE(AppendAndWait(log, kTopic, 2, Entries("a", 1)).ok());
    CHECK(WaitUntil([&calls] { return calls > 0; }));
    CHECK(ReadCount(*reader, 1).value().size() == 1);
    const int before = calls;
    REQUIRE(AppendAndWait(log, kTopic, 2, Entries("b", 1)).ok());
    CHECK(WaitUntil([&] { return calls > before; }));
    reader->SetNotify({});
    const int after = calls;
    REQUIRE(AppendAndWait(log, kTopic, 2, Entries("c", 1)).ok());
    CHECK(ReadCount(*reader, 2).value().size() == 2);
    CHECK(calls == after);
    reader.reset();
    REQUIRE(AppendAndWait(log, kTopic, 2, Entries("d", 1)).ok());
  }
  SECTION("A reader that polls only when notified misses nothing") {
    auto reader = log.OpenReader(kTopic, {{0, 0}, {1, 0}}).value();
    std::atomic<int> calls = 0;
    reader->SetNotify([&calls] { ++calls; });
    size_t came = reader->Poll(10).value().size();
    for (int i = 0; i < 100; ++i) {
      REQUIRE(AppendAndWait(log, kTopic, i % 2, Entries(std::to_string(i), 3)).ok());
    }
    int seen = 0;
    REQUIRE(WaitUntil([&] {
      if (const int now = calls; now != seen) {
        seen = now;
        while (const size_t some = reader->Poll(7).value().size()) came += some;
      }
      return came == 300;
    }));
    reader->SetNotify({});
  }
}

// What a candidate was told.
struct Leadership {
  std::atomic<bool> leads = false;
  std::atomic<int> changes = 0;
};

inline std::unique_ptr<Candidacy> Candidate(Log& log, const std::string& name, Leadership* leadership) {
  return log.Campaign(name, [leadership](bool leads) {
    leadership->leads = leads;
    ++leadership->changes;
  });
}

inline void Elections(Log& log) {
  SECTION("One candidate leads until it goes, then another; a name has its own leader") {
    Leadership first, second, other;
    auto leader = Candidate(log, "test.duty", &first);
    REQUIRE(WaitUntil([&first] { return first.leads.load(); }));
    auto next = Candidate(log, "test.duty", &second);
    const auto elsewhere = Candidate(log, "test.other", &other);
    CHECK(WaitUntil([&other] { return other.leads.load(); }));
    CHECK_FALSE(second.leads);
    leader.reset();
    CHECK(first.changes == 1);
    CHECK(WaitUntil([&second] { return second.leads.load(); }));
    next.reset();
    CHECK(second.changes == 1);
  }
  SECTION("A candidate that goes before it leads leaves the others alone") {
    Leadership first, second;
    const auto leader = Candidate(log, "test.duty", &first);
    REQUIRE(WaitUntil([&first] { return first.leads.load(); }));
    Candidate(log, "test.duty", &second).reset();
    CHECK(second.changes == 0);
    CHECK(first.changes == 1);
  }
}

inline void Together(Log& log) {
  static constexpr int kThreads = 4;
  static constexpr int kAppends = 200;
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&log, &failures, t] {
      auto answers = std::make_shared<AppendAnswers>(kAppends);
      for (size_t i = 0; i < kAppends; ++i) {
        log.Append(kTopic, static_cast<int32_t>(i % 4),
                   Entries(std::to_string(t) + ":" + std::to_string(i), 2), AppendAnswers::At(answers, i));
      }
      for (const auto& answer : answers->Wait()) failures += answer.ok() ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(failures == 0);
  for (int32_t partition = 0; partition < 4; ++partition) {
    const auto records = ReadPartition(log, kTopic, partition).value();
    REQUIRE(records.size() == 2 * kThreads * kAppends / 4);
    std::vector<int> last(kThreads, -1);
    for (size_t i = 0; i < records.size(); i += 2) {
      int thread = 0;
      int place = 0;
      REQUIRE(absl::SimpleAtoi(records[i].key.substr(0, 1), &thread));
      REQUIRE(absl::SimpleAtoi(records[i].key.substr(2, records[i].key.size() - 4), &place));
      REQUIRE(place > last[static_cast<size_t>(thread)]);
      last[static_cast<size_t>(thread)] = place;
      REQUIRE(records[i].key.ends_with("/0"));
      REQUIRE(records[i + 1].key == records[i].key.substr(0, records[i].key.size() - 1) + "1");
    }
  }
}

}  // namespace log_contract

// Runs the suite; call it from a test case, with the factory of an implementation.
inline void CheckLogContract(const LogFactory& make) {
  const std::unique_ptr<Log> log = make();
  REQUIRE(log->EnsureTopic(log_contract::kTopic, 4).ok());
  log_contract::Topics(*log);
  log_contract::Appends(*log);
  log_contract::Readers(*log);
  log_contract::Elections(*log);
  SECTION("Appends of many callers stay whole and in each caller's order") { log_contract::Together(*log); }
}

}  // namespace hangou
