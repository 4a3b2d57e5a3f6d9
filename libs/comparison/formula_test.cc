// Formulas: what they mean, what they refuse, and against a plain evaluation in rational numbers.
#include "libs/comparison/formula.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

ValueType Number(int scale, std::string_view unit = "") {
  return {ValueKind::kNumber, scale, Unit::Base(unit), false};
}
ValueType Of(ValueKind kind) { return {kind, 0, Unit(), false}; }

// Names with types and values, and a set of parameters.
class TestScope final : public FormulaScope {
 public:
  void Add(const std::string& name, ValueType type, Value value) {
    names_[name] = {type, static_cast<int>(slots_.size()), -1};
    slots_.push_back(value);
  }
  void AddParameter(const std::string& name, const std::string& unit, uint32_t scale,
                    std::vector<std::array<std::string, 4>> values) {
    hangou::comparison::v1::ComparisonParameter declared;
    declared.set_name("parameters/" + name);
    declared.set_unit(unit);
    declared.set_scale(scale);
    for (const auto& [code, from, until, value] : values) {
      auto* const added = declared.add_values();
      added->set_code(code);
      added->set_valid_from(from);
      added->set_valid_until(until);
      added->set_value(value);
    }
    auto compiled = CompiledParameter::Compile(declared);
    INFO(compiled.status());
    REQUIRE(compiled.ok());
    names_[name] = {compiled->type(), -1, static_cast<int>(parameters_.size())};
    parameters_.push_back(*std::move(compiled));
  }
  std::optional<Symbol> Find(std::string_view side, std::string_view name) const override {
    const auto found =
        names_.find(side.empty() ? std::string(name) : std::string(side) + "." + std::string(name));
    return found == names_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<int> FindRows(std::string_view side) const override {
    const auto found = names_.find("#" + std::string(side));
    return found == names_.end() ? std::nullopt : std::optional(found->second.slot);
  }

  absl::StatusOr<Formula> Compile(const std::string& text) const {
    ASSIGN_OR_RETURN(const auto part, ParseFormula(text));
    return Formula::Compile(*part, *this, parameters_);
  }
  // The value as people read it, or what is wrong.
  std::string Show(const std::string& text) const {
    const auto formula = Compile(text);
    if (!formula.ok()) return std::string(Message(formula.status()));
    const Frame frame{slots_.data(), &parameters_, *ParseDay("2025-06-30")};
    return FormatValue(formula->type(), formula->Evaluate(frame));
  }
  std::vector<Value>& slots() { return slots_; }

 private:
  std::map<std::string, Symbol> names_;
  std::vector<Value> slots_;
  ParameterSet parameters_;
};

TestScope City() {
  TestScope scope;
  scope.Add("price", Number(0, "fen"), NumberValue(123'456'789));
  scope.Add("deed.paid", Number(0, "fen"), {});
  scope.Add("#deed", Number(0), NumberValue(0));
  scope.Add("#sale", Number(0), NumberValue(2));
  scope.Add("hidden", Number(0, "fen"), {ValueState::kWithheld, Fault::kNone, 0, 0, {}});
  scope.Add("area", Number(2, "square_metre"), NumberValue(1'050));
  scope.Add("grade", Of(ValueKind::kText), TextValue("2"));
  scope.Add("signed_on", Of(ValueKind::kDate), NumberValue(*ParseDay("2024-02-29")));
  scope.Add("month_text", Of(ValueKind::kText), TextValue("2025-03"));
  scope.Add("quarter_text", Of(ValueKind::kText), TextValue("2025Q4"));
  scope.Add("heads", Number(0), NumberValue(31));
  scope.Add("holds", Of(ValueKind::kBoolean), NumberValue(1));
  scope.AddParameter("deed_rate", "", 6,
                     {{"", "2021-09-01", "2025-12-31", "0.03"}, {"", "2026-01-01", "", "0.02"}});
  scope.AddParameter("land_rate", "yuan/square_metre", 2,
                     {{"1", "2019-01-01", "", "12.00"}, {"2", "2019-01-01", "", "8.00"}});
  scope.AddParameter("lag", "days", 0, {{"", "2019-01-01", "", "90"}});
  return scope;
}

TEST_CASE("A formula gives exact numbers in the unit that follows from its parts") {
  const TestScope city = City();
  CHECK(city.Show("price") == "1234567.89 yuan");
  CHECK(city.Show("floor(price * deed_rate)") == "37037.03 yuan");
  CHECK(city.Show("ceil(price * deed_rate)") == "37037.04 yuan");
  CHECK(city.Show("floor(price / (1 + 0.09))") == "1132631.09 yuan");
  CHECK(city.Show("round(area * land_rate(grade))") == "84.00 yuan");
  CHECK(city.Show("price - 100 yuan") == "1234467.89 yuan");
  CHECK(city.Show("2.5 wan_yuan + 0.5 yuan") == "25000.50 yuan");
  CHECK(city.Show("round(price / area)") == "11757789 fen/square_metre");
  CHECK(city.Show("round(1 / 3, 4)") == "0.3333");
  CHECK(city.Show("-7 + 2 * (3 - 1)") == "-3");
  CHECK(city.Show("least(heads, 30) + greatest(0, -5)") == "30");
  CHECK(city.Show("abs(3 - 5)") == "2");
}

TEST_CASE("Rounding is what it is called, also below zero") {
  const TestScope city = City();
  CHECK(city.Show("floor(-2.5)") == "-3");
  CHECK(city.Show("ceil(-2.5)") == "-2");
  CHECK(city.Show("round(-2.5)") == "-3");
  CHECK(city.Show("round(2.5)") == "3");
  CHECK(city.Show("round_even(2.5)") == "2");
  CHECK(city.Show("round_even(3.5)") == "4");
  CHECK(city.Show("floor(-7 / 2)") == "-4");
  CHECK(city.Show("ceil(7 / -2)") == "-3");
  CHECK(city.Show("floor(2.999, 2)") == "2.99");
}

TEST_CASE("Present, missing and withheld are three values") {
  const TestScope city = City();
  CHECK(city.Show("price - deed.paid") == "missing");
  CHECK(city.Show("price - default(deed.paid, 0 yuan)") == "1234567.89 yuan");
  CHECK(city.Show("default(hidden, 0 yuan)") == "withheld");
  CHECK(city.Show("present(deed)") == "false");
  CHECK(city.Show("present(sale)") == "true");
  CHECK(city.Show("missing(deed.paid)") == "true");
  CHECK(city.Show("present(hidden)") == "withheld");
  CHECK(city.Show("heads > 40 and hidden > 0 yuan") == "false");
  CHECK(city.Show("heads > 30 or hidden > 0 yuan") == "true");
  CHECK(city.Show("heads > 30 and deed.paid > 0 yuan") == "missing");
  CHECK(city.Show("deed.paid > 0 yuan or hidden > 0 yuan") == "withheld");
  CHECK(city.Show("if(present(deed), deed.paid, price)") == "1234567.89 yuan");
}

TEST_CASE("Dates, months, quarters and years are of one calendar") {
  const TestScope city = City();
  CHECK(city.Show("signed_on + lag") == "2024-05-29");
  CHECK(city.Show("signed_on - 2024-01-31") == "29 day");
  CHECK(city.Show("month(signed_on)") == "2024-02");
  CHECK(city.Show("month(month_text) + 10 months") == "2026-01");
  CHECK(city.Show("quarter(quarter_text)") == "2025Q4");
  CHECK(city.Show("quarter(signed_on)") == "2024Q1");
  CHECK(city.Show("last_day(quarter(quarter_text))") == "2025-12-31");
  CHECK(city.Show("last_day(month(signed_on))") == "2024-02-29");
  CHECK(city.Show("first_day(year(2024))") == "2024-01-01");
  CHECK(city.Show("year(signed_on) = year(2024)") == "true");
  CHECK(city.Show("month(month_text) = 2025-03") == "true");
  CHECK(city.Show("signed_on >= 2024-03-01") == "false");
}

TEST_CASE("A parameter has its value of the day") {
  const TestScope city = City();
  CHECK(city.Show("deed_rate") == "0.030000");
  CHECK(city.Show("at(deed_rate, 2026-01-01)") == "0.020000");
  CHECK(city.Show("at(deed_rate, signed_on)") == "0.030000");
  CHECK(city.Show("at(land_rate(grade), signed_on)") == "800 fen/square_metre");
  CHECK(city.Show("at(deed_rate, 2020-01-01)") == "the parameter has no value for this day and code");
  CHECK(city.Show("land_rate(\"9\")") == "the parameter has no value for this day and code");
}

TEST_CASE("What cannot be computed is a fault where it is needed, and nowhere else") {
  const TestScope city = City();
  CHECK(city.Show("floor(heads / (heads - 31))") == "division by zero");
  CHECK(city.Show("if(heads = 31, 0, floor(heads / (heads - 31)))") == "0");
  CHECK(city.Show("price * price * price * price * price") == "overflow");
  CHECK(city.Show("month(grade)") == "there is no such period");
  CHECK(city.Show("year(heads)") == "there is no such period");
  CHECK(city.Show("default(floor(heads / 0), 1)") == "division by zero");
}

TEST_CASE("Texts are compared as they stand") {
  const TestScope city = City();
  CHECK(city.Show("grade = \"2\"") == "true");
  CHECK(city.Show("grade in (\"1\", \"2\")") == "true");
  CHECK(city.Show("grade not in (\"1\", \"2\")") == "false");
  CHECK(city.Show("left(month_text, 4)") == "2025");
  CHECK(city.Show("left(\"扬州市\", 2)") == "扬州");
}

TEST_CASE("What is no formula is refused with the column and what to do") {
  const TestScope city = City();
  CHECK(city.Show("price +") == "column 8: the formula ends where a value is needed");
  CHECK(city.Show("price price") == "column 7: the formula should end here");
  CHECK(city.Show("prize") == "column 1: there is no \"prize\" here");
  CHECK(city.Show("price + area") ==
        "column 1: the units differ: a number of fen and a number of square_metre");
  CHECK(city.Show("price > 5") == "column 1: the units differ: a number of fen and a number");
  CHECK(city.Show("price > 0") == "true");
  CHECK(city.Show("price / 2") ==
        "column 1: say how the division is rounded, with nothing around it: floor(a / b), round(a / b, 2)");
  CHECK(city.Show("price and holds") == "column 1: true or false is needed here, not a number of fen");
  CHECK(city.Show("grade < \"3\"") == "column 1: texts and booleans are equal or not, and have no order");
  CHECK(city.Show("signed_on + 5") == "column 1: to a date a whole number of days is added, not a number");
  CHECK(city.Show("land_rate") == "column 1: the parameter has a value per code: write land_rate(CODE)");
  CHECK(city.Show("deed_rate(grade)") == "column 1: the parameter has no codes");
  CHECK(city.Show("2025-02-30 > signed_on") == "column 1: there is no such day or month");
  CHECK(city.Show("\"open") == "column 1: the text has no closing quote");
  CHECK(city.Show("nothing(1)") == "column 1: there is no function or parameter \"nothing\"");
  CHECK(city.Show("if(holds, 1)") == "column 1: if takes 3 arguments");
  CHECK(city.Show("5 elephants > 1") == "column 1: the units differ: a number of elephants and a number");
  CHECK(city.Show(std::string(100, '(') + "1" + std::string(100, ')')) ==
        "column 41: a formula is at most 40 parts deep");
  CHECK(city.Show(std::string(3'000, '1')) == "column 1: a formula has at most 2000 bytes");
  CHECK(city.Show("12345678901234567890") == "column 21: a number has at most 18 digits");
  CHECK(city.Show("0.1234567890 * 0.1234567890") ==
        "column 1: more than 18 digits behind the point: round before");
}

// A random formula over whole numbers, and its value by plain arithmetic.
struct RandomFormula {
  std::string text;
  __int128 value;
};

RandomFormula MakeRandom(std::mt19937_64& random, int depth) {
  const auto pick = [&](int most) { return static_cast<int>(random() % static_cast<uint64_t>(most)); };
  if (depth == 0 || pick(4) == 0) {
    const int number = pick(2'000) - 1'000;
    return {number < 0 ? "(" + std::to_string(number) + ")" : std::to_string(number), number};
  }
  const RandomFormula a = MakeRandom(random, depth - 1), b = MakeRandom(random, depth - 1);
  switch (pick(6)) {
    case 0:
      return {"(" + a.text + " + " + b.text + ")", a.value + b.value};
    case 1:
      return {"(" + a.text + " - " + b.text + ")", a.value - b.value};
    case 2:
      return {"(" + a.text + " * " + b.text + ")", a.value * b.value};
    case 3:
      return {"least(" + a.text + ", " + b.text + ")", std::min(a.value, b.value)};
    case 4:
      return {"if(" + a.text + " < " + b.text + ", " + b.text + ", " + a.text + ")",
              std::max(a.value, b.value)};
    default: {
      if (b.value == 0) return a;
      __int128 floor = a.value / b.value;
      if (a.value % b.value != 0 && (a.value < 0) != (b.value < 0)) --floor;
      return {"floor(" + a.text + " / " + b.text + ")", floor};
    }
  }
}

TEST_CASE("Random formulas have the value of plain arithmetic") {
  std::mt19937_64 random(std::random_device{}());
  const TestScope nothing;
  int evaluated = 0;
  for (int i = 0; i < 2'000; ++i) {
    const RandomFormula formula = MakeRandom(random, 4);
    if (formula.text.size() > kFormulaBytes) continue;
    const auto compiled = nothing.Compile(formula.text);
    // Long ones have too many parts.
    if (!compiled.ok()) continue;
    const ParameterSet none;
    const Value value = compiled->Evaluate({nullptr, &none, 0});
    INFO(formula.text);
    REQUIRE(value.is_present());
    REQUIRE((value.number == formula.value));
    ++evaluated;
  }
  CHECK(evaluated > 1'000);
}

TEST_CASE("Random bytes are parsed or refused, never more") {
  std::mt19937_64 random(std::random_device{}());
  const TestScope city = City();
  constexpr std::string_view kPieces[] = {
      "price", "(",       ")",          "+",        "-",   "*",          "/",    "floor(", ",", "1",
      "2.5",   "2025-01", "2025-01-01", "\"a\"",    "and", "or",         "not",  "in",     "=", "<",
      ".",     "deed",    "yuan",       "present(", "if(", "land_rate(", "\xE6", "at("};
  for (int i = 0; i < 5'000; ++i) {
    std::string text;
    for (uint64_t n = random() % 12; n > 0; --n)
      text += std::string(kPieces[random() % std::size(kPieces)]) + " ";
    const std::string shown = city.Show(text);
    CHECK_FALSE(shown.empty());
  }
}

}  // namespace
}  // namespace hangou
