// The encodings of text files that departments have, and their decoding into UTF-8.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hangou {

// How the text of a file is written.
enum class TextEncoding { kUtf8, kUtf16LittleEndian, kUtf16BigEndian, kGb18030 };

// "utf-8", "utf-16le", "utf-16be" or "gb18030".
std::string_view TextEncodingName(TextEncoding encoding);
// The encoding of this name; none where there is no such.
std::optional<TextEncoding> TextEncodingFromName(std::string_view name);

// Tells the encoding from the text, which may come in pieces: a byte order mark decides, else UTF-8 where all of it is
// that or the most of what is not ASCII, else GB 18030. Not thread-safe.
class EncodingDetector {
 public:
  // Looks at the next bytes.
  void Add(std::string_view bytes);
  // The encoding that a byte order mark states; none where there is no mark.
  std::optional<TextEncoding> Marked() const;
  // The encoding of what was looked at.
  TextEncoding Detected() const;

 private:
  void Count(std::string_view bytes);

  std::string head_;          // the first bytes, for a mark
  std::string rest_;          // bytes of a character that is not complete
  uint64_t characters_ = 0;   // beyond ASCII, well-formed
  uint64_t stray_bytes_ = 0;  // that belong to none
};

// The text of a stream in UTF-8, without a byte order mark. What cannot be decoded comes as the byte 0xFF, which UTF-8
// never has, so that a reader refuses the row that it stands in. Not thread-safe; `in` outlives it.
class DecodedStream : public std::istream {
 public:
  // `head` are bytes that were read from `in` before.
  DecodedStream(std::istream& in, TextEncoding encoding, std::string head = {});
  ~DecodedStream() override;
  // Bytes of the file decoded so far.
  uint64_t source_bytes() const;

 private:
  class Buffer;
  const std::unique_ptr<Buffer> buffer_;
};

// The text with U+FFFD in place of each byte that is not UTF-8, to be written into a file of UTF-8.
std::string WellFormedUtf8(std::string_view text);

}  // namespace hangou
