#include "tools/hangou/sample_rows.h"

#include <catch2/catch.hpp>
#include <map>
#include <regex>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/policy/yaml.h"

namespace hangou {
namespace {

constexpr int64_t kNowUs = 1'795'305'600 * kUsPerSecond;

TEST_CASE("A sample of a pattern is matched by it, and what is not known is not drawn") {
  std::mt19937 random(20'261'122);
  const std::function<size_t(size_t)> pick = [&](size_t below) {
    return std::uniform_int_distribution<size_t>(0, below - 1)(random);
  };
  for (const char* pattern : {"[0-9]{4}-(0[1-9]|1[0-2])", "0514-[0-9]{8}|1[3-9][0-9]{9}", "[0-9A-Z]{2,5}x?",
                              "D[AW][0-9]+", "(ab|c[de])*"}) {
    for (int i = 0; i < 100; ++i) {
      const std::string text = SampleOfPattern(pattern, pick);
      INFO(pattern << " and " << text);
      CHECK(std::regex_match(text, std::regex(pattern)));
    }
  }
  for (const char* pattern : {"\\d+", ".*", "[^a]", "(a", "a{2", "[a"})
    CHECK(SampleOfPattern(pattern, pick).empty());
}

TEST_CASE("Rows can be drawn of every resource of the example city, and a seed gives the same ones") {
  std::map<std::string, hangou::catalog::v1::CodeList> lists;
  std::vector<hangou::catalog::v1::Resource> resources;
  for (const char* folder : {"/examples/city/base", "/examples/city/full"}) {
    const auto objects = LoadObjects(std::string(HANGOU_SOURCE_DIR) + folder);
    REQUIRE(objects.ok());
    for (const auto& object : *objects) {
      if (object.has_code_list()) lists[object.code_list().name()] = object.code_list();
      if (object.has_resource()) resources.push_back(object.resource());
    }
  }
  CHECK(resources.size() > 100);
  for (auto& resource : resources) {
    REQUIRE(AssignNumbers(nullptr, &resource).ok());
    resource.set_number(1);
    const auto schema = ResourceSchema::Compile(resource, [&](const std::string& name) {
      auto codes = std::make_shared<std::unordered_set<std::string>>();
      for (const auto& code : lists[name].codes()) codes->insert(code.code());
      return codes;
    });
    REQUIRE(schema.ok());
    SampleRows one(*schema, 7, kNowUs);
    SampleRows same(*schema, 7, kNowUs);
    for (int i = 0; i < 5; ++i) {
      const auto row = one.Next();
      INFO(resource.name() << ": " << Message(row.status()));
      REQUIRE(row.ok());
      CHECK(*row == *same.Next());
    }
  }
}

}  // namespace
}  // namespace hangou
