#include "services/comparison/money_once.h"

#include <catch2/catch.hpp>

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// A clue of `rule` about a subject's tax on an object.
v1::Clue ClueFor(const std::string& rule, const std::string& tax, const std::string& subject,
                 const std::string& object = "", const std::string& period = "") {
  v1::Clue clue;
  clue.set_rule(rule);
  clue.set_tax(tax);
  clue.set_subject(subject);
  clue.set_tax_object(object);
  clue.set_period(period);
  return clue;
}

}  // namespace

TEST_CASE("Of the same money the rule that finds most counts") {
  MoneyOnce money;
  money.Add(ClueFor("rules/t01", "deed_tax", "P", "parcel"), 300);
  money.Add(ClueFor("rules/t32", "deed_tax", "P", "parcel"), 200);
  CHECK(money.plain_fen() == 500);
  CHECK(money.once_fen() == 300);
}

TEST_CASE("Clues of one rule add up") {
  MoneyOnce money;
  money.Add(ClueFor("rules/t10", "vat", "C"), 100);
  money.Add(ClueFor("rules/t10", "vat", "C"), 150);
  money.Add(ClueFor("rules/t30", "vat", "C"), 200);
  CHECK(money.once_fen() == 250);
}

TEST_CASE("Another tax subject object or period is other money") {
  MoneyOnce money;
  money.Add(ClueFor("rules/a", "vat", "C", "", "2024"), 1);
  money.Add(ClueFor("rules/b", "stamp_duty", "C", "", "2024"), 10);
  money.Add(ClueFor("rules/b", "vat", "D", "", "2024"), 100);
  money.Add(ClueFor("rules/b", "vat", "C", "permit", "2024"), 1'000);
  money.Add(ClueFor("rules/b", "vat", "C", "", "2025"), 10'000);
  CHECK(money.once_fen() == 11'111);
}

TEST_CASE("The month in a key is the period of its money") {
  MoneyOnce money;
  for (const std::string month : {"2025-01", "2025-02"}) {
    for (const std::string rule : {"rules/t14", "rules/t15"}) {
      v1::Clue clue = ClueFor(rule, "vat", "C");
      auto* const part = clue.add_key();
      part->set_name("used_in");
      part->set_value(month);
      money.Add(clue, rule == "rules/t14" ? 7 : 5);
    }
  }
  CHECK(money.plain_fen() == 24);
  CHECK(money.once_fen() == 14);
}

TEST_CASE("Money without a tax is nobody elses") {
  MoneyOnce money;
  money.Add(ClueFor("rules/a", "", "C"), 3);
  money.Add(ClueFor("rules/b", "", "C"), 4);
  CHECK(money.once_fen() == 7);
}

}  // namespace hangou
