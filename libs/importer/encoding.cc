#include "libs/importer/encoding.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr std::array<std::pair<TextEncoding, const char*>, 4> kEncodingNames = {
    {{TextEncoding::kUtf8, "utf-8"},
     {TextEncoding::kUtf16LittleEndian, "utf-16le"},
     {TextEncoding::kUtf16BigEndian, "utf-16be"},
     {TextEncoding::kGb18030, "gb18030"}}};
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr size_t kLongestMark = 3;
constexpr size_t kDecodeBytes = 64 << 10;  // large enough that a block costs nothing beside its characters
// UTF-8 bytes that one byte of a source can become at most: a two-byte ideograph has three.
constexpr size_t kGrowth = 3;

std::string_view MarkOf(TextEncoding encoding) {
  switch (encoding) {
    case TextEncoding::kUtf8:
      return "\xEF\xBB\xBF";
    case TextEncoding::kUtf16LittleEndian:
      return "\xFF\xFE";
    case TextEncoding::kUtf16BigEndian:
      return "\xFE\xFF";
    case TextEncoding::kGb18030:
      return "\x84\x31\x95\x33";
  }
  return {};
}

size_t AsciiLength(std::string_view bytes) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t at = 0;
  for (uint64_t word = 0; at + sizeof(word) <= bytes.size(); at += sizeof(word)) {
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    if ((word & kHighBits) != 0) break;
  }
  while (at < bytes.size() && static_cast<unsigned char>(bytes[at]) < 0x80) ++at;
  return at;
}

// Bytes of the UTF-8 character that this one begins; 1 where it begins none.
size_t LengthByLead(char byte) {
  const auto lead = static_cast<unsigned char>(byte);
  if (lead >= 0xF0) return lead <= 0xF4 ? 4 : 1;
  if (lead >= 0xE0) return 3;
  return lead >= 0xC2 ? 2 : 1;
}

// The UTF-8 character beyond ASCII at the start of `bytes`; 0 where there is none.
size_t CharacterLength(std::string_view bytes) {
  const size_t length = LengthByLead(bytes[0]);
  return length > 1 && length <= bytes.size() && IsValidUtf8(bytes.substr(0, length)) ? length : 0;
}

}  // namespace

std::string_view TextEncodingName(TextEncoding encoding) {
  return kEncodingNames[static_cast<size_t>(encoding)].second;
}

std::optional<TextEncoding> TextEncodingFromName(std::string_view name) {
  for (const auto& [encoding, known] : kEncodingNames) {
    if (name == known) return encoding;
  }
  return std::nullopt;
}

void EncodingDetector::Add(std::string_view bytes) {
  if (head_.size() < kLongestMark) head_.append(bytes.substr(0, kLongestMark - head_.size()));
  if (rest_.empty()) return Count(bytes);
  const std::string joined = std::exchange(rest_, {}).append(bytes);
  Count(joined);
}

void EncodingDetector::Count(std::string_view bytes) {
  while (true) {
    bytes.remove_prefix(AsciiLength(bytes));
    if (bytes.empty()) return;
    if (const size_t length = CharacterLength(bytes); length > 0) {
      ++characters_;
      bytes.remove_prefix(length);
    } else if (LengthByLead(bytes[0]) > bytes.size()) {
      rest_ = bytes;
      return;
    } else {
      ++stray_bytes_;
      bytes.remove_prefix(1);
    }
  }
}

std::optional<TextEncoding> EncodingDetector::Marked() const {
  for (const TextEncoding encoding :
       {TextEncoding::kUtf8, TextEncoding::kUtf16LittleEndian, TextEncoding::kUtf16BigEndian}) {
    if (head_.starts_with(MarkOf(encoding))) return encoding;
  }
  return std::nullopt;
}

TextEncoding EncodingDetector::Detected() const {
  if (const auto marked = Marked()) return *marked;
  // A file of UTF-8 with some damaged cells stays one: of GB 18030 text most bytes are no UTF-8.
  const uint64_t stray = stray_bytes_ + rest_.size();
  return stray == 0 || characters_ > stray ? TextEncoding::kUtf8 : TextEncoding::kGb18030;
}

// The conversion is the C library's: it knows all of GB 18030, and costs no further library.
class DecodedStream::Buffer : public std::streambuf {
 public:
  Buffer(std::istream& in, TextEncoding encoding, std::string head, std::istream& reader)
      : in_(in), reader_(reader), encoding_(encoding), pending_(std::move(head)) {
    if (encoding != TextEncoding::kUtf8) {
      converter_ = ::iconv_open("UTF-8", TextEncodingName(encoding).data());
      HANGOU_CHECK(converter_ != NoConverter(), "the C library lacks its conversions (package libc6)");
    }
  }
  ~Buffer() override {
    if (converter_ != NoConverter()) ::iconv_close(converter_);
  }
  uint64_t source_bytes() const { return source_bytes_; }

 protected:
  int_type underflow() override {
    while (true) {
      const bool more = ReadMore();
      if (!started_) SkipMark();
      text_.clear();
      if (converter_ == NoConverter()) {
        text_ = pending_;
        Consume(text_.size());
      } else {
        Convert(!more);
      }
      if (!text_.empty()) break;
      if (!more) return traits_type::eof();
    }
    setg(text_.data(), text_.data(), text_.data() + text_.size());
    return traits_type::to_int_type(text_.front());
  }

 private:
  static iconv_t NoConverter() { return reinterpret_cast<iconv_t>(-1); }

  bool ReadMore() {
    if (pending_.size() >= kDecodeBytes || !in_.good()) return in_.good();
    const size_t before = pending_.size();
    pending_.resize(before + kDecodeBytes);
    in_.read(pending_.data() + before, kDecodeBytes);
    pending_.resize(before + static_cast<size_t>(in_.gcount()));
    // A reader must not take a file that cannot be read on for one that ends.
    if (in_.bad()) reader_.setstate(std::ios::badbit);
    return in_.good();
  }

  void SkipMark() {
    started_ = true;
    if (pending_.starts_with(MarkOf(encoding_))) Consume(MarkOf(encoding_).size());
  }

  void Consume(size_t bytes) {
    pending_.erase(0, bytes);
    source_bytes_ += bytes;
  }

  void Convert(bool last) {
    const size_t unit = encoding_ == TextEncoding::kGb18030 ? 1 : 2;
    std::vector<char> block(pending_.size() * kGrowth + kGrowth);
    char* from = pending_.data();
    size_t left = pending_.size();
    while (left > 0) {
      char* to = block.data();
      size_t room = block.size();
      const size_t done = ::iconv(converter_, &from, &left, &to, &room);
      const int error = errno;
      text_.append(block.data(), block.size() - room);
      if (done != static_cast<size_t>(-1)) break;
      if (error == EINVAL && !last) break;  // the rest of the character comes with the next block
      text_.push_back('\xFF');
      const size_t skipped = std::min(unit, left);
      from += skipped;
      left -= skipped;
    }
    Consume(pending_.size() - left);
  }

  std::istream& in_;
  std::istream& reader_;
  const TextEncoding encoding_;
  iconv_t converter_ = NoConverter();
  std::string pending_;  // read and not decoded yet
  std::string text_;
  bool started_ = false;
  uint64_t source_bytes_ = 0;
};

DecodedStream::DecodedStream(std::istream& in, TextEncoding encoding, std::string head)
    : std::istream(nullptr), buffer_(std::make_unique<Buffer>(in, encoding, std::move(head), *this)) {
  rdbuf(buffer_.get());
}

DecodedStream::~DecodedStream() = default;

uint64_t DecodedStream::source_bytes() const { return buffer_->source_bytes(); }

std::string WellFormedUtf8(std::string_view text) {
  if (IsValidUtf8(text)) return std::string(text);
  std::string good;
  while (!text.empty()) {
    const size_t ascii = AsciiLength(text);
    good.append(text.substr(0, ascii));
    text.remove_prefix(ascii);
    if (text.empty()) break;
    const size_t length = CharacterLength(text);
    good.append(length > 0 ? text.substr(0, length) : kReplacement);
    text.remove_prefix(length > 0 ? length : 1);
  }
  return good;
}

}  // namespace hangou
