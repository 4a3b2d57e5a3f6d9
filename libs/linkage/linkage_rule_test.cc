#include "libs/linkage/linkage_rule.h"

#include <catch2/catch.hpp>

#include "libs/base/file.h"
#include "libs/base/temp_folder.h"
#include "libs/linkage/linkage_for_test.h"

namespace hangou {
namespace {

using linkage_test::kTestRule;
using linkage_test::TestLinkageRule;

std::string Refusal(const std::string& added) {
  const auto compiled = CompileLinkage(TestLinkageRule(kTestRule + added));
  return compiled.ok() ? "" : std::string(Message(compiled.status()));
}

TEST_CASE("a rule that names what is not there, or says half of it, is refused with the place") {
  REQUIRE(Refusal("").empty());
  const std::pair<const char*, const char*> cases[] = {
      {"identifiers: 'nobody'", "identifiers names \"nobody\""},
      {"identifiers: 'name'", "identifiers: name can be wrong"},
      {"blocking { name: 'by_x' fields: 'x' }", "blocking by_x names \"x\""},
      {"blocking { name: 'by_x' }", "blocking by_x: name at least one field"},
      {"fields { name: 'name' column: 'n' form: VALUE_FORM_TEXT }", "field name stands twice"},
      {"fields { name: 'n' column: 'n' }", "field n: say its form"},
      {"comparisons { field: 'name' }", "comparison name has 1 to 8 levels"},
      {"comparisons { field: 'name' levels { test: LEVEL_TEST_SIMILAR } }", "similar needs at_least_percent"},
      {"comparisons { field: 'name' levels { test: LEVEL_TEST_EDITS at_most: 9 } }", "edits needs at_most"},
      {"comparisons { field: 'name' levels { test: LEVEL_TEST_SWAPPED with: 'x' } }",
       "a level of name names \"x\""},
      {"comparisons { field: 'name' levels { } }", "has no test"},
      {"link_needs_one_of: 'x'", "link_needs_one_of names \"x\""},
      {"link_percent: 40 review_percent: 50", "review_percent at most link_percent"},
  };
  for (const auto& [added, told] : cases) {
    CAPTURE(added);
    CHECK_THAT(Refusal(added), Catch::Matchers::Contains(told));
  }
}

TEST_CASE("a rule comes from YAML, one a file, and what is wrong is told with its line") {
  const TempFolder folder;
  const std::string path = folder.path() + "/rule.yaml";
  const auto load = [&](const std::string& text) {
    REQUIRE(WriteFileDurably(path, text, 0600).ok());
    return LoadLinkageRule(path);
  };
  const std::string good =
      "kind: LinkageRule\nname: linkages/x\nmode: duplicates\nfields:\n"
      "  - {name: a, column: b, form: person_name}\n";
  const auto rule = load(good);
  REQUIRE(rule.ok());
  CHECK(rule->fields(0).form() == hangou::linkage::v1::VALUE_FORM_PERSON_NAME);
  CHECK_THAT(std::string(Message(load(good + "speed: fast\n").status())), Catch::Matchers::Contains(":6: "));
  CHECK_THAT(std::string(Message(load(good + "---\n" + good).status())),
             Catch::Matchers::Contains("one rule is needed, not 2"));
}

}  // namespace
}  // namespace hangou
