// The protobuf wire format, as far as flat payloads use it: reading and writing varints and fields. Internal
// to this library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hangou {

constexpr uint32_t kWireVarint = 0;
constexpr uint32_t kWireBytes = 2;
// Highest field number of the wire format.
constexpr uint64_t kWireNumberMax = (1u << 29) - 1;
// Bytes of the longest varint: 64 bits, 7 to a byte.
constexpr int kVarintBytes = 10;

// The part of ReadVarint behind the first byte, which is at `at` and has its top bit set.
inline const char* ReadLongVarint(const char* at, const char* end, uint64_t* value) {
  uint64_t result = static_cast<uint8_t>(*at) & 0x7F;
  for (int i = 1; i < kVarintBytes && at + i < end; ++i) {
    const auto byte = static_cast<uint8_t>(at[i]);
    result |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      // A last byte of zero adds nothing, and the tenth has room for the 64th bit only.
      if (byte == 0 || (i == kVarintBytes - 1 && byte > 1)) return nullptr;
      *value = result;
      return at + i + 1;
    }
  }
  return nullptr;
}

// Reads a varint in its shortest form; returns the place behind it, or null where it is cut off, overlong or
// beyond 64 bits.
inline const char* ReadVarint(const char* at, const char* end, uint64_t* value) {
  if (at == end) return nullptr;
  const auto byte = static_cast<uint8_t>(*at);
  if (byte >= 0x80) return ReadLongVarint(at, end, value);
  *value = byte;
  return at + 1;
}

// Appends a varint in its shortest form.
inline void AppendVarint(uint64_t value, std::string* out) {
  char bytes[kVarintBytes];
  int size = 0;
  for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<char>(value | 0x80);
  bytes[size++] = static_cast<char>(value);
  out->append(bytes, size);
}

// What is wrong with the bytes of a field.
enum class WireFault : uint8_t { kNone, kTag, kNumber, kWireType, kVarint, kLength };

// One field as it stands on the wire.
struct WireField {
  uint32_t number = 0;
  bool is_bytes = false;
  uint64_t scalar = 0;       // of a varint
  std::string_view bytes;    // of a length-delimited value
  std::string_view encoded;  // tag and value
};

// Reads the field at the head of `rest` and moves `rest` behind it. `rest` must not be empty.
inline WireFault ReadWireField(std::string_view* rest, WireField* field) {
  const char* const start = rest->data();
  const char* const end = start + rest->size();
  uint64_t tag = 0;
  const char* at = ReadVarint(start, end, &tag);
  if (at == nullptr) return WireFault::kTag;
  if (tag >> 3 == 0 || tag >> 3 > kWireNumberMax) return WireFault::kNumber;
  field->number = static_cast<uint32_t>(tag >> 3);
  field->is_bytes = (tag & 7) == kWireBytes;
  if (!field->is_bytes && (tag & 7) != kWireVarint) return WireFault::kWireType;
  at = ReadVarint(at, end, &field->scalar);
  if (at == nullptr) return field->is_bytes ? WireFault::kLength : WireFault::kVarint;
  if (field->is_bytes) {
    if (field->scalar > static_cast<uint64_t>(end - at)) return WireFault::kLength;
    field->bytes = {at, static_cast<size_t>(field->scalar)};
    at += field->scalar;
  }
  field->encoded = {start, static_cast<size_t>(at - start)};
  *rest = {at, static_cast<size_t>(end - at)};
  return WireFault::kNone;
}

}  // namespace hangou
