#include "libs/log/topic_scan.h"

#include <algorithm>
#include <utility>

namespace hangou {
namespace {

constexpr int kSegmentDigits = 8;

}  // namespace

std::string SegmentName(uint32_t number) {
  const std::string digits = std::to_string(number);
  const size_t zeros = digits.size() < kSegmentDigits ? kSegmentDigits - digits.size() : 0;
  return std::string(zeros, '0') + digits + ".seg";
}

TopicScan::TopicScan(int32_t partitions, uint64_t salt, size_t torn_bytes)
    : salt_(salt), torn_bytes_(torn_bytes) {
  result_.partitions.resize(static_cast<size_t>(partitions));
}

void TopicScan::AddSegment(uint32_t number, std::string_view bytes) {
  // A segment is left only when its last block is durable, so it ends with a whole block.
  if (segment_ != 0 && whole_end_ < size_) unproven_end_ = Place(segment_, whole_end_);
  segment_ = number;
  size_ = static_cast<uint32_t>(bytes.size());
  whole_end_ = 0;
  uint32_t at = 0;
  while (at < size_) {
    const auto header = ParseFrameHeader(bytes.substr(at), salt_, number, at);
    if (!header || !Follows(*header)) {
      // Not a frame: look for the next byte at which one could begin.
      const size_t next = bytes.find(kFrameFirstByte, at + 1);
      const uint32_t skip_to = next == std::string_view::npos ? size_ : static_cast<uint32_t>(next);
      skipped_ += skip_to - at;
      at = skip_to;
      continue;
    }
    const std::string_view payload = bytes.substr(at + kFrameHeaderBytes, header->length);
    Take(*header, payload.size() == header->length && FrameSum(payload, salt_) == header->payload_sum);
    at += static_cast<uint32_t>(kFrameHeaderBytes + payload.size());
    whole_end_ = at;
  }
  DropZeros(bytes);
}

// Zeros at the end were written ahead, and no block came to take their place.
void TopicScan::DropZeros(std::string_view bytes) {
  if (bytes.find_first_not_of('\0', whole_end_) != std::string_view::npos) return;
  skipped_ -= size_ - whole_end_;
  size_ = whole_end_;
}

void TopicScan::Damage(const std::string& place) {
  if (result_.damage.empty()) result_.damage = place;
}

bool TopicScan::Follows(const FrameHeader& header) const {
  if (header.sequence != last_sequence_) return header.sequence > last_sequence_;
  return !block_.empty() && header.index > block_.back().header.index &&
         header.frames == block_.back().header.frames;
}

void TopicScan::Take(const FrameHeader& header, bool whole) {
  if (header.sequence != last_sequence_) {
    BeginBlock(header);
  } else {
    block_missing_ += header.index - block_.back().header.index - 1;
  }
  if (block_missing_ > 0 && first_missing_.empty()) first_missing_ = Place(segment_, whole_end_);
  block_.push_back({header, whole});
  skipped_ = 0;
}

void TopicScan::BeginBlock(const FrameHeader& header) {
  const bool explained = header.sequence == last_sequence_ + 1 || OnlyClosingFrameSkipped(header);
  if (!explained) Damage(Place(segment_, whole_end_));
  if (explained) unproven_end_.clear();
  // The frames before the first that was found: they begin where the block before ended, if that is known.
  const bool previous_complete =
      block_.empty() || block_.back().header.index + 1 == block_.back().header.frames;
  block_start_ = header.index > 0 && previous_complete ? whole_end_ : header.position;
  CommitBlock();
  last_sequence_ = header.sequence;
  block_missing_ = header.index;
}

bool TopicScan::OnlyClosingFrameSkipped(const FrameHeader& header) const {
  // Only a closing frame is that short: a damaged one loses nothing.
  return header.sequence == last_sequence_ + 2 && header.index == 0 && skipped_ == kFrameHeaderBytes &&
         (block_.empty() || block_.back().header.index + 1 == block_.back().header.frames);
}

bool TopicScan::BlockIsWhole() const {
  return block_missing_ == 0 && block_.back().header.index + 1 == block_.back().header.frames &&
         std::all_of(block_.begin(), block_.end(), [](const Frame& frame) { return frame.whole; });
}

void TopicScan::CommitBlock() {
  if (block_.empty()) return;
  const FrameHeader& last = block_.back().header;
  const uint32_t cut_off = last.frames - 1 - last.index;
  if (cut_off > 0 && first_missing_.empty()) first_missing_ = Place(last.segment, last.position);
  missing_ += block_missing_ + cut_off;
  for (const Frame& frame : block_) CommitFrame(frame);
  block_.clear();
  block_missing_ = 0;
}

void TopicScan::CommitFrame(const Frame& frame) {
  const FrameHeader& header = frame.header;
  const std::string place = frame.whole ? "" : Place(header.segment, header.position);
  result_.closed = header.partition == kNoPartition;
  if (header.partition == kNoPartition) return;
  if (header.partition < 0 || static_cast<size_t>(header.partition) >= result_.partitions.size()) {
    return Damage(Place(header.segment, header.position));
  }
  PartitionIndex& partition = result_.partitions[static_cast<size_t>(header.partition)];
  if (header.base_offset < partition.end) return Damage(Place(header.segment, header.position));
  if (header.base_offset > partition.end) {
    ++gaps_;
    if (partition.damage.empty()) partition.damage = "before " + Place(header.segment, header.position);
  }
  if (!frame.whole && partition.damage.empty()) partition.damage = place;
  partition.frames.push_back({header.base_offset, header.segment, header.position});
  partition.end = header.base_offset + header.count;
}

void TopicScan::Cut(uint32_t position) {
  if (size_ - position > torn_bytes_) return Damage(Place(segment_, position));
  result_.torn = TornTail{segment_, position};
}

void TopicScan::DecideEnd() {
  const bool in_last_segment = !block_.empty() && block_.front().header.segment == segment_;
  if (in_last_segment && !BlockIsWhole()) {
    last_sequence_ = block_.front().header.sequence - 1;
    block_.clear();
    result_.end = block_start_;
    return Cut(block_start_);
  }
  CommitBlock();
  result_.end = in_last_segment ? whole_end_ : 0;
  if (result_.end < size_) Cut(result_.end);
}

TopicScanResult TopicScan::Finish() {
  DecideEnd();
  if (!unproven_end_.empty()) Damage(unproven_end_);
  if (gaps_ != missing_) Damage(first_missing_.empty() ? Place(segment_, whole_end_) : first_missing_);
  if (!result_.damage.empty()) result_.torn.reset();
  result_.next_sequence = last_sequence_ + 1;
  return std::move(result_);
}

std::string TopicScan::Place(uint32_t segment, uint32_t position) const {
  return SegmentName(segment) + " at byte " + std::to_string(position);
}

}  // namespace hangou
