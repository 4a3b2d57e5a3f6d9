// The bytes of the embedded log: frames, blocks and segments. The grammar stands at the head of
// log_format.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/log/log.h"

namespace hangou {

// Bytes of a frame header.
constexpr size_t kFrameHeaderBytes = 64;
// The first byte of every frame, for those that look for one.
constexpr char kFrameFirstByte = 'H';
// The partition of a closing frame: it belongs to none.
constexpr int32_t kNoPartition = -1;

// The header of a frame, decoded.
struct FrameHeader {
  uint32_t segment = 0;   // number of the segment that it was written to
  uint32_t position = 0;  // of its first byte in the segment
  uint32_t index = 0;     // place in its block, from 0
  uint32_t frames = 1;    // frames of its block
  int32_t partition = kNoPartition;
  uint64_t sequence = 0;     // of its block in the topic, from 1
  uint64_t base_offset = 0;  // of its first entry in the partition
  uint32_t count = 0;        // entries
  uint32_t length = 0;       // bytes of payload
  uint64_t payload_sum = 0;
};

// Checksum of bytes under the topic's salt.
uint64_t FrameSum(std::string_view bytes, uint64_t salt);
// Appends the encoded header, sealed with its checksum.
void AppendFrameHeader(std::string* out, const FrameHeader& header, uint64_t salt);
// Decodes a header at the beginning of `bytes`; none where it is short, altered, made under another salt, or
// was written to another place than `segment` and `position`.
std::optional<FrameHeader> ParseFrameHeader(std::string_view bytes, uint64_t salt, uint32_t segment,
                                            uint32_t position);

// Appends one entry to a payload.
void AppendEntry(std::string* out, const LogEntry& entry);
// Bytes that AppendEntry will append at most.
size_t EntryBound(const LogEntry& entry);
// Walks the entries of a payload. The payload must outlive it. Not thread-safe.
class EntryWalk {
 public:
  explicit EntryWalk(std::string_view payload) : rest_(payload) {}
  // The next entry as views into the payload; false at the end or where the bytes are malformed.
  bool Next(std::string_view* key, std::optional<std::string_view>* value);
  // True where all bytes were walked.
  bool AtEnd() const { return rest_.empty(); }

 private:
  bool TakeNumber(uint32_t* number);
  bool TakeBytes(size_t count, std::string_view* bytes);

  std::string_view rest_;
};

}  // namespace hangou
