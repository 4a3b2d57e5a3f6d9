// Every way in which the stored bytes can be wrong: what is cut, what refuses, and that the rest goes on.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <random>

#include "libs/base/file.h"
#include "libs/base/temp_folder.h"
#include "libs/log/embedded_log.h"
#include "libs/log/log_for_test.h"
#include "libs/log/topic_scan.h"

namespace hangou {
namespace {

constexpr int32_t kPartitions = 3;
using Keys = std::map<int32_t, std::vector<std::string>>;

// A folder with a log of one topic, whose bytes can be changed while it is closed.
class DamagedLog {
 public:
  explicit DamagedLog(size_t segment_bytes = 1 << 20) { sizes_.segment_bytes = segment_bytes; }

  absl::StatusOr<std::unique_ptr<EmbeddedLog>> TryOpen() const {
    return EmbeddedLog::Open(folder_.path(), SystemClock(), sizes_);
  }
  std::unique_ptr<EmbeddedLog> Open() const {
    auto log = TryOpen();
    REQUIRE(log.ok());
    REQUIRE((*log)->EnsureTopic("t", kPartitions).ok());
    return std::move(*log);
  }
  std::string Path(uint32_t segment = 1) const {
    return folder_.path() + "/topics/t/" + SegmentName(segment);
  }
  const std::string& folder() const { return folder_.path(); }
  static std::string Bytes(const std::string& path) { return ReadFile(path).value(); }
  static void SetBytes(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  std::vector<std::string> Segments() const {
    std::vector<std::string> segments;
    while (std::filesystem::exists(Path(static_cast<uint32_t>(segments.size()) + 1))) {
      segments.push_back(Bytes(Path(static_cast<uint32_t>(segments.size()) + 1)));
    }
    return segments;
  }
  void SetSegments(const std::vector<std::string>& segments) const {
    uint32_t number = 1;
    for (const std::string& bytes : segments) SetBytes(Path(number++), bytes);
    while (std::filesystem::remove(Path(number))) ++number;
  }
  // Forgets the closing frame, as if the process had been killed.
  void Unclose(uint32_t segment = 1) const {
    const std::string bytes = Bytes(Path(segment));
    SetBytes(Path(segment), bytes.substr(0, bytes.size() - kFrameHeaderBytes));
  }
  std::vector<std::string> TornFiles() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() + "/topics/t")) {
      if (entry.path().extension() == ".torn") found.push_back(entry.path().string());
    }
    return found;
  }

 private:
  TempFolder folder_;
  EmbeddedLogSizes sizes_;
};

// Appends one entry after the other, each in a block of its own.
void AppendInTurn(EmbeddedLog& log, const std::vector<std::pair<int32_t, std::string>>& appends, Keys* keys) {
  for (const auto& [partition, key] : appends) {
    REQUIRE(AppendAndWait(log, "t", partition, {{key, "value of " + key}}).ok());
    (*keys)[partition].push_back(key);
  }
}

std::optional<std::vector<std::string>> KeysOf(EmbeddedLog& log, int32_t partition) {
  const auto records = ReadPartition(log, "t", partition);
  if (!records.ok()) {
    CHECK(ReasonOf(records.status()) == Reason::kDataLoss);
    return std::nullopt;
  }
  std::vector<std::string> keys;
  for (const LogRecord& record : *records) {
    CHECK(record.value == "value of " + record.key);
    keys.push_back(record.key);
  }
  return keys;
}

TEST_CASE("A torn tail is cut wherever it is torn, and the records before it stay") {
  const DamagedLog damaged;
  Keys keys;
  {
    const auto log = damaged.Open();
    AppendInTurn(*log, {{0, "a"}, {1, "b"}, {0, "c"}}, &keys);
  }
  damaged.Unclose();
  const std::string before = DamagedLog::Bytes(damaged.Path());
  {
    const auto log = damaged.Open();
    Keys torn;
    AppendInTurn(*log, {{2, "torn"}}, &torn);
  }
  damaged.Unclose();
  const std::string after = DamagedLog::Bytes(damaged.Path());
  for (size_t length = before.size() + 1; length < after.size(); ++length) {
    DamagedLog::SetBytes(damaged.Path(), after.substr(0, length));
    {
      const auto log = damaged.Open();
      for (int32_t p = 0; p < kPartitions; ++p) REQUIRE(KeysOf(*log, p) == keys[p]);
    }
    const auto torn = damaged.TornFiles();
    REQUIRE(torn.size() == 1);
    std::string expected = after.substr(before.size(), length - before.size());
    expected.resize(expected.find_last_not_of('\0') + 1);
    REQUIRE(DamagedLog::Bytes(torn[0]) == expected);
    REQUIRE(DamagedLog::Bytes(damaged.Path()).substr(0, before.size()) == before);
    std::filesystem::remove(torn[0]);
  }
}

TEST_CASE("Appends go on behind a cut tail") {
  const DamagedLog damaged;
  Keys keys;
  {
    const auto log = damaged.Open();
    AppendInTurn(*log, {{0, "a"}, {1, "b"}}, &keys);
  }
  const std::string whole = DamagedLog::Bytes(damaged.Path());
  DamagedLog::SetBytes(damaged.Path(), whole + whole.substr(0, 100));
  {
    const auto log = damaged.Open();
    AppendInTurn(*log, {{0, "c"}, {2, "d"}}, &keys);
  }
  CHECK(damaged.TornFiles().size() == 1);
  const auto log = damaged.Open();
  for (int32_t p = 0; p < kPartitions; ++p) CHECK(KeysOf(*log, p) == keys[p]);
}

// Opens a log in which a byte was changed: each partition refuses or has exactly what was acknowledged, except
// that what stands in the last block may be cut where `last` says so. Then appends to partition `more`, if it may.
void CheckFlipped(const DamagedLog& damaged, const Keys& keys, int32_t more,
                  const std::optional<int32_t>& last) {
  const auto log = damaged.Open();
  for (const auto& [partition, expected] : keys) {
    auto cut = expected;
    cut.pop_back();
    const auto found = KeysOf(*log, partition);
    const bool refuses = ReasonOf(EndOffsetOf(*log, "t", partition).status()) == Reason::kDataLoss;
    REQUIRE(refuses == !found.has_value());
    REQUIRE((!found || *found == expected || (last == partition && *found == cut)));
    if (partition != more) continue;
    const auto appended = AppendAndWait(*log, "t", partition, {{"more", "value of more"}});
    REQUIRE(appended.ok() == found.has_value());
    if (found) REQUIRE(*appended == static_cast<int64_t>(found->size()));
  }
}

TEST_CASE("A flipped bit in a log that was closed is detected or harmless, and nothing is cut") {
  const DamagedLog damaged(150);
  Keys keys;
  {
    const auto log = damaged.Open();
    AppendInTurn(*log, {{0, "a"}, {1, "b"}, {0, "c"}, {2, "d"}, {1, "e"}, {0, "f"}}, &keys);
  }
  const auto before = damaged.Segments();
  REQUIRE(before.size() == 3);
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  // A sample; topic_scan_test.cc goes through every byte without files.
  for (uint32_t segment = 1; segment <= before.size(); ++segment) {
    for (size_t at = random() % 9; at < before[segment - 1].size(); at += 9) {
      INFO("segment " << segment << " byte " << at);
      auto changed = before;
      char& byte = changed[segment - 1][at];
      byte = static_cast<char>(byte ^ (1 << random() % 8));
      damaged.SetSegments(changed);
      CheckFlipped(damaged, keys, static_cast<int32_t>(at % kPartitions), std::nullopt);
    }
  }
}

TEST_CASE(
    "A flipped bit in a log that was not closed is detected, harmless, or taken for a torn last block") {
  const DamagedLog damaged;
  Keys keys;
  {
    const auto log = damaged.Open();
    AppendInTurn(*log, {{0, "a"}, {1, "b"}, {2, "c"}, {0, "d"}, {2, "e"}}, &keys);
  }
  damaged.Unclose();
  const std::string bytes = DamagedLog::Bytes(damaged.Path());
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (size_t at = random() % 9; at < bytes.size(); at += 9) {
    INFO("byte " << at);
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 << random() % 8));
    damaged.SetSegments({changed});
    CheckFlipped(damaged, keys, static_cast<int32_t>(at % kPartitions), 2);
  }
}

TEST_CASE("Damage in an entry stops its partition alone, names the place, and is never cut") {
  const DamagedLog damaged;
  Keys keys;
  {
    const auto log = damaged.Open();
    AppendInTurn(*log, {{0, "a"}, {1, "b"}, {2, "c"}, {1, "d"}}, &keys);
  }
  std::string bytes = DamagedLog::Bytes(damaged.Path());
  const size_t place = bytes.find("value of b");
  bytes[place] = 'V';
  DamagedLog::SetBytes(damaged.Path(), bytes);
  {
    const auto log = damaged.Open();
    const auto refused = log->OpenReader("t", {{0, 0}, {1, 0}}).status();
    CHECK(ReasonOf(refused) == Reason::kDataLoss);
    CHECK(Message(refused).find("00000001.seg at byte ") != std::string::npos);
    CHECK(Message(refused).find("partition 1 ") != std::string::npos);
    CHECK(ReasonOf(AppendAndWait(*log, "t", 1, {{"x", "y"}}).status()) == Reason::kDataLoss);
    CHECK(KeysOf(*log, 0) == keys[0]);
    AppendInTurn(*log, {{2, "more"}}, &keys);
  }
  CHECK(damaged.TornFiles().empty());
  CHECK(DamagedLog::Bytes(damaged.Path()).substr(0, bytes.size()) == bytes);
  CHECK(KeysOf(*damaged.Open(), 2) == keys[2]);
}

TEST_CASE("A lost frame whose partition cannot be told stops the topic") {
  const DamagedLog damaged;
  Keys keys;
  {
    const auto log = damaged.Open();
    AppendInTurn(*log, {{0, "a"}, {1, "b"}, {2, "c"}}, &keys);
  }
  std::string bytes = DamagedLog::Bytes(damaged.Path());
  const size_t header_of_b = bytes.find("value of b") - 3 - kFrameHeaderBytes;
  SECTION("its header is damaged") { bytes[header_of_b + 20] ^= 1; }
  SECTION("the bytes are overwritten") { bytes.replace(header_of_b, 40, std::string(40, '\0')); }
  DamagedLog::SetBytes(damaged.Path(), bytes);
  const auto log = damaged.Open();
  for (int32_t p = 0; p < kPartitions; ++p) CHECK_FALSE(KeysOf(*log, p).has_value());
  CHECK(log->EnsureTopic("other", 2).ok());
  CHECK(AppendAndWait(*log, "other", 0, {{"k", "v"}}).ok());
}

TEST_CASE("A missing or shortened segment before the last stops the topic") {
  const DamagedLog damaged(50);
  Keys keys;
  {
    const auto log = damaged.Open();
    AppendInTurn(*log, {{0, "a"}, {1, "b"}, {2, "c"}, {0, "d"}}, &keys);
  }
  REQUIRE(std::filesystem::exists(damaged.Path(3)));
  SECTION("the first is missing") { std::filesystem::remove(damaged.Path(1)); }
  SECTION("one in the middle is missing") { std::filesystem::remove(damaged.Path(2)); }
  SECTION("one in the middle is empty") { DamagedLog::SetBytes(damaged.Path(2), ""); }
  SECTION("one in the middle is shortened") {
    DamagedLog::SetBytes(damaged.Path(2), DamagedLog::Bytes(damaged.Path(2)).substr(0, 30));
  }
  const auto log = damaged.Open();
  for (int32_t p = 0; p < kPartitions; ++p) CHECK_FALSE(KeysOf(*log, p).has_value());
}

TEST_CASE("A log that is closed, torn and appended to at random always has what its model has") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const DamagedLog damaged(500);
  Keys keys;
  for (int round = 0; round < 25; ++round) {
    {
      const auto log = damaged.Open();
      for (int32_t p = 0; p < kPartitions; ++p) REQUIRE(KeysOf(*log, p) == keys[p]);
      constexpr size_t kAppends = 20;
      auto answers = std::make_shared<AppendAnswers>(kAppends);
      for (size_t i = 0; i < kAppends; ++i) {
        const auto partition = static_cast<int32_t>(random() % kPartitions);
        const std::string key = std::to_string(round) + ":" + std::to_string(i);
        log->Append("t", partition, {{key, "value of " + key}}, AppendAnswers::At(answers, i));
        keys[partition].push_back(key);
      }
      for (const auto& answer : answers->Wait()) REQUIRE(answer.ok());
    }
    auto segments = damaged.Segments();
    std::string& last = segments.back();
    // What a crash leaves: some of a closing frame, or some of a block that was never answered.
    if (random() % 2 == 0) last.resize(last.size() - random() % kFrameHeaderBytes);
    if (random() % 2 == 0) last += segments.front().substr(0, random() % 200);
    if (random() % 2 == 0) last.append(random() % 2000, '\0');
    damaged.SetSegments(segments);
  }
}

TEST_CASE("A segment of another topic, or a tail longer than any block, is not taken for torn") {
  const DamagedLog damaged;
  Keys keys;
  {
    const auto log = damaged.Open();
    AppendInTurn(*log, {{0, "a"}}, &keys);
  }
  DamagedLog::SetBytes(damaged.Path(), std::string(kBlockBytes + 1, 'H'));
  const auto log = damaged.Open();
  CHECK_FALSE(KeysOf(*log, 0).has_value());
  CHECK(damaged.TornFiles().empty());
}

TEST_CASE("A payload that looks like a frame is not taken for one") {
  const DamagedLog damaged;
  Keys keys;
  {
    const auto log = damaged.Open();
    AppendInTurn(*log, {{0, "a"}}, &keys);
    // A publisher who has seen a whole frame of this very topic puts it into a record.
    const std::string frame = DamagedLog::Bytes(damaged.Path());
    REQUIRE(AppendAndWait(*log, "t", 1, {{"forged", frame + frame}}).ok());
  }
  damaged.Unclose();
  const std::string bytes = DamagedLog::Bytes(damaged.Path());
  DamagedLog::SetBytes(damaged.Path(), bytes.substr(0, bytes.size() - 1));
  const auto log = damaged.Open();
  CHECK(KeysOf(*log, 0) == keys[0]);
  CHECK(EndOffsetOf(*log, "t", 1).value() == 0);
  CHECK(damaged.TornFiles().size() == 1);
}

TEST_CASE("Any change of the identity or of a topic's declaration refuses to open") {
  const DamagedLog damaged;
  damaged.Open();
  for (const std::string& path : {damaged.folder() + "/log_id", damaged.folder() + "/topics/t/topic"}) {
    const std::string bytes = DamagedLog::Bytes(path);
    for (size_t at = 0; at < bytes.size(); ++at) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      DamagedLog::SetBytes(path, changed);
      REQUIRE(ReasonOf(damaged.TryOpen().status()) == Reason::kDataLoss);
    }
    DamagedLog::SetBytes(path, bytes);
  }
  CHECK(damaged.TryOpen().ok());
}

TEST_CASE("A log without its identity file refuses to open; an unfinished topic is begun again") {
  const DamagedLog damaged;
  damaged.Open();
  SECTION("the identity is missing beside topics") {
    std::filesystem::remove(damaged.folder() + "/log_id");
    CHECK(ReasonOf(damaged.TryOpen().status()) == Reason::kDataLoss);
  }
  SECTION("the process died while it made a topic") {
    std::filesystem::remove(damaged.folder() + "/topics/t/topic");
    CHECK(EndOffsetOf(*damaged.Open(), "t", 0).value() == 0);
  }
}

}  // namespace
}  // namespace hangou
