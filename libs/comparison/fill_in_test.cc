#include "libs/comparison/fill_in.h"

#include <catch2/catch.hpp>
#include <map>

namespace hangou {
namespace {

std::string Filled(std::string_view formula) {
  const std::map<std::string, std::string, std::less<>> texts = {
      {"transfer.price", "100.00 yuan"}, {"rate", "0.03"}, {"deed", "2 rows"}, {"yuan_rate", "7"}};
  return FillIn(formula, [&](std::string_view name) -> std::optional<std::string> {
    const auto found = texts.find(name);
    return found == texts.end() ? std::nullopt : std::optional(found->second);
  });
}

}  // namespace

TEST_CASE("Numbers stand where names stood") {
  CHECK(Filled("floor(transfer.price * rate)") == "floor(100.00 yuan * 0.03)");
  CHECK(Filled("present(deed) and rate>0") == "present(2 rows) and 0.03>0");
}

TEST_CASE("Functions texts units and unknown names stay") {
  CHECK(Filled("rate(rate)") == "rate(0.03)");
  CHECK(Filled("rate (rate)") == "rate (0.03)");
  CHECK(Filled("kind = \"rate\" or rates") == "kind = \"rate\" or rates");
  CHECK(Filled("default(x, 0 yuan) - 12rate") == "default(x, 0 yuan) - 12rate");
  CHECK(Filled("\"rate") == "\"rate");
}

TEST_CASE("A parameter of another day stays") {
  CHECK(Filled("at(rate, last_day(rate)) * rate") == "at(rate, last_day(0.03)) * 0.03");
}

}  // namespace hangou
