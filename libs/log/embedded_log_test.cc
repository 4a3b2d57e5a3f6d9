#include "libs/log/embedded_log.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "libs/base/fault.h"
#include "libs/base/temp_folder.h"
#include "libs/base/test_child.h"
#include "libs/log/log_for_test.h"

namespace hangou {
namespace {

std::unique_ptr<EmbeddedLog> Open(const TempFolder& folder, const EmbeddedLogSizes& sizes = {}) {
  auto log = EmbeddedLog::Open(folder.path(), SystemClock(), sizes);
  REQUIRE(log.ok());
  REQUIRE((*log)->EnsureTopic("t", 4).ok());
  return std::move(*log);
}

// Takes a fault back at the end of a test.
struct FaultScope {
  FaultScope(FaultPoint place, int error) : point(place) { SetFault(point, error); }
  ~FaultScope() { SetFault(point, 0); }
  FaultPoint point;
};

TEST_CASE("A log keeps its identity, its topics and its entries when it is opened again") {
  const TempFolder folder;
  std::string id;
  {
    const auto log = Open(folder);
    id = log->log_id();
    REQUIRE(AppendAndWait(*log, "t", 2, {{"a", "1"}, {"b", std::nullopt}}).value() == 0);
  }
  const auto log = Open(folder);
  CHECK(log->log_id() == id);
  CHECK(ReasonOf(log->EnsureTopic("t", 5)) == Reason::kInvalidRequest);
  CHECK(ReadPartition(*log, "t", 2).value().size() == 2);
  CHECK(AppendAndWait(*log, "t", 2, {{"c", "3"}}).value() == 2);
  CHECK(ReadPartition(*log, "t", 2, 1).value().back().key == "c");
}

TEST_CASE("Another log has another identity") {
  const TempFolder one;
  const TempFolder other;
  CHECK(Open(one)->log_id() != Open(other)->log_id());
}

TEST_CASE("A folder is open in one place at a time") {
  const TempFolder folder;
  const auto log = Open(folder);
  const auto second = EmbeddedLog::Open(folder.path(), SystemClock());
  CHECK(ReasonOf(second.status()) == Reason::kLogUnavailable);
}

TEST_CASE("What is queued when the log is closed is committed and answered") {
  const TempFolder folder;
  constexpr size_t kCount = 300;
  auto answers = std::make_shared<AppendAnswers>(kCount);
  {
    const auto log = Open(folder);
    for (size_t i = 0; i < kCount; ++i) log->Append("t", 0, {{"k", "v"}}, AppendAnswers::At(answers, i));
  }
  CHECK(answers->count() == kCount);
  CHECK(EndOffsetOf(*Open(folder), "t", 0).value() == kCount);
}

TEST_CASE("A full disk refuses appends with STORE_FULL, keeps nothing of them, and recovers") {
  const TempFolder folder;
  {
    const auto log = Open(folder);
    REQUIRE(AppendAndWait(*log, "t", 0, {{"before", "v"}}).ok());
    {
      const FaultScope full(FaultPoint::kLogWrite, ENOSPC);
      CHECK(ReasonOf(AppendAndWait(*log, "t", 0, {{"lost", "v"}}).status()) == Reason::kStoreFull);
      CHECK(ReasonOf(AppendAndWait(*log, "t", 1, {{"lost", "v"}}).status()) == Reason::kStoreFull);
    }
    CHECK(EndOffsetOf(*log, "t", 0).value() == 1);
    CHECK(AppendAndWait(*log, "t", 0, {{"after", "v"}}).value() == 1);
  }
  const auto log = Open(folder);
  const auto records = ReadPartition(*log, "t", 0).value();
  REQUIRE(records.size() == 2);
  CHECK(records[1].key == "after");
  CHECK(EndOffsetOf(*log, "t", 1).value() == 0);
}

TEST_CASE("A disk that cannot write makes appends LOG_UNAVAILABLE, and nothing of them is kept") {
  const TempFolder folder;
  const auto log = Open(folder);
  const FaultScope broken(FaultPoint::kLogWrite, EIO);
  CHECK(ReasonOf(AppendAndWait(*log, "t", 0, {{"lost", "v"}}).status()) == Reason::kLogUnavailable);
  CHECK(EndOffsetOf(*log, "t", 0).value() == 0);
}

TEST_CASE("Appends beyond the queue are refused with OVERLOADED, and the others are kept") {
  const TempFolder folder;
  EmbeddedLogSizes sizes;
  sizes.queue_bytes = 3000;
  const auto log = Open(folder, sizes);
  CHECK(ReasonOf(AppendAndWait(*log, "t", 0, {{"k", std::string(4000, 'x')}}).status()) ==
        Reason::kOverloaded);
  CHECK(AppendAndWait(*log, "t", 0, {{"k", std::string(1000, 'x')}}).value() == 0);
}

TEST_CASE("Many appends share a commit: blocks are fewer than appends, and all are there") {
  const TempFolder folder;
  constexpr size_t kCount = 5000;
  {
    const auto log = Open(folder);
    auto answers = std::make_shared<AppendAnswers>(kCount);
    for (size_t i = 0; i < kCount; ++i) {
      log->Append("t", static_cast<int32_t>(i % 4), {{std::to_string(i), "v"}},
                  AppendAnswers::At(answers, i));
    }
    answers->Wait();
  }
  const auto bytes = std::filesystem::file_size(folder.path() + "/topics/t/00000001.seg");
  CHECK(bytes < kCount * kFrameHeaderBytes / 2);
  const auto log = Open(folder);
  auto reader = log->OpenReader("t", {{0, 0}, {1, 0}, {2, 0}, {3, 0}}).value();
  CHECK(ReadAll(*reader).value().size() == kCount);
}

TEST_CASE("Reading goes on from memory to disk and back without a gap") {
  const TempFolder folder;
  EmbeddedLogSizes sizes;
  sizes.segment_bytes = 20'000;
  sizes.tail_bytes = 5000;
  const auto log = Open(folder, sizes);
  auto early = log->OpenReader("t", {{0, 0}, {1, 0}}).value();
  int64_t expected[2] = {0, 0};
  for (int i = 0; i < 400; ++i) {
    const std::string value(static_cast<size_t>(i * 7 % 900), static_cast<char>('a' + i % 26));
    REQUIRE(AppendAndWait(*log, "t", i % 2, {{std::to_string(i), value}}).ok());
    if (i % 50 != 0 && i != 399) continue;
    const auto news = ReadAll(*early, 7).value();
    for (const LogRecord& record : news) {
      REQUIRE(record.offset == expected[record.partition]++);
      const auto number = 2 * record.offset + record.partition;
      REQUIRE(record.key == std::to_string(number));
      REQUIRE(record.value->size() == static_cast<size_t>(number * 7 % 900));
    }
  }
  CHECK(expected[0] == 200);
  CHECK(ReadPartition(*log, "t", 1).value().size() == 200);
}

TEST_CASE("Entries longer than what is read ahead are read from the disk") {
  const TempFolder folder;
  EmbeddedLogSizes sizes;
  sizes.tail_bytes = 0;
  const auto log = Open(folder, sizes);
  const std::string large(3 << 20, 'x');
  REQUIRE(AppendAndWait(*log, "t", 0, {{"large", large}, {"small", "v"}}).ok());
  const auto records = ReadPartition(*log, "t", 0).value();
  REQUIRE(records.size() == 2);
  CHECK(records[0].value == large);
  CHECK(records[1].value == "v");
}

// Appends for ever, and tells each acknowledgement: thread, number, offset.
TEST_CASE("child: appends until it is killed", "[.log_appender]") {
  auto log = EmbeddedLog::Open(TestChild::Argument(), SystemClock()).value();
  REQUIRE(log->EnsureTopic("t", 4).ok());
  const auto append = [&log](int thread) {
    for (int i = 0;; ++i) {
      const std::string key = std::to_string(thread) + ":" + std::to_string(i);
      const auto offset =
          AppendAndWait(*log, "t", thread, {{key, std::string(static_cast<size_t>(i % 500), 'x')}});
      TestChild::Tell(std::to_string(thread) + " " + std::to_string(offset.value()) + " " + key);
    }
  };
  std::thread other(append, 1);
  append(0);
  other.join();
}

TEST_CASE("After kill -9 during appends every acknowledged entry is at its offset") {
  const TempFolder folder;
  const auto seed = static_cast<unsigned>(std::random_device()());
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::map<std::pair<int, int64_t>, std::string> acknowledged;
  for (int round = 0; round < 5; ++round) {
    TestChild child("log_appender", folder.path());
    const unsigned told = 20 + random() % 200;
    bool killed = false;
    for (unsigned lines = 0;; ++lines) {
      if (lines == told) {
        child.Kill();
        killed = true;
      }
      const auto line = child.NextLine();
      if (!line) break;
      std::istringstream words(*line);
      int partition = 0;
      int64_t offset = 0;
      std::string key;
      words >> partition >> offset >> key;
      REQUIRE((acknowledged.emplace(std::pair(partition, offset), key).second));
    }
    REQUIRE(killed);
    const auto log = Open(folder);
    std::map<std::pair<int, int64_t>, std::string> stored;
    for (int partition = 0; partition < 2; ++partition) {
      const auto records = ReadPartition(*log, "t", partition).value();
      for (const LogRecord& record : records) {
        stored[{partition, record.offset}] = record.key;
      }
    }
    for (const auto& [position, key] : acknowledged) REQUIRE(stored[position] == key);
  }
}

// Appends once, then once more with a disk that fails its sync.
TEST_CASE("child: loses the disk", "[.log_sync]") {
  auto log = EmbeddedLog::Open(TestChild::Argument(), SystemClock()).value();
  REQUIRE(log->EnsureTopic("t", 4).ok());
  REQUIRE(AppendAndWait(*log, "t", 0, {{"kept", "v"}}).ok());
  TestChild::Tell("kept");
  // A crash wanted by the test leaves no core file.
  std::signal(SIGABRT, [](int) { ::_exit(7); });
  SetFault(FaultPoint::kLogSync, EIO);
  if (AppendAndWait(*log, "t", 0, {{"lost", "v"}}).ok()) TestChild::Tell("lost");
  TestChild::Tell("alive");
}

TEST_CASE("A failed fdatasync stops the process, and nothing is acknowledged") {
  const TempFolder folder;
  TestChild child("log_sync", folder.path());
  CHECK(child.NextLine() == "kept");
  CHECK(child.NextLine() == std::nullopt);
  child.Wait();
  CHECK(ReadPartition(*Open(folder), "t", 0).value().front().key == "kept");
}

}  // namespace
}  // namespace hangou
