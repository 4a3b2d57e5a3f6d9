// Random damage to files that are fine: what libFuzzer looks for at length, in short and in every build.
#include <catch2/catch.hpp>
#include <random>

#include "tests/fuzz/importer_check.h"

namespace hangou::fuzz {
namespace {

constexpr int kRounds = 3000;

std::string Damaged(std::string bytes, std::mt19937& random) {
  for (uint32_t n = random() % 6; n > 0 && !bytes.empty(); --n) {
    const size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.erase(at, 1 + random() % 20);
        break;
      case 2:
        bytes.insert(at, bytes.substr(random() % bytes.size(), 1 + random() % 40));
        break;
      default:
        bytes.resize(at);
    }
  }
  return bytes;
}

TEST_CASE("A text file that is damaged in any way is read without harm, in every encoding") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const std::string good = "a,姓名\n1,\"x\ny\"\n2,\"z\"\"\"\n\"张\",4\r\n{\"a\":1,\"b\":\"\xD5\xC5\"}\n";
  for (int round = 0; round < kRounds; ++round) {
    REQUIRE(CheckTextFile(static_cast<TextEncoding>(random() % 4), Damaged(good, random)) == "");
  }
}

TEST_CASE("A workbook of which any part is damaged is read without harm") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const WorkbookParts parts = PartsForTest(
      "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c t=\"inlineStr\"><is><t>b</t></is></c></row>"
      "<row><c s=\"1\"><v>46053</v></c><c><v>1.5</v></c></row><row><c t=\"b\"><v>1</v></c></row>");
  const std::string whole = ArchiveOf(parts);
  for (int round = 0; round < kRounds; ++round) {
    const auto which = static_cast<uint8_t>(random() % (parts.size() + 1));
    const std::string good = which == 0 ? whole : std::next(parts.begin(), which - 1)->second;
    REQUIRE(CheckPart(which, Damaged(good, random)) == "");
  }
}

}  // namespace
}  // namespace hangou::fuzz
