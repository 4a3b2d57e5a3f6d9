// How a block of a column stands in a file. All numbers are little-endian; varints as in protobuf.
//
//   numbers  = presence count:varint packed
//   presence = 0 | 1 bitmap              every row has a value | a bit per row, the lowest first
//   packed   = base:8 width:1 bits       value = base + width bits, modulo 2^64; width 0: all are the base
//   texts    = presence count:varint distinct:varint lengths:packed bytes codes:packed
//   keys     = distinct:varint bytes:varint runs:packed { shared:varint suffix:varint bytes }
//              ascending keys, each as what differs from the one before; `runs` are the rows of each, less one
//   raw      = 8 bytes per row
//
// Packed bits are followed by 8 bytes of zeros, so that a value is read as one word. What is read is checked
// against the bounds: damaged bytes give an error, never a wild read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hangou {

// Rows of a block: those of some sources fit the second-level cache, and one look-up does not read much.
constexpr uint32_t kBlockRows = 2'048;
// Bytes of a text: those of the longest field.
constexpr size_t kColumnTextBytes = 64 << 10;
// Bytes of a key: some identifiers. A block of the longest keys takes 16 MiB.
constexpr size_t kColumnKeyBytes = 2 << 10;

// Bytes behind the keys of a block that may be read, so that a key is compared and copied in words.
constexpr size_t kKeyPadding = 16;

// Numbers of a block. Where a row has none, its number is 0.
struct NumberColumn {
  std::vector<int64_t> numbers;
  std::vector<uint8_t> present;  // per row; empty: every row has one
};

// Texts of a block: row i has `texts[codes[i]]`. The views are of the bytes that were decoded.
struct TextColumn {
  std::vector<std::string_view> texts;
  std::vector<uint32_t> codes;
  std::vector<uint8_t> present;
};

// Keys of a block, ascending: key i is of the rows from `ends[i - 1]` to `ends[i]`.
struct KeyColumn {
  std::string bytes;              // kKeyPadding more than the keys have
  std::vector<uint32_t> offsets;  // one more than keys
  std::vector<uint32_t> ends;

  size_t size() const { return ends.size(); }
  std::string_view key(size_t i) const { return {bytes.data() + offsets[i], offsets[i + 1] - offsets[i]}; }
};

// `present` is empty where every row has a value.
void EncodeNumbers(std::span<const int64_t> numbers, std::span<const uint8_t> present, std::string* out);
void EncodeTexts(std::span<const std::string_view> texts, std::span<const uint8_t> present, std::string* out);
// Encodes the keys of rows. Not thread-safe.
class KeyEncoder {
 public:
  // The key of the next row: ascending, equal ones side by side.
  void Add(std::string_view key);
  // Appends what was added, and begins anew.
  void Take(std::string* out);

 private:
  std::vector<uint64_t> runs_;  // of each key the rows behind its first
  std::string differing_;       // of each key what it does not share with the one before
  std::string before_;
  uint64_t total_ = 0;
};
void EncodeRaw(std::span<const uint64_t> words, std::string* out);

// Each reads what was written for `rows` rows; false where it is not that.
bool DecodeNumbers(std::string_view bytes, uint32_t rows, NumberColumn* column);
bool DecodeTexts(std::string_view bytes, uint32_t rows, TextColumn* column);
bool DecodeKeys(std::string_view bytes, uint32_t rows, KeyColumn* column);
bool DecodeRaw(std::string_view bytes, uint32_t rows, std::vector<uint64_t>* words);

}  // namespace hangou
