#include "libs/audit/audit_format.h"

#include <catch2/catch.hpp>

namespace hangou {
namespace {

constexpr uint64_t kSalt = 0x0123456789abcdef;
const std::string kHash(kHashBytes, 'h');

std::string Frame(uint64_t sequence, uint32_t place, const std::string& entry) {
  std::string bytes;
  AppendFrame({sequence, place, entry, kHash}, kSalt, &bytes);
  return bytes;
}

TEST_CASE("A frame is read as it was written, whatever stands behind it") {
  const std::string bytes = Frame(7, 3, "entry") + "behind";
  const auto frame = DecodeFrame(bytes, kSalt);
  REQUIRE(frame.has_value());
  REQUIRE(frame->sequence == 7);
  REQUIRE(frame->place == 3);
  REQUIRE(frame->entry == "entry");
  REQUIRE(frame->hash == kHash);
  REQUIRE(frame->size() == bytes.size() - 6);
}

TEST_CASE("No flipped bit of a frame goes unseen") {
  const std::string whole = Frame(7, 3, "entry");
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole + std::string(300, 'x');
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    CAPTURE(bit);
    REQUIRE_FALSE(DecodeFrame(bytes, kSalt).has_value());
  }
}

TEST_CASE("A cut frame is none") {
  const std::string whole = Frame(7, 3, "entry");
  for (size_t size = 0; size < whole.size(); ++size) {
    REQUIRE_FALSE(DecodeFrame(whole.substr(0, size), kSalt).has_value());
  }
}

TEST_CASE("A frame of another segment is none") {
  REQUIRE_FALSE(DecodeFrame(Frame(7, 3, "entry"), kSalt + 1).has_value());
}

TEST_CASE("Zeros are no frame, nor is an empty or an oversized entry") {
  REQUIRE_FALSE(DecodeFrame(std::string(1000, '\0'), 0).has_value());
  REQUIRE_FALSE(DecodeFrame(Frame(1, 0, ""), kSalt).has_value());
  REQUIRE(DecodeFrame(Frame(1, 0, std::string(kEntryBytes, 'e')), kSalt).has_value());
  REQUIRE_FALSE(DecodeFrame(Frame(1, 0, std::string(kEntryBytes + 1, 'e')), kSalt).has_value());
}

TEST_CASE("No flipped bit of a segment's header goes unseen") {
  const std::string whole = EncodeSegmentHeader({42, kSalt, kHash});
  REQUIRE(whole.size() == kSegmentHeaderBytes);
  const auto header = DecodeSegmentHeader(whole);
  REQUIRE(header.has_value());
  REQUIRE(header->first_sequence == 42);
  REQUIRE(header->salt == kSalt);
  REQUIRE(header->previous_hash == kHash);
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE_FALSE(DecodeSegmentHeader(bytes).has_value());
  }
  REQUIRE_FALSE(DecodeSegmentHeader(whole.substr(0, kSegmentHeaderBytes - 1)).has_value());
}

TEST_CASE("Names of segments sort by sequence, and other files are none") {
  REQUIRE(SegmentName(1) == "00000000000000000001.audit");
  REQUIRE(SequenceOfName(SegmentName(UINT64_MAX)) == UINT64_MAX);
  REQUIRE(SegmentName(9) < SegmentName(10));
  for (const char* name :
       {"LOCK", "00000000000000000001.audit.64.torn", "0000000000000000000x.audit", "1.audit"}) {
    REQUIRE_FALSE(SequenceOfName(name).has_value());
  }
}

}  // namespace
}  // namespace hangou
