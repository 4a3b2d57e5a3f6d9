#include "tools/citygen/linkage_set.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "libs/linkage/linker.h"
#include "tools/citygen/generated_city_for_test.h"
#include "tools/citygen/people.h"

namespace hangou {
namespace {

using citygen_test::Cells;
using citygen_test::Content;
using citygen_test::kRoot;
using citygen_test::Lines;
using citygen_test::SmallCity;

constexpr const char* kSetFiles[] = {"people_a.csv",    "people_b.csv",    "people_truth.csv",
                                     "companies_a.csv", "companies_b.csv", "companies_truth.csv"};

CityOptions SetOptions(uint64_t seed, const std::string& folder) {
  CityOptions options = SmallCity(seed, folder);
  options.people = 6'000;
  options.companies = 4'000;
  return options;
}

std::string MakeSet(const CityOptions& options) {
  CityReport report;
  HANGOU_CHECK(GenerateLinkageSet(options, &report).ok(), "the registers are not made");
  std::string all;
  for (const char* file : kSetFiles) all += Content(options.out_folder + "/" + file);
  return all;
}

// A register: its columns, and its rows as cells.
std::vector<std::vector<std::string>> RowsOf(const std::string& path) {
  std::vector<std::vector<std::string>> rows;
  for (const std::string& line : Lines(Content(path))) rows.push_back(Cells(line));
  return rows;
}

void FillFrom(const std::vector<std::vector<std::string>>& table, const CompiledLinkage& rule,
              LinkageSide side, LinkageRows* rows) {
  for (size_t i = 1; i < table.size(); ++i) {
    std::vector<std::string_view> cells;
    for (const auto& field : rule.rule.fields()) {
      const auto at = std::find(table[0].begin(), table[0].end(), field.column());
      REQUIRE(at != table[0].end());
      cells.push_back(table[i][static_cast<size_t>(at - table[0].begin())]);
    }
    REQUIRE(rows->Add(side, cells).ok());
  }
}

TEST_CASE("the same seed gives the same registers, another seed others, and the truth names their rows") {
  TempFolder first, second, other;
  const std::string made = MakeSet(SetOptions(7, first.path()));
  CHECK(made == MakeSet(SetOptions(7, second.path())));
  CHECK(made != MakeSet(SetOptions(8, other.path())));
  for (const std::string kind : {"people", "companies"}) {
    std::set<std::string> left, right;
    for (const auto& row : RowsOf(first.path() + "/" + kind + "_a.csv")) left.insert(row[0]);
    for (const auto& row : RowsOf(first.path() + "/" + kind + "_b.csv")) right.insert(row[0]);
    const auto truth = RowsOf(first.path() + "/" + kind + "_truth.csv");
    CHECK(truth.size() > left.size() / 2);
    for (size_t i = 1; i < truth.size(); ++i) {
      REQUIRE(left.contains(truth[i][0]));
      REQUIRE(right.contains(truth[i][1]));
    }
  }
}

TEST_CASE("the example rules find who is who in two registers") {
  TempFolder folder;
  MakeSet(SetOptions(3, folder.path()));
  // What the rules reach, less a little: companies of a leader who has several are for people to decide.
  const std::map<std::string, double> least_f1 = {{"people", 0.99}, {"companies", 0.96}};
  for (const auto& [kind, least] : least_f1) {
    CAPTURE(kind);
    const auto declared = LoadLinkageRule(kRoot + "/examples/linkage/" + kind + ".yaml");
    REQUIRE(declared.ok());
    const auto rule = CompileLinkage(*declared);
    REQUIRE(rule.ok());
    const auto left = RowsOf(folder.path() + "/" + kind + "_a.csv");
    const auto right = RowsOf(folder.path() + "/" + kind + "_b.csv");
    std::set<std::pair<std::string, std::string>> truth;
    for (const auto& row : RowsOf(folder.path() + "/" + kind + "_truth.csv")) truth.emplace(row[0], row[1]);
    LinkageRows rows(*rule, kCityDay);
    FillFrom(left, *rule, LinkageSide::kLeft, &rows);
    FillFrom(right, *rule, LinkageSide::kRight, &rows);
    const auto result = Linker(*rule, &rows, 2, nullptr).Run();
    REQUIRE(result.ok());
    double linked = 0, found = 0;
    for (const LinkedPair& pair : result->pairs) {
      if (pair.decision != LinkDecision::kLink) continue;
      ++linked;
      found += truth.contains({left[pair.left + 1][0], right[pair.right + 1][0]}) ? 1 : 0;
    }
    // The head of the truth is no pair.
    CHECK(2 * found / (linked + static_cast<double>(truth.size()) - 1) > least);
    CHECK(result->exact > truth.size() / 5);
  }
}

}  // namespace
}  // namespace hangou
