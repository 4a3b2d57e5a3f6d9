#include "libs/importer/encoding.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "libs/base/text.h"

namespace hangou {
namespace {

std::string Decoded(const std::string& bytes, TextEncoding encoding, const std::string& head = {}) {
  std::istringstream in(bytes);
  DecodedStream stream(in, encoding, head);
  std::ostringstream out;
  out << stream.rdbuf();
  return out.str();
}

TextEncoding Detected(const std::string& bytes, size_t piece = 3) {
  EncodingDetector detector;
  for (size_t at = 0; at < bytes.size(); at += piece) detector.Add(std::string_view(bytes).substr(at, piece));
  return detector.Detected();
}

const std::string kGbName = "\xD5\xC5\xC8\xFD";  // 张三

TEST_CASE("A byte order mark decides, and is no part of the text") {
  CHECK(Detected("\xEF\xBB\xBF"
                 "a") == TextEncoding::kUtf8);
  CHECK(Detected(std::string("\xFF\xFE"
                             "a\0",
                             4)) == TextEncoding::kUtf16LittleEndian);
  CHECK(Detected(std::string("\xFE\xFF\0a", 4)) == TextEncoding::kUtf16BigEndian);
  CHECK(Decoded("\xEF\xBB\xBF"
                "a",
                TextEncoding::kUtf8) == "a");
  CHECK(Decoded(std::string("\xFF\xFE"
                            "a\0\x20\x5F",
                            6),
                TextEncoding::kUtf16LittleEndian) == "a张");
  CHECK(Decoded(std::string("\0a\x5F\x20", 4), TextEncoding::kUtf16BigEndian) == "a张");
}

TEST_CASE("Valid UTF-8 wins, also in pieces; a damaged cell does not make it another encoding") {
  CHECK(Detected("") == TextEncoding::kUtf8);
  CHECK(Detected("plain") == TextEncoding::kUtf8);
  CHECK(Detected("姓名,张三,𠮷", 1) == TextEncoding::kUtf8);
  CHECK(Detected("姓名,地址,\xD5\xC5") == TextEncoding::kUtf8);
  CHECK(Detected(kGbName + "," + kGbName) == TextEncoding::kGb18030);
  CHECK(Detected("\xC1\xAA\xCD\xA8") == TextEncoding::kGb18030);  // 联通
}

TEST_CASE("GB 18030 is decoded with its characters of four bytes") {
  CHECK(Decoded(kGbName, TextEncoding::kGb18030) == "张三");
  CHECK(Decoded("\x95\x32\x82\x36", TextEncoding::kGb18030) == "𠀀");  // U+20000
  CHECK(Decoded("\x81\x30\x84\x36", TextEncoding::kGb18030) == "¥");
}

TEST_CASE("What cannot be decoded is one byte that no UTF-8 has, and the text behind it is kept") {
  CHECK(Decoded("a\xD5\n" + kGbName, TextEncoding::kGb18030) == "a\xFF\n张三");
  CHECK(Decoded("ab\xD5", TextEncoding::kGb18030) == "ab\xFF");
  CHECK(Decoded(std::string("\x00\xD8\x61\x00", 4), TextEncoding::kUtf16LittleEndian) ==
        "\xFF"
        "a");
  CHECK(WellFormedUtf8("a\xFF\n张") == "a\xEF\xBF\xBD\n张");
}

TEST_CASE("A character that two blocks share is one") {
  for (size_t before = (64 << 10) - 4; before < (64 << 10) + 4; ++before) {
    const std::string text = std::string(before, 'x') + kGbName + "\x95\x32\x82\x36";
    CHECK(Decoded(text, TextEncoding::kGb18030) == std::string(before, 'x') + "张三𠀀");
    CHECK(Decoded(text.substr(2), TextEncoding::kGb18030, text.substr(0, 2)) ==
          std::string(before, 'x') + "张三𠀀");
  }
}

}  // namespace
}  // namespace hangou
