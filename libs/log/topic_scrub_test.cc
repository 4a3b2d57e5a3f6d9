#include "libs/log/topic_scrub.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "libs/base/file.h"
#include "libs/base/temp_folder.h"
#include "libs/log/embedded_log.h"
#include "libs/log/log_for_test.h"

namespace hangou {
namespace {

constexpr int32_t kScrubPartitions = 2;

// A log of one topic in small segments.
struct Bench {
  TempFolder folder;
  EmbeddedLogSizes sizes;
  std::unique_ptr<EmbeddedLog> log;

  Bench() {
    sizes.segment_bytes = 512;
    Open();
  }
  void Open() {
    log.reset();
    log = EmbeddedLog::Open(folder.path(), SystemClock(), sizes).value();
    REQUIRE(log->EnsureTopic("t", kScrubPartitions).ok());
  }
  std::string topic_folder() const { return folder.path() + "/topics/t"; }
  void Append(int32_t partition, const std::string& key, std::optional<std::string> value) {
    REQUIRE(AppendAndWait(*log, "t", partition, {{key, std::move(value)}}).ok());
  }
  int64_t Scrub() {
    const auto numbers = ListSegments(topic_folder()).value();
    return ScrubSegments(topic_folder(), ReadTopicDeclaration(topic_folder()).value(), numbers.back() - 1)
        .value();
  }
  // Every byte of the topic's files.
  std::string Bytes() const {
    std::string bytes;
    for (const auto& entry : std::filesystem::directory_iterator(topic_folder())) {
      // A copy of a segment takes that one's place under its name.
      const auto text = ReadFile(entry.path().string());
      if (text.ok()) bytes += *text;
    }
    return bytes;
  }
  std::vector<LogRecord> All() {
    auto reader = log->OpenReader("t", {{0, 0}, {1, 0}}).value();
    std::vector<LogRecord> all;
    for (;;) {
      const auto records = reader->Poll(100);
      REQUIRE(records.ok());
      if (records->empty()) return all;
      all.insert(all.end(), records->begin(), records->end());
    }
  }
};

TEST_CASE("What a tombstone erased is in no file, and every other entry stands where it was") {
  Bench bench;
  for (int i = 0; i < 20; ++i) {
    bench.Append(i % 2, "key-" + std::to_string(i), "content-" + std::to_string(i) + std::string(40, 'x'));
  }
  bench.Append(1, "key-4", "of another partition");
  bench.Append(0, "key-4", std::nullopt);
  bench.Append(0, "key-6", std::nullopt);
  bench.Append(0, "key-6", "published again");
  const auto before = bench.All();
  for (int i = 0; i < 10; ++i) bench.Append(0, "later-" + std::to_string(i), std::string(100, 'y'));
  CHECK(bench.Scrub() == 4);
  CHECK(bench.Scrub() == 0);
  CHECK(bench.Bytes().find("content-4") == std::string::npos);
  CHECK(bench.Bytes().find("content-6") == std::string::npos);
  CHECK(bench.Bytes().find("content-8") != std::string::npos);
  const bool reopened = GENERATE(false, true);
  if (reopened) bench.Open();
  const auto after = bench.All();
  REQUIRE(after.size() == before.size() + 10);
  std::map<std::pair<int32_t, int64_t>, LogRecord> found;
  for (const auto& record : after) found[{record.partition, record.offset}] = record;
  for (const auto& record : before) {
    const LogRecord& now = found.at({record.partition, record.offset});
    const bool gone = now.key.find_first_not_of('\0') == std::string::npos;
    if (gone) {
      CHECK_FALSE(now.value);
      CHECK((record.key == "key-4" || record.key == "key-6"));
    } else {
      CHECK(now.key == record.key);
      CHECK(now.value == record.value);
    }
  }
}

TEST_CASE("Entries of any size leave a blank of their size") {
  std::mt19937 random(20'261'122);
  Bench bench;
  bench.sizes.segment_bytes = 1 << 16;
  bench.Open();
  for (int i = 0; i < 300; ++i) {
    const size_t key = std::uniform_int_distribution<size_t>(1, 300)(random);
    const size_t value = std::uniform_int_distribution<size_t>(0, 300)(random);
    const std::string name = std::to_string(i) + std::string(key, 'k');
    bench.Append(0, name, std::string(value, 'v'));
    bench.Append(0, name, std::nullopt);
  }
  bench.sizes.segment_bytes = 1;
  bench.Open();
  bench.Append(0, "last", "entry");
  CHECK(bench.Scrub() == 600);
  bench.Open();
  const auto all = bench.All();
  CHECK(all.size() == 601);
  CHECK(all.back().key == "last");
}

TEST_CASE("A running log takes out what is erased by itself, and its readers go on") {
  Bench bench;
  bench.sizes.scrub_every_ms = 5;
  bench.Open();
  auto reader = bench.log->OpenReader("t", {{0, 0}}).value();
  bench.Append(0, "person", "secret content");
  bench.Append(0, "person", std::nullopt);
  size_t read = 0;
  const int64_t until_us = SystemClock().BootUs() + 10 * kUsPerSecond;
  while (bench.Bytes().find("secret") != std::string::npos) {
    REQUIRE(SystemClock().BootUs() < until_us);
    bench.Append(0, "other", "entry");
    read += reader->Poll(1000).value().size();
  }
  read += reader->Poll(1000).value().size();
  CHECK(static_cast<int64_t>(read) == bench.log->EndOffsets("t", {0})->at(0));
}

TEST_CASE("A segment whose bytes are damaged is left as it is") {
  Bench bench;
  for (int i = 0; i < 20; ++i) bench.Append(0, "key", "content" + std::string(100, 'x'));
  bench.Append(0, "key", std::nullopt);
  for (int i = 0; i < 10; ++i) bench.Append(0, "later", std::string(100, 'y'));
  bench.log.reset();
  const std::string path = SegmentPath(bench.topic_folder(), 1);
  std::string bytes = ReadFile(path).value();
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  REQUIRE(WriteFileDurably(path, bytes, 0600).ok());
  bench.Scrub();
  CHECK(ReadFile(path).value() == bytes);
}

}  // namespace
}  // namespace hangou
