// Reads the segments of a topic when it is opened: what is whole, what is torn, what is damaged. Pure: no
// files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/log/log_format.h"

namespace hangou {

// Where a frame is: one per frame in memory.
struct FrameRef {
  uint64_t base_offset = 0;
  uint32_t segment = 0;
  uint32_t position = 0;
};

// The frames of a partition, in order of their offsets.
struct PartitionIndex {
  std::vector<FrameRef> frames;
  uint64_t end = 0;    // offset behind the last entry
  std::string damage;  // empty, or the place that is damaged
};

// A torn tail: what lies from `position` on in segment `segment` was never acknowledged.
struct TornTail {
  uint32_t segment = 0;
  uint32_t position = 0;
};

// What a scan found.
struct TopicScanResult {
  std::vector<PartitionIndex> partitions;
  std::string damage;  // not empty: damage that cannot be attributed; every partition refuses
  std::optional<TornTail> torn;
  uint32_t end = 0;  // of what is kept of the last segment
  uint64_t next_sequence = 1;
  bool closed = true;  // nothing, or a closing frame, stands at the end
};

// Reads segments in order. Add every segment from number 1, then Finish once. Not thread-safe.
//
// Invariant: frames that follow each other have (sequence, index) that follow each other; the scan accepts a
// frame only where these grow, and counts what is missing between two. A missing frame is attributed to the
// partition whose offsets have a gap; where there are fewer gaps than missing frames, somebody's newest
// entries may be missing, and the topic refuses as a whole.
class TopicScan {
 public:
  // `salt` of the topic; a tail longer than `torn_bytes` is damage, as no block is that long.
  TopicScan(int32_t partitions, uint64_t salt, size_t torn_bytes);

  // Takes the next segment, of less than 4 GiB.
  void AddSegment(uint32_t number, std::string_view bytes);
  // Notes damage that concerns every partition, such as a missing segment.
  void Damage(const std::string& place);
  // Decides about the end and gives the result.
  TopicScanResult Finish();

 private:
  // A frame of the block that is being read.
  struct Frame {
    FrameHeader header;
    bool whole;  // its payload is as it was written
  };

  bool Follows(const FrameHeader& header) const;
  void DropZeros(std::string_view bytes);
  void Take(const FrameHeader& header, bool whole);
  void BeginBlock(const FrameHeader& header);
  bool OnlyClosingFrameSkipped(const FrameHeader& header) const;
  bool BlockIsWhole() const;
  void CommitBlock();
  void CommitFrame(const Frame& frame);
  void DecideEnd();
  void Cut(uint32_t position);
  std::string Place(uint32_t segment, uint32_t position) const;

  const uint64_t salt_;
  const size_t torn_bytes_;
  TopicScanResult result_;
  uint32_t segment_ = 0;      // being read
  uint32_t size_ = 0;         // of that segment
  uint32_t whole_end_ = 0;    // end of the last accepted frame in it
  uint64_t skipped_ = 0;      // bytes since the last accepted frame, across segments
  std::string unproven_end_;  // a segment ended in bytes that nothing explains yet

  std::vector<Frame> block_;    // accepted frames of the newest block
  uint32_t block_start_ = 0;    // where it begins
  uint64_t block_missing_ = 0;  // frames missing before and between them
  uint64_t last_sequence_ = 0;  // of the newest block
  uint64_t missing_ = 0;        // frames missing in all committed blocks
  uint64_t gaps_ = 0;           // gaps of offsets, each of one partition
  std::string first_missing_;
};

// Name of the file of a segment.
std::string SegmentName(uint32_t number);

}  // namespace hangou
