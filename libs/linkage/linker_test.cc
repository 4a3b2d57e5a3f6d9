#include "libs/linkage/linker.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "libs/linkage/linkage_for_test.h"

namespace hangou {

namespace linkage_v1 = hangou::linkage::v1;

namespace {

using linkage_test::CompiledTestRule;
using linkage_test::FillTestRows;
using linkage_test::kTestRule;
using linkage_test::TestLinkageRule;
using linkage_test::TestPerson;
using linkage_test::TestRegister;

constexpr int kPeople = 1'500;

linkage_v1::LinkageRule TestRuleOfMode(linkage_v1::LinkageMode mode) {
  auto rule = TestLinkageRule();
  rule.set_mode(mode);
  return rule;
}

// A linked pair by who it is, so that results of different orders can be compared.
using PairOfPeople = std::tuple<int, int, LinkDecision, std::string>;

std::set<PairOfPeople> Linked(const CompiledLinkage& rule, const std::vector<TestPerson>& left,
                              const std::vector<TestPerson>& right, unsigned threads) {
  LinkageRows rows(rule, 0);
  FillTestRows(left, LinkageSide::kLeft, &rows);
  FillTestRows(right, LinkageSide::kRight, &rows);
  Linker linker(rule, &rows, threads, nullptr);
  const auto result = linker.Run();
  REQUIRE(result.ok());
  const auto& others = rule.one_table() ? left : right;
  std::set<PairOfPeople> pairs;
  for (const LinkedPair& pair : result->pairs) {
    int a = left[pair.left].who, b = others[pair.right].who;
    if (rule.one_table() && a > b) std::swap(a, b);
    pairs.emplace(a, b, pair.decision, linker.ReasonsOf(*result->model, pair));
  }
  CHECK(pairs.size() == result->pairs.size());
  return pairs;
}

TEST_CASE("people are found again behind their errors, and strangers are not linked") {
  const CompiledLinkage rule = CompiledTestRule(TestLinkageRule());
  int right = 0, links = 0;
  for (const auto& [a, b, decision, reasons] :
       Linked(rule, TestRegister(1, kPeople, 10), TestRegister(2, kPeople, 10), 2)) {
    links += decision == LinkDecision::kLink ? 1 : 0;
    right += decision == LinkDecision::kLink && a == b ? 1 : 0;
    CHECK(reasons.find("name: ") == 0);
  }
  CHECK(right > kPeople * 97 / 100);
  CHECK(links - right < kPeople / 100);
}

TEST_CASE("neither threads nor the order of the rows change a link or its reasons") {
  for (const auto mode : {linkage_v1::LINKAGE_MODE_ONE_TO_ONE, linkage_v1::LINKAGE_MODE_MANY_TO_MANY,
                          linkage_v1::LINKAGE_MODE_DUPLICATES}) {
    const CompiledLinkage rule = CompiledTestRule(TestRuleOfMode(mode));
    for (unsigned seed = 1; seed <= 4; ++seed) {
      CAPTURE(mode, seed);
      std::vector<TestPerson> left = TestRegister(seed, kPeople, 15);
      std::vector<TestPerson> right = TestRegister(seed + 10, kPeople, 15);
      if (rule.one_table()) {
        for (TestPerson& person : right) person.who += kPeople;
        left.insert(left.end(), right.begin(), right.end());
        right.clear();
      }
      const auto expected = Linked(rule, left, right, 1);
      CHECK(expected.size() > kPeople / 2);
      CHECK(Linked(rule, left, right, 3) == expected);
      std::mt19937 random(seed);
      std::shuffle(left.begin(), left.end(), random);
      std::shuffle(right.begin(), right.end(), random);
      CHECK(Linked(rule, left, right, 2) == expected);
    }
  }
}

TEST_CASE("a part of the pairs teaches as much, whatever the order of the rows") {
  const CompiledLinkage rule = CompiledTestRule(TestLinkageRule());
  std::vector<TestPerson> left = TestRegister(1, kPeople, 10), right = TestRegister(2, kPeople, 10);
  const auto weights = [&](unsigned threads) {
    LinkageRows rows(rule, 0);
    FillTestRows(left, LinkageSide::kLeft, &rows);
    FillTestRows(right, LinkageSide::kRight, &rows);
    const auto result = Linker(rule, &rows, threads, nullptr, 3'000).Run();
    REQUIRE(result.ok());
    std::map<int, double> of_people;
    for (const LinkedPair& pair : result->pairs) {
      if (left[pair.left].who == right[pair.right].who) of_people[left[pair.left].who] = pair.weight;
    }
    return of_people;
  };
  const auto expected = weights(1);
  CHECK(expected.size() > kPeople * 97 / 100);
  std::mt19937 random(5);
  std::shuffle(left.begin(), left.end(), random);
  std::shuffle(right.begin(), right.end(), random);
  CHECK(weights(3) == expected);
}

TEST_CASE("pairs over the budget are counted, told and refused, or the largest blocks left out") {
  auto declared = TestLinkageRule(kTestRule + std::string("pair_budget: 5000"));
  std::vector<TestPerson> left = TestRegister(1, kPeople, 0), right = TestRegister(2, kPeople, 0);
  // A hundred rows of each side that know no better than one place.
  for (size_t i = 0; i < 100; ++i) left[i].cells[3] = right[i].cells[3] = "unknown";
  const auto blocks_of = [&](const CompiledLinkage& rule, LinkageRows* rows) {
    FillTestRows(left, LinkageSide::kLeft, rows);
    FillTestRows(right, LinkageSide::kRight, rows);
    return Blocks(rule, *rows);
  };
  const CompiledLinkage refusing = CompiledTestRule(declared);
  LinkageRows rows(refusing, 0);
  const Blocks refused = blocks_of(refusing, &rows);
  const BlockingCount& by_place = refused.plan().rules[2];
  CHECK(by_place.largest[0].left == 100);
  CHECK(by_place.largest[0].right == 100);
  CHECK(by_place.largest[0].pairs == 10'000);
  const absl::Status status = Linker(refusing, &rows, 2, nullptr).Run().status();
  CHECK(ReasonOf(status) == Reason::kInvalidRequest);
  CHECK_THAT(std::string(Message(status)), Catch::Matchers::Contains("blocking by_place"));
  CHECK(std::string(Message(status)).find("unknown") == std::string::npos);

  declared.set_pair_budget(15'000);
  declared.set_drop_large_blocks(true);
  const CompiledLinkage dropping = CompiledTestRule(declared);
  LinkageRows same_rows(dropping, 0);
  const Blocks kept = blocks_of(dropping, &same_rows);
  CHECK(kept.CheckBudget().ok());
  CHECK(kept.plan().rules[2].dropped_blocks == 1);
  CHECK(kept.plan().dropped_pairs == 10'000);
  // Their other rules still find them.
  const auto result = Linker(dropping, &same_rows, 2, nullptr).Run();
  REQUIRE(result.ok());
  CHECK(result->compared <= kept.plan().pairs);
  CHECK(result->pairs.size() > kPeople * 95 / 100);
}

constexpr char kIdentifierFields[] =
    "fields { name: 'id' column: 'id' form: VALUE_FORM_ORGANISATION_ID } identifiers: 'id'";

// A table of identifier and the four cells of a person.
LinkageRows IdentifierRows(const CompiledLinkage& rule, const std::vector<std::string>& left,
                           const std::vector<std::string>& right) {
  LinkageRows rows(rule, 20'269);
  for (const std::string& id : left) REQUIRE(rows.Add(LinkageSide::kLeft, {"ann", "", "", "", id}).ok());
  for (const std::string& id : right) REQUIRE(rows.Add(LinkageSide::kRight, {"bob", "", "", "", id}).ok());
  return rows;
}

TEST_CASE("records that agree in a valid identifier are linked without a score, in any spelling") {
  const CompiledLinkage rule = CompiledTestRule(TestLinkageRule(kTestRule + std::string(kIdentifierFields)));
  // A credit code, its organisation code; one with a wrong check character on both sides.
  LinkageRows rows = IdentifierRows(rule, {"91321000714092832H", "91321000714092833H"},
                                    {"91321000714092833H", "71409283-2"});
  Linker linker(rule, &rows, 1, nullptr);
  const auto result = linker.Run();
  REQUIRE(result.ok());
  REQUIRE(result->exact == 1);
  REQUIRE(result->pairs.size() == 1);
  CHECK(result->pairs[0].left == 0);
  CHECK(result->pairs[0].right == 1);
  CHECK(linker.ReasonsOf(*result->model, result->pairs[0]) == "id: the same valid identifier");
}

TEST_CASE("an identifier that very many share links nobody") {
  auto declared = TestLinkageRule(kTestRule + std::string(kIdentifierFields));
  declared.set_mode(linkage_v1::LINKAGE_MODE_MANY_TO_MANY);
  const CompiledLinkage rule = CompiledTestRule(declared);
  const std::vector<std::string> many(kIdentifierHolders, "91321000714092832H");
  LinkageRows rows = IdentifierRows(rule, many, {"91321000714092832H"});
  const auto result = Linker(rule, &rows, 1, nullptr).Run();
  REQUIRE(result.ok());
  CHECK(result->crowded == 1);
  CHECK(result->exact == 0);
}

TEST_CASE("two that fit equally well are for people to decide") {
  const CompiledLinkage rule = CompiledTestRule(TestLinkageRule());
  std::vector<TestPerson> left = TestRegister(1, kPeople, 0), right = TestRegister(2, kPeople, 0);
  right.push_back(right[7]);
  right.back().who = kPeople;
  const auto pairs = Linked(rule, left, right, 1);
  int reviewed = 0;
  for (const auto& [a, b, decision, reasons] : pairs) {
    reviewed += decision == LinkDecision::kReview ? 1 : 0;
    if (a == 7) CHECK(decision == LinkDecision::kReview);
  }
  CHECK(reviewed == 2);
}

TEST_CASE("a family that shares everything but name and birth is not one person") {
  const auto linked = [](const std::string& more) {
    const CompiledLinkage rule = CompiledTestRule(TestLinkageRule(kTestRule + more));
    std::vector<TestPerson> left = TestRegister(1, kPeople, 5), right = TestRegister(2, kPeople, 5);
    // Of the first fifty, each register has another member.
    for (size_t i = 0; i < 50; ++i) {
      right[i].cells[0] = "zoe " + std::to_string(i);
      right[i].cells[1] = "1800010" + std::to_string(i % 10);
    }
    int links = 0;
    for (const auto& [a, b, decision, reasons] : Linked(rule, left, right, 1))
      links += a == b && a < 50 && decision == LinkDecision::kLink ? 1 : 0;
    return links;
  };
  CHECK(linked("") > 0);
  CHECK(linked("link_needs_one_of: 'name' link_needs_one_of: 'birth'") == 0);
}

TEST_CASE("records of one table that are linked are one entity, by its first record") {
  const CompiledLinkage rule = CompiledTestRule(TestRuleOfMode(linkage_v1::LINKAGE_MODE_DUPLICATES));
  LinkageRows rows(rule, 0);
  for (const unsigned seed : {1U, 2U, 3U})
    FillTestRows(TestRegister(seed, kPeople, 3), LinkageSide::kLeft, &rows);
  const auto result = Linker(rule, &rows, 2, nullptr).Run();
  REQUIRE(result.ok());
  int right = 0;
  for (uint32_t record = 0; record < rows.count(); ++record)
    right += result->entities[record] == record % kPeople;
  CHECK(right > 3 * kPeople * 98 / 100);
}

}  // namespace
}  // namespace hangou
