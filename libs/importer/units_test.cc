#include "libs/importer/units.h"

#include <catch2/catch.hpp>
#include <random>

#include "libs/base/status.h"

namespace hangou {
namespace {

std::string Converted(const std::string& text, const std::string& from, const std::string& to,
                      uint32_t scale) {
  const auto converted = ConvertUnit(text, from, to, scale);
  return converted.ok() ? *converted : "refused";
}

TEST_CASE("Numbers are converted exactly, or refused") {
  CHECK(Converted("1.23", "wan_yuan", "yuan", 2) == "12300.00");
  CHECK(Converted("0.000001", "wan_yuan", "yuan", 2) == "0.01");
  CHECK(Converted("0.0000001", "wan_yuan", "yuan", 2) == "refused");
  CHECK(Converted("-1.5", "mu", "square_metre", 0) == "-1000");
  CHECK(Converted("1", "mu", "square_metre", 2) == "refused");
  CHECK(Converted("3", "mu", "hectare", 1) == "0.2");
  CHECK(Converted("12.50", "hectare", "mu", 1) == "187.5");
  CHECK(Converted("1234", "fen", "yuan", 2) == "12.34");
  CHECK(Converted("0.125", "fraction", "percent", 1) == "12.5");
  CHECK(Converted("0", "mu", "square_metre", 0) == "0");
  CHECK(Converted("-0.00", "wan_yuan", "yuan", 2) == "0.00");
  CHECK(Converted("007.100", "yuan", "yuan", 2) == "7.10");
}

TEST_CASE("What is no number, or has too many digits, is refused") {
  for (const char* text : {"", "-", ".", ".5", "1.2.3", "1,000", "１", "1e3", "+1", "--1", "-.1", " 1",
                           "123456789012345678", "0.00000000000000000001"}) {
    INFO(text);
    CHECK(Converted(text, "yuan", "yuan", 2) == "refused");
  }
  CHECK(Converted("99999999999999999", "yi_yuan", "fen", 9) == "999999999999999990000000000.000000000");
}

TEST_CASE("Units of another kind, and unknown ones, are told apart") {
  CHECK(UnitProblem("mu", "hectare").empty());
  CHECK_FALSE(UnitProblem("mu", "tonne").empty());
  CHECK(UnitProblem("acre", "hectare").find("wan_yuan") != std::string::npos);
}

TEST_CASE("There and back again is the same number") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const std::pair<const char*, const char*> pairs[] = {
      {"wan_yuan", "yuan"}, {"hectare", "square_metre"}, {"wan_tonne", "kilogram"}, {"hectare", "mu"}};
  for (int round = 0; round < 2000; ++round) {
    const auto& [large, small] = pairs[random() % std::size(pairs)];
    const std::string text = std::to_string(random() % 100'000'000) + "." + std::to_string(1 + random() % 9);
    const std::string there = Converted(text, large, small, 4);
    CHECK(Converted(there, small, large, 1) == text);
  }
}

}  // namespace
}  // namespace hangou
