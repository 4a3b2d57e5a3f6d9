// A small population in two registers, for the tests of linkage.
#pragma once

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/linkage/linker.h"

namespace hangou::linkage_test {

// Name, birth date, phone, place; and who it is.
struct TestPerson {
  std::array<std::string, 4> cells;
  int who = 0;
};

constexpr char kTestRule[] = R"(
  name: "linkages/test" mode: LINKAGE_MODE_ONE_TO_ONE
  fields { name: "name" column: "name" form: VALUE_FORM_TEXT }
  fields { name: "birth" column: "birth" form: VALUE_FORM_DATE }
  fields { name: "phone" column: "phone" form: VALUE_FORM_TEXT }
  fields { name: "place" column: "place" form: VALUE_FORM_TEXT }
  blocking { name: "by_name" fields: "name" }
  blocking { name: "by_birth" fields: "birth" }
  blocking { name: "by_place" fields: "place" }
  comparisons { field: "name" rare_counts_more: true levels { test: LEVEL_TEST_SAME }
                levels { test: LEVEL_TEST_SIMILAR at_least_percent: 85 } }
  comparisons { field: "birth" levels { test: LEVEL_TEST_SAME } levels { test: LEVEL_TEST_EDITS at_most: 1 } }
  comparisons { field: "phone" levels { test: LEVEL_TEST_SAME } }
  comparisons { field: "place" levels { test: LEVEL_TEST_SAME } }
)";

inline hangou::linkage::v1::LinkageRule TestLinkageRule(const std::string& text = kTestRule) {
  hangou::linkage::v1::LinkageRule rule;
  HANGOU_CHECK(google::protobuf::TextFormat::ParseFromString(text, &rule), "the rule of the test is wrong");
  return rule;
}

inline CompiledLinkage CompiledTestRule(const hangou::linkage::v1::LinkageRule& rule) {
  auto compiled = CompileLinkage(rule);
  HANGOU_CHECK(compiled.ok(), Message(compiled.status()));
  return *std::move(compiled);
}

// People as a register knows them; with errors in `error_percent` of the cells.
inline std::vector<TestPerson> TestRegister(unsigned seed, int people, int error_percent) {
  static constexpr const char* kSyllables[] = {"an",  "bei", "cheng", "da", "fu",
                                               "guo", "hai", "jin",   "ka", "lin"};
  std::vector<TestPerson> all;
  for (int who = 0; who < people; ++who) {
    std::mt19937 random(static_cast<unsigned>(who) + 1);
    std::string name;
    for (int i = 0; i < 4; ++i) name += kSyllables[random() % 10];
    const unsigned birth = 19'500'101 + random() % 60 * 10'000 + random() % 12 * 100 + random() % 28;
    TestPerson person{{name, std::to_string(birth), std::to_string(1'000'000 + random() % 9'000'000),
                       "place " + std::to_string(random() % static_cast<unsigned>(people / 3))},
                      who};
    std::mt19937 errors(seed * 1'000'003 + static_cast<unsigned>(who));
    for (std::string& cell : person.cells) {
      if (static_cast<int>(errors() % 100) < error_percent) cell[errors() % cell.size()] = 'x';
    }
    all.push_back(std::move(person));
  }
  return all;
}

inline void FillTestRows(const std::vector<TestPerson>& people, LinkageSide side, LinkageRows* rows) {
  for (const TestPerson& person : people) {
    const std::vector<std::string_view> cells(person.cells.begin(), person.cells.end());
    HANGOU_CHECK(rows->Add(side, cells).ok(), "a row of the test is not taken");
  }
}

}  // namespace hangou::linkage_test
