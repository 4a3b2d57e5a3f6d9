#include "libs/columnar/encoding.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>

namespace hangou {
namespace {

static_assert(std::endian::native == std::endian::little, "words are copied as they stand");

constexpr size_t kWordBytes = 8;
// A value of more bits, behind up to 7 others, would not fit one word.
constexpr int kWidestPacked = 57;
constexpr int kFullWidth = 64;

void AppendWord(uint64_t word, std::string* out) {
  out->append(reinterpret_cast<const char*>(&word), kWordBytes);
}

void AppendCount(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

// Takes parts from the front of some bytes; false where they are too few.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  size_t left() const { return static_cast<size_t>(end_ - at_); }
  bool Word(uint64_t* word) {
    if (left() < kWordBytes) return false;
    std::memcpy(word, at_, kWordBytes);
    at_ += kWordBytes;
    return true;
  }
  bool Byte(uint8_t* byte) {
    if (at_ == end_) return false;
    *byte = static_cast<uint8_t>(*at_++);
    return true;
  }
  bool Count(uint64_t most, uint64_t* value) {
    uint64_t result = 0;
    for (int shift = 0; shift < 35 && at_ != end_; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      result |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) {
        *value = result;
        return result <= most;
      }
    }
    return false;
  }
  bool Bytes(size_t size, std::string_view* bytes) {
    if (left() < size) return false;
    *bytes = {at_, size};
    at_ += size;
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

void EncodePacked(std::span<const uint64_t> values, std::string* out) {
  uint64_t base = 0;
  int width = 0;
  if (!values.empty()) {
    // As signed numbers: what is around zero lies side by side.
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (const uint64_t value : values) {
      least = std::min(least, static_cast<int64_t>(value));
      most = std::max(most, static_cast<int64_t>(value));
    }
    base = static_cast<uint64_t>(least);
    width = std::bit_width(static_cast<uint64_t>(most) - base);
    if (width > kWidestPacked) width = kFullWidth;
  }
  AppendWord(base, out);
  out->push_back(static_cast<char>(width));
  if (width == 0) return;
  const size_t begin = out->size();
  out->resize(begin + (values.size() * static_cast<size_t>(width) + 7) / 8 + kWordBytes, '\0');
  char* const bits = out->data() + begin;
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t packed = values[i] - base;
    const size_t bit = i * static_cast<size_t>(width);
    uint64_t word;
    std::memcpy(&word, bits + bit / 8, kWordBytes);
    word |= packed << (bit % 8);
    std::memcpy(bits + bit / 8, &word, kWordBytes);
  }
}

// Calls take(i, value) for each.
template <typename Take>
bool DecodePacked(ByteReader* reader, size_t count, Take take) {
  uint64_t base = 0;
  uint8_t width = 0;
  if (!reader->Word(&base) || !reader->Byte(&width)) return false;
  if (width == 0) {
    for (size_t i = 0; i < count; ++i) take(i, base);
    return true;
  }
  if (width > kWidestPacked && width != kFullWidth) return false;
  std::string_view bits;
  if (!reader->Bytes((count * width + 7) / 8 + kWordBytes, &bits)) return false;
  const uint64_t mask = width == kFullWidth ? ~0ull : (1ull << width) - 1;
  size_t bit = 0;
  for (size_t i = 0; i < count; ++i, bit += width) {
    uint64_t word;
    std::memcpy(&word, bits.data() + bit / 8, kWordBytes);
    take(i, base + ((word >> (bit % 8)) & mask));
  }
  return true;
}

void EncodePresence(std::span<const uint8_t> present, std::string* out) {
  if (std::find(present.begin(), present.end(), 0) == present.end()) {
    out->push_back(0);
    return;
  }
  out->push_back(1);
  const size_t begin = out->size();
  out->resize(begin + (present.size() + 7) / 8, '\0');
  for (size_t i = 0; i < present.size(); ++i) {
    if (present[i] != 0) (*out)[begin + i / 8] = static_cast<char>((*out)[begin + i / 8] | (1 << (i % 8)));
  }
}

// `count` becomes how many rows have a value.
bool DecodePresence(ByteReader* reader, uint32_t rows, std::vector<uint8_t>* present, uint64_t* count) {
  uint8_t kind = 0;
  present->clear();
  if (!reader->Byte(&kind) || kind > 1) return false;
  uint64_t seen = rows;
  if (kind == 1) {
    std::string_view bits;
    if (!reader->Bytes((rows + 7) / 8, &bits)) return false;
    present->resize(rows);
    seen = 0;
    for (uint32_t i = 0; i < rows; ++i) {
      const uint8_t bit = (static_cast<uint8_t>(bits[i / 8]) >> (i % 8)) & 1;
      (*present)[i] = bit;
      seen += bit;
    }
  }
  return reader->Count(rows, count) && *count == seen;
}

// Moves the values of the rows that have one to their rows.
template <typename T>
void Spread(const std::vector<uint8_t>& present, size_t count, std::vector<T>* values) {
  if (present.empty()) return;
  values->resize(present.size());
  for (size_t row = present.size(), next = count; row-- > 0;)
    (*values)[row] = present[row] != 0 ? (*values)[--next] : T{};
}

// Copies bytes of which mostly few are wanted: kKeyPadding bytes may be read and written.
void CopyShort(const char* from, size_t size, char* to) {
  if (size > kKeyPadding) {
    std::memmove(to, from, size);
    return;
  }
  char bytes[kKeyPadding];
  std::memcpy(bytes, from, kKeyPadding);
  std::memcpy(to, bytes, kKeyPadding);
}

}  // namespace

void EncodeNumbers(std::span<const int64_t> numbers, std::span<const uint8_t> present, std::string* out) {
  EncodePresence(present, out);
  std::vector<uint64_t> values;
  values.reserve(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (present.empty() || present[i] != 0) values.push_back(static_cast<uint64_t>(numbers[i]));
  }
  AppendCount(values.size(), out);
  EncodePacked(values, out);
}

bool DecodeNumbers(std::string_view bytes, uint32_t rows, NumberColumn* column) {
  ByteReader reader(bytes);
  uint64_t count = 0;
  if (!DecodePresence(&reader, rows, &column->present, &count)) return false;
  column->numbers.resize(std::max<size_t>(rows, count));
  int64_t* const numbers = column->numbers.data();
  if (!DecodePacked(&reader, count,
                    [numbers](size_t i, uint64_t value) { numbers[i] = static_cast<int64_t>(value); }))
    return false;
  Spread(column->present, count, &column->numbers);
  return reader.left() == 0;
}

void EncodeTexts(std::span<const std::string_view> texts, std::span<const uint8_t> present,
                 std::string* out) {
  EncodePresence(present, out);
  std::unordered_map<std::string_view, uint64_t> codes_of;
  std::vector<uint64_t> codes, lengths;
  std::string bytes;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!present.empty() && present[i] == 0) continue;
    const auto [known, is_new] = codes_of.try_emplace(texts[i], codes_of.size());
    codes.push_back(known->second);
    if (!is_new) continue;
    lengths.push_back(texts[i].size());
    bytes += texts[i];
  }
  AppendCount(codes.size(), out);
  AppendCount(lengths.size(), out);
  EncodePacked(lengths, out);
  *out += bytes;
  EncodePacked(codes, out);
}

bool DecodeTexts(std::string_view bytes, uint32_t rows, TextColumn* column) {
  ByteReader reader(bytes);
  uint64_t count = 0, distinct = 0;
  if (!DecodePresence(&reader, rows, &column->present, &count) || !reader.Count(count, &distinct))
    return false;
  std::vector<uint64_t> lengths(distinct);
  if (!DecodePacked(&reader, distinct, [&](size_t i, uint64_t value) { lengths[i] = value; })) return false;
  column->texts.resize(distinct);
  for (size_t i = 0; i < distinct; ++i) {
    if (lengths[i] > kColumnTextBytes || !reader.Bytes(lengths[i], &column->texts[i])) return false;
  }
  column->codes.resize(std::max<size_t>(rows, count));
  uint64_t most = 0;
  if (!DecodePacked(&reader, count, [&](size_t i, uint64_t value) {
        most = std::max(most, value);
        column->codes[i] = static_cast<uint32_t>(value);
      })) {
    return false;
  }
  if (count > 0 && most >= distinct) return false;
  Spread(column->present, count, &column->codes);
  // A row without a text has the code 0, which must be one.
  if (distinct == 0 && rows > 0) column->texts.emplace_back();
  return reader.left() == 0;
}

void KeyEncoder::Add(std::string_view key) {
  if (!runs_.empty() && key == before_) {
    ++runs_.back();
    return;
  }
  size_t shared = 0;
  while (shared < before_.size() && shared < key.size() && before_[shared] == key[shared]) ++shared;
  AppendCount(shared, &differing_);
  AppendCount(key.size() - shared, &differing_);
  differing_ += key.substr(shared);
  total_ += key.size();
  runs_.push_back(0);
  before_ = key;
}

void KeyEncoder::Take(std::string* out) {
  AppendCount(runs_.size(), out);
  AppendCount(total_, out);
  EncodePacked(runs_, out);
  *out += differing_;
  runs_.clear();
  differing_.clear();
  before_.clear();
  total_ = 0;
}

bool DecodeKeys(std::string_view bytes, uint32_t rows, KeyColumn* column) {
  ByteReader reader(bytes);
  uint64_t distinct = 0, total = 0;
  if (!reader.Count(rows, &distinct) || !reader.Count(distinct * kColumnKeyBytes, &total)) return false;
  column->ends.resize(distinct);
  uint64_t row = 0;
  bool within = true;
  if (!DecodePacked(&reader, distinct,
                    [&](size_t i, uint64_t value) {
                      within = within && value < rows;
                      row += value + 1;
                      column->ends[i] = static_cast<uint32_t>(row);
                    }) ||
      !within || row != rows) {
    return false;
  }
  column->offsets.resize(distinct + 1);
  column->bytes.resize(total + kKeyPadding);
  char* const out = column->bytes.data();
  size_t at = 0, before = 0;
  for (size_t i = 0; i < distinct; ++i) {
    uint64_t shared = 0, suffix = 0;
    std::string_view differing;
    if (!reader.Count(at - before, &shared) || !reader.Count(kColumnKeyBytes, &suffix) ||
        !reader.Bytes(suffix, &differing) || at + shared + suffix > total) {
      return false;
    }
    CopyShort(out + before, shared, out + at);
    if (reader.left() >= kKeyPadding) {
      CopyShort(differing.data(), suffix, out + at + shared);
    } else {
      std::memcpy(out + at + shared, differing.data(), suffix);
    }
    column->offsets[i] = static_cast<uint32_t>(at);
    before = at;
    at += shared + suffix;
  }
  column->offsets[distinct] = static_cast<uint32_t>(at);
  return at == total && reader.left() == 0;
}

void EncodeRaw(std::span<const uint64_t> words, std::string* out) {
  out->append(reinterpret_cast<const char*>(words.data()), words.size() * kWordBytes);
}

bool DecodeRaw(std::string_view bytes, uint32_t rows, std::vector<uint64_t>* words) {
  if (bytes.size() != static_cast<size_t>(rows) * kWordBytes) return false;
  words->resize(rows);
  std::memcpy(words->data(), bytes.data(), bytes.size());
  return true;
}

}  // namespace hangou
