// The progress line: what it says, and what it leaves out where the terminal is narrow.
#include "tools/hangou/progress.h"

#include <catch2/catch.hpp>

namespace hangou {

TEST_CASE("A line has bar, percent, notes and what is left") {
  const ProgressView view = {"comparing", 0.61, {"18.3 M of 30.0 M rows", "112 findings"}, 3'400};
  CHECK(ProgressText(view, 120) ==
        "comparing  ███████░░░░░   61 %  18.3 M of 30.0 M rows  112 findings  0:04 left");
  CHECK(ProgressText({"comparing", 0.999, {}, 3'660'000}, 120) ==
        "comparing  ████████████   99 %  1 h 01 min left");
  CHECK(ProgressText({"waiting for rows", std::nullopt, {}, std::nullopt}, 120) == "waiting for rows");
}

TEST_CASE("A narrow terminal has less of it, and never more than a line") {
  const ProgressView view = {"comparing", 0.61, {"18.3 M of 30.0 M rows", "112 findings"}, 3'400};
  CHECK(ProgressText(view, 77) == "comparing  ███████░░░░░   61 %  18.3 M of 30.0 M rows  0:04 left");
  CHECK(ProgressText(view, 62) == "comparing  ███████░░░░░   61 %  0:04 left");
  CHECK(ProgressText(view, 30) == "comparing  61 %  0:04 left");
  CHECK(ProgressText(view, 20) == "comparing  61 %");
  CHECK(ProgressText(view, 4) == "61 %");
  CHECK(ProgressText(view, 2).empty());
}

TEST_CASE("Counts are short, and never more than there are") {
  CHECK(ShortCount(9'999) == "9999");
  CHECK(ShortCount(999'999) == "999 k");
  CHECK(ShortCount(18'379'000) == "18.3 M");
}

}  // namespace hangou
