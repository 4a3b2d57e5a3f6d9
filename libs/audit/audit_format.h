// The bytes of the audit chain on disk. The grammar stands at the head of audit_format.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hangou {

// Bytes of a hash, of a segment's header, and of a frame without its entry.
constexpr size_t kHashBytes = 32;
constexpr size_t kSegmentHeaderBytes = 64;
constexpr size_t kFrameHeaderBytes = 24;
constexpr size_t kFrameBytes = kFrameHeaderBytes + kHashBytes;
// An entry: 256 entity hashes and some hundred positions fit; more is a mistake of the caller.
constexpr size_t kEntryBytes = 256 << 10;

// The head of a segment file.
struct SegmentHeader {
  uint64_t first_sequence = 0;
  uint64_t salt = 0;  // random: no one who fills fields of an entry can make bytes that look like a frame
  std::string previous_hash;  // of the entry before the first
};

// One entry as stored; the views are into the bytes it was decoded from.
struct AuditFrame {
  uint64_t sequence = 0;
  uint32_t place = 0;  // in its group, from 0: sequence - place is the first of the entries written with it
  std::string_view entry;
  std::string_view hash;

  size_t size() const { return kFrameBytes + entry.size(); }
};

std::string EncodeSegmentHeader(const SegmentHeader& header);
// The header at the beginning of `bytes`; none where it is incomplete or damaged.
std::optional<SegmentHeader> DecodeSegmentHeader(std::string_view bytes);

// Appends a frame to `out`.
void AppendFrame(const AuditFrame& frame, uint64_t salt, std::string* out);
// Bytes of the frame whose header stands at the beginning of `bytes`, as it says, unchecked; none where the
// header is incomplete or says more than an entry may have.
std::optional<size_t> FrameSize(std::string_view bytes);
// The frame at the beginning of `bytes`; none where it is incomplete or damaged.
std::optional<AuditFrame> DecodeFrame(std::string_view bytes, uint64_t salt);

// Name of the segment file that begins with a sequence number, and back; none where it is not such a name.
std::string SegmentName(uint64_t first_sequence);
std::optional<uint64_t> SequenceOfName(std::string_view name);

}  // namespace hangou
