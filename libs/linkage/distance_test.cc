#include "libs/linkage/distance.h"

#include <catch2/catch.hpp>

namespace hangou {
namespace {

TEST_CASE("Jaro-Winkler gives the published figures") {
  // Winkler (1990), and what every implementation is checked with.
  REQUIRE(JaroWinkler(U"martha", U"marhta") == Approx(0.9611).margin(5e-5));
  REQUIRE(JaroWinkler(U"dwayne", U"duane") == Approx(0.84).margin(5e-5));
  REQUIRE(JaroWinkler(U"dixon", U"dicksonx") == Approx(0.8133).margin(5e-5));
  REQUIRE(JaroWinkler(U"王志文", U"王志文") == 1);
  REQUIRE(JaroWinkler(U"王", U"李") == 0);
  REQUIRE(JaroWinkler(U"", U"李") == 0);
  REQUIRE(JaroWinkler(std::u32string(200, U'a'), std::u32string(100, U'a')) == 1);
}

TEST_CASE("edits count replacements, gaps and swapped neighbours") {
  REQUIRE(WithinEdits(U"abc", U"abc", 0));
  REQUIRE(WithinEdits(U"321002", U"312002", 1));
  REQUIRE(WithinEdits(U"abc", U"abxc", 1));
  REQUIRE(WithinEdits(U"abc", U"ab", 1));
  REQUIRE(!WithinEdits(U"abcd", U"badc", 1));
  REQUIRE(WithinEdits(U"abcd", U"badc", 2));
  REQUIRE(!WithinEdits(U"王志文", U"李志国", 1));
  REQUIRE(WithinEdits(U"", U"", 0));
  REQUIRE(!WithinEdits(U"", U"ab", 1));
}

}  // namespace
}  // namespace hangou
