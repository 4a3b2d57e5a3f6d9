// The scan against a model: random blocks over several segments, and every way to change their bytes.
#include "libs/log/topic_scan.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>

namespace hangou {
namespace {

constexpr uint64_t kSalt = 0x1234567890abcdef;
constexpr int32_t kScanPartitions = 4;
constexpr size_t kTornBytes = 1 << 20;

// A topic as it would be written, and what a reader must find in it.
struct Model {
  struct Block {
    uint32_t segment;
    uint32_t start;
    std::vector<int64_t> ends = std::vector<int64_t>(kScanPartitions);  // of the partitions, behind the block
  };
  std::vector<std::string> segments = {""};
  std::vector<Block> blocks;
  std::vector<std::vector<FrameRef>> frames = std::vector<std::vector<FrameRef>>(kScanPartitions);

  void AddBlock(std::mt19937& random, bool closing) {
    if (!closing && segments.back().size() > 400) segments.emplace_back();
    Block block{static_cast<uint32_t>(segments.size()), static_cast<uint32_t>(segments.back().size())};
    if (!blocks.empty()) block.ends = blocks.back().ends;
    std::set<int32_t> partitions;
    while (!closing && (partitions.empty() || random() % 3 > 0)) {
      partitions.insert(static_cast<int32_t>(random() % kScanPartitions));
    }
    if (closing) partitions.insert(kNoPartition);
    uint32_t index = 0;
    for (const int32_t partition : partitions) {
      FrameHeader header;
      header.segment = block.segment;
      header.position = static_cast<uint32_t>(segments.back().size());
      header.index = index++;
      header.frames = static_cast<uint32_t>(partitions.size());
      header.partition = partition;
      header.sequence = blocks.size() + 1;
      std::string payload;
      if (!closing) {
        int64_t& end = block.ends[static_cast<size_t>(partition)];
        header.base_offset = static_cast<uint64_t>(end);
        header.count = static_cast<uint32_t>(1 + random() % 3);
        end += header.count;
        for (uint32_t i = 0; i < header.count; ++i)
          AppendEntry(&payload, {"k", std::string(random() % 20, 'H')});
        frames[static_cast<size_t>(partition)].push_back(
            {header.base_offset, header.segment, header.position});
      }
      header.length = static_cast<uint32_t>(payload.size());
      header.payload_sum = FrameSum(payload, kSalt);
      AppendFrameHeader(&segments.back(), header, kSalt);
      segments.back() += payload;
    }
    blocks.push_back(block);
  }
};

Model RandomModel(std::mt19937& random, bool closed) {
  Model model;
  const unsigned blocks = 2 + random() % 8;
  for (unsigned i = 0; i < blocks; ++i) model.AddBlock(random, i > 0 && i + 1 < blocks && random() % 6 == 0);
  if (closed) model.AddBlock(random, true);
  return model;
}

TopicScanResult Scan(const std::vector<std::string>& segments) {
  TopicScan scan(kScanPartitions, kSalt, kTornBytes);
  uint32_t number = 1;
  for (const std::string& bytes : segments) scan.AddSegment(number++, bytes);
  return scan.Finish();
}

// Checks that whatever does not refuse is exactly as it was behind block `blocks - 1`.
void CheckAsBehind(const Model& model, const TopicScanResult& result, size_t blocks) {
  for (size_t p = 0; p < kScanPartitions; ++p) {
    if (!result.partitions[p].damage.empty()) continue;
    const int64_t end = blocks == 0 ? 0 : model.blocks[blocks - 1].ends[p];
    REQUIRE(static_cast<int64_t>(result.partitions[p].end) == end);
    size_t found = 0;
    for (const FrameRef& expected : model.frames[p]) {
      if (static_cast<int64_t>(expected.base_offset) >= end) break;
      REQUIRE(found < result.partitions[p].frames.size());
      const FrameRef& frame = result.partitions[p].frames[found++];
      REQUIRE(frame.base_offset == expected.base_offset);
      REQUIRE(frame.segment == expected.segment);
      REQUIRE(frame.position == expected.position);
    }
    REQUIRE(found == result.partitions[p].frames.size());
  }
}

void CheckWhole(const Model& model) {
  const TopicScanResult result = Scan(model.segments);
  REQUIRE(result.damage.empty());
  REQUIRE_FALSE(result.torn.has_value());
  REQUIRE(result.next_sequence == model.blocks.size() + 1);
  for (const PartitionIndex& partition : result.partitions) REQUIRE(partition.damage.empty());
  CheckAsBehind(model, result, model.blocks.size());
}

// Checks a topic whose last block alone was changed.
void CheckTorn(const Model& model, const TopicScanResult& result) {
  const Model::Block& last = model.blocks.back();
  REQUIRE(result.damage.empty());
  REQUIRE(result.end == last.start);
  REQUIRE(result.torn.has_value());
  REQUIRE(result.torn->segment == last.segment);
  REQUIRE(result.torn->position == last.start);
  REQUIRE(result.next_sequence == model.blocks.size());
  for (const PartitionIndex& partition : result.partitions) REQUIRE(partition.damage.empty());
  CheckAsBehind(model, result, model.blocks.size() - 1);
}

TEST_CASE("A last block that is cut short anywhere is torn, and only it") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 30; ++round) {
    const Model model = RandomModel(random, round % 2 == 0);
    CheckWhole(model);
    auto segments = model.segments;
    while (segments.back().size() > model.blocks.back().start + 1) {
      segments.back().pop_back();
      CheckTorn(model, Scan(segments));
    }
    segments.back().pop_back();
    CheckAsBehind(model, Scan(segments), model.blocks.size() - 1);
  }
}

TEST_CASE("A changed byte is torn in the last block, and refused or harmless before it") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  size_t attributed = 0;
  for (int round = 0; round < 30; ++round) {
    const Model model = RandomModel(random, round % 2 == 0);
    const Model::Block& last = model.blocks.back();
    for (size_t s = 0; s < model.segments.size(); ++s) {
      for (size_t at = 0; at < model.segments[s].size(); ++at) {
        auto segments = model.segments;
        segments[s][at] = static_cast<char>(segments[s][at] ^ (1 << random() % 8));
        const TopicScanResult result = Scan(segments);
        if (s + 1 == last.segment && at >= last.start) {
          CheckTorn(model, result);
          continue;
        }
        REQUIRE_FALSE(result.torn.has_value());
        if (!result.damage.empty()) continue;
        const auto whole = std::count_if(result.partitions.begin(), result.partitions.end(),
                                         [](const PartitionIndex& p) { return p.damage.empty(); });
        REQUIRE(whole >= kScanPartitions - 1);
        attributed += whole == kScanPartitions - 1 ? 1 : 0;
        CheckAsBehind(model, result, model.blocks.size());
      }
    }
  }
  CHECK(attributed > 1000);
}

TEST_CASE("A zeroed range is torn in the last block, and never yields wrong data before it") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    const Model model = RandomModel(random, false);
    const Model::Block& last = model.blocks.back();
    auto segments = model.segments;
    std::string& bytes = segments[random() % segments.size()];
    const size_t at = random() % bytes.size();
    const bool in_last = &bytes == &segments.back() && last.segment == segments.size();
    const bool last_only = in_last && at >= last.start;
    // Not over the beginning of the last block: what is lost as a whole with all behind it has left no trace.
    const size_t limit = in_last && !last_only ? last.start : bytes.size();
    const size_t length = std::min<size_t>(1 + random() % 300, limit - at);
    const std::string before = bytes.substr(at, length);
    bytes.replace(at, length, std::string(length, '\0'));
    if (before == std::string(length, '\0')) continue;
    const TopicScanResult result = Scan(segments);
    if (in_last && bytes.find_first_not_of('\0', last.start) == std::string::npos) {
      REQUIRE_FALSE(result.torn.has_value());
      REQUIRE(result.end == last.start);
      CheckAsBehind(model, result, model.blocks.size() - 1);
    } else if (last_only) {
      CheckTorn(model, result);
    } else if (result.damage.empty()) {
      REQUIRE_FALSE(result.torn.has_value());
      CheckAsBehind(model, result, model.blocks.size());
    }
  }
}

TEST_CASE(
    "Zeros that were written ahead mean nothing, behind a whole block, a torn one, and in earlier segments") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    const Model model = RandomModel(random, round % 2 == 0);
    Model ahead = model;
    for (std::string& bytes : ahead.segments) bytes.append(random() % 300, '\0');
    CheckWhole(ahead);
    REQUIRE(Scan(ahead.segments).end == model.segments.back().size());
    // Of the last block some bytes came, and zeros stand where the others should be.
    auto segments = model.segments;
    const size_t start = model.blocks.back().start;
    const size_t kept = 1 + random() % (segments.back().size() - start - 1);
    if (segments.back().find_first_not_of('\0', start + kept) == std::string::npos) continue;
    segments.back().resize(start + kept);
    segments.back().append(random() % 1000, '\0');
    CheckTorn(model, Scan(segments));
  }
}

TEST_CASE("Left-overs of a block that was undone and written again are cut") {
  std::mt19937 random(7);
  Model model;
  model.AddBlock(random, false);
  const Model before = model;
  model.AddBlock(random, false);
  const std::string undone = model.segments.back().substr(before.segments.back().size());
  Model again = before;
  again.AddBlock(random, true);
  auto segments = again.segments;
  REQUIRE(undone.size() > kFrameHeaderBytes);
  segments.back() += undone.substr(kFrameHeaderBytes);
  const TopicScanResult result = Scan(segments);
  REQUIRE(result.torn.has_value());
  CHECK(result.torn->position == again.segments.back().size());
  CheckAsBehind(again, result, again.blocks.size());
}

}  // namespace
}  // namespace hangou
