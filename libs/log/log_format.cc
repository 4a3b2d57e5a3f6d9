// The format of the embedded log, version 1. Numbers are little-endian.
//
//   log      := "log_id" file, "lock" file, "topics" folder with one folder per topic
//   log_id file := "hangou-log 1\n" "id " HEX32 "\n" "created " INSTANT "\n" "sum " HEX16 "\n"
//   topic    := "topic" file, segment+, torn*
//   topic file := "hangou-log-topic 1\n" "partitions " N "\n" "salt " HEX16 "\n" "sum " HEX16 "\n"
//   segment  := block* 0*         named NNNNNNNN.seg, numbered from 1 without gaps; zeros were written ahead
//   block    := frame{frames}     at most one per partition, in the order of partitions; committed by one
//   fdatasync
//             | closing frame     frames = 1, partition = -1, no payload: the log was closed behind what
//             precedes it
//   frame    := header payload
//   header   := magic:u32 "HGF1", segment:u32, position:u32, index:u32, frames:u32, partition:i32,
//   sequence:u64,
//               base_offset:u64, count:u32, length:u32, payload_sum:u64, header_sum:u64
//   payload  := entry{count}
//   entry    := key_length:varint key_bytes value_size:varint value_bytes
//               value_size is 0 for a tombstone, else the length of the value plus 1
//   torn     := what was cut from the end of a segment when the log was opened, named SEGMENT@POSITION.torn
//
// The sums are XXH3_64 seeded with the topic's salt, which never leaves the installation: a payload cannot
// contain bytes that pass for a frame. `sequence` counts blocks from 1 across segments, `index` counts frames
// in the block, so that what is missing between two valid frames is known. A block is begun only when the one
// before it is durable: so at most the last block of the last segment can be torn, and anything wrong before
// it is damage. A change of this format raises the version in the topic file, so that an older program
// refuses the topic instead of taking its end for torn.
#include "libs/log/log_format.h"

#include <xxhash.h>

#include <cstring>

namespace hangou {
namespace {

constexpr uint32_t kFrameMagic = 0x31464748;  // "HGF1"
constexpr size_t kSummedHeaderBytes = kFrameHeaderBytes - 8;
constexpr int kVarintBytes = 5;

void AppendFixed32(std::string* out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

void AppendFixed64(std::string* out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

uint64_t ReadFixed(std::string_view bytes, size_t at, int count) {
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; --i)
    value = value << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
  return value;
}

uint32_t Read32(std::string_view bytes, size_t at) { return static_cast<uint32_t>(ReadFixed(bytes, at, 4)); }
uint64_t Read64(std::string_view bytes, size_t at) { return ReadFixed(bytes, at, 8); }

void AppendVarint(std::string* out, uint32_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

}  // namespace

uint64_t FrameSum(std::string_view bytes, uint64_t salt) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), salt);
}

void AppendFrameHeader(std::string* out, const FrameHeader& header, uint64_t salt) {
  const size_t start = out->size();
  AppendFixed32(out, kFrameMagic);
  AppendFixed32(out, header.segment);
  AppendFixed32(out, header.position);
  AppendFixed32(out, header.index);
  AppendFixed32(out, header.frames);
  AppendFixed32(out, static_cast<uint32_t>(header.partition));
  AppendFixed64(out, header.sequence);
  AppendFixed64(out, header.base_offset);
  AppendFixed32(out, header.count);
  AppendFixed32(out, header.length);
  AppendFixed64(out, header.payload_sum);
  AppendFixed64(out, FrameSum(std::string_view(*out).substr(start, kSummedHeaderBytes), salt));
}

std::optional<FrameHeader> ParseFrameHeader(std::string_view bytes, uint64_t salt, uint32_t segment,
                                            uint32_t position) {
  if (bytes.size() < kFrameHeaderBytes || Read32(bytes, 0) != kFrameMagic) return std::nullopt;
  if (Read64(bytes, kSummedHeaderBytes) != FrameSum(bytes.substr(0, kSummedHeaderBytes), salt))
    return std::nullopt;
  FrameHeader header;
  header.segment = Read32(bytes, 4);
  header.position = Read32(bytes, 8);
  header.index = Read32(bytes, 12);
  header.frames = Read32(bytes, 16);
  header.partition = static_cast<int32_t>(Read32(bytes, 20));
  header.sequence = Read64(bytes, 24);
  header.base_offset = Read64(bytes, 32);
  header.count = Read32(bytes, 40);
  header.length = Read32(bytes, 44);
  header.payload_sum = Read64(bytes, 48);
  if (header.segment != segment || header.position != position) return std::nullopt;
  if (header.index >= header.frames || header.sequence == 0) return std::nullopt;
  return header;
}

void AppendEntry(std::string* out, const LogEntry& entry) {
  AppendVarint(out, static_cast<uint32_t>(entry.key.size()));
  out->append(entry.key);
  AppendVarint(out, entry.value ? static_cast<uint32_t>(entry.value->size()) + 1 : 0);
  if (entry.value) out->append(*entry.value);
}

size_t EntryBound(const LogEntry& entry) {
  return 2 * kVarintBytes + entry.key.size() + (entry.value ? entry.value->size() : 0);
}

bool EntryWalk::TakeNumber(uint32_t* number) {
  uint64_t value = 0;
  for (int i = 0; i < kVarintBytes && static_cast<size_t>(i) < rest_.size(); ++i) {
    const auto byte = static_cast<uint8_t>(rest_[static_cast<size_t>(i)]);
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    if (value > UINT32_MAX) return false;
    rest_.remove_prefix(static_cast<size_t>(i) + 1);
    *number = static_cast<uint32_t>(value);
    return true;
  }
  return false;
}

bool EntryWalk::TakeBytes(size_t count, std::string_view* bytes) {
  if (rest_.size() < count) return false;
  *bytes = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return true;
}

bool EntryWalk::Next(std::string_view* key, std::optional<std::string_view>* value) {
  uint32_t key_length = 0;
  uint32_t value_size = 0;
  if (!TakeNumber(&key_length) || !TakeBytes(key_length, key) || !TakeNumber(&value_size)) return false;
  *value = std::nullopt;
  if (value_size == 0) return true;
  std::string_view bytes;
  if (!TakeBytes(value_size - 1, &bytes)) return false;
  *value = bytes;
  return true;
}

}  // namespace hangou
