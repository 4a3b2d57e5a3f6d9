// Random rules over random rows find what a model finds that looks at each key and row by itself. HANGOU_MODEL_RULES
// says how many, where more are wanted.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "libs/comparison/gather.h"
#include "libs/comparison/rules_for_test.h"
#include "libs/comparison/run.h"

namespace hangou {
namespace {

using rule_test::AddModelFields;
using rule_test::Any;
using rule_test::Below;
using rule_test::kModelDay;
using rule_test::kModelFields;
using rule_test::LimitOfDays;
using rule_test::OneIn;
using rule_test::Random;
using rule_test::RandomRule;

constexpr int kModelRules = 250;  // some seconds
constexpr int kMostSegments = 3;

std::shared_ptr<const ResourceSchema> SchemaOfModel() {
  auto resource = schema_test::BareResource();
  resource.set_versioning(hangou::catalog::v1::VERSIONING_ARRIVAL);
  AddModelFields(&resource);
  auto schema = ResourceSchema::Compile(resource, schema_test::CodeList);
  INFO(schema.status());
  REQUIRE(schema.ok());
  return *schema;
}

// A row as the model has it.
struct ModelRow {
  std::string key;
  uint64_t id = 0;
  bool gone = false;
  std::vector<std::optional<int64_t>> numbers;    // by field
  std::vector<std::optional<std::string>> texts;  // by field
};

// Where a field of a side stands, none where it is withheld, or only a part of the key.
std::optional<size_t> PlaceOfField(const std::string& field, const std::set<std::string>& withheld) {
  const auto found = std::find(kModelFields.begin(), kModelFields.end(), field);
  if (found == kModelFields.end() || withheld.contains(field)) return std::nullopt;
  return static_cast<size_t>(found - kModelFields.begin());
}

bool IsTextField(size_t field) { return kModelFields[field] == "kind" || kModelFields[field] == "month"; }

// The rows of one resource of a side: written in several segments, and what counts in the end.
struct ModelRows {
  std::vector<std::vector<ModelRow>> segments;
  std::map<std::pair<std::string, uint64_t>, ModelRow> rows;
};

ModelRow RandomModelRow(Random& random, size_t key_parts) {
  ModelRow row;
  row.key = std::string(1, static_cast<char>('a' + Below(random, 6)));
  row.key.push_back('\0');
  if (key_parts == 2) {
    row.key += OneIn(random, 8) ? std::string(40, 'k') : "";
    row.key += std::to_string(Below(random, 12));
    row.key.push_back('\0');
  }
  row.id = 1 + Below(random, 40);
  row.gone = OneIn(random, 9);
  row.numbers.resize(kModelFields.size());
  row.texts.resize(kModelFields.size());
  for (size_t field = 0; field < kModelFields.size() && !row.gone; ++field) {
    if (OneIn(random, 7)) continue;
    if (kModelFields[field] == "kind") {
      row.texts[field] = Any<std::string>(random, {"x", "y", "xyz", "一二三四五六七八", ""});
    } else if (kModelFields[field] == "month") {
      row.texts[field] =
          OneIn(random, 12) ? "2024-13" : "2024-" + std::string(OneIn(random, 2) ? "09" : "10");
    } else if (kModelFields[field] == "day") {
      row.numbers[field] = kModelDay - static_cast<int64_t>(Below(random, 120));
    } else {
      row.numbers[field] = OneIn(random, 80) ? INT64_MAX - 5 : static_cast<int64_t>(Below(random, 800)) - 100;
    }
  }
  return row;
}

ModelRows RandomModelRows(Random& random, size_t key_parts) {
  ModelRows all;
  all.segments.resize(1 + Below(random, kMostSegments));
  for (auto& segment : all.segments) {
    std::map<std::pair<std::string, uint64_t>, ModelRow> rows;
    for (size_t i = 0, count = Below(random, 60); i < count; ++i) {
      ModelRow row = RandomModelRow(random, key_parts);
      rows[{row.key, row.id}] = row;
    }
    for (const auto& [place, row] : rows) {
      segment.push_back(row);
      if (row.gone) {
        all.rows.erase(place);
      } else {
        all.rows[place] = row;
      }
    }
  }
  return all;
}

std::vector<ColumnSpec> ModelColumns() {
  std::vector<ColumnSpec> columns;
  for (size_t field = 0; field < kModelFields.size(); ++field)
    columns.push_back({kModelFields[field], IsTextField(field)});
  return columns;
}

std::unique_ptr<MergedRows> WriteModelRows(const std::string& folder, const ModelRows& all) {
  std::vector<std::unique_ptr<BlockSource>> sources;
  for (size_t i = 0; i < all.segments.size(); ++i) {
    const std::string path = folder + "/" + std::to_string(i);
    const auto builder = *SegmentBuilder::Create(path, ModelColumns(), 1);
    for (const ModelRow& row : all.segments[i]) {
      std::vector<Cell> cells;
      for (size_t field = 0; field < kModelFields.size(); ++field) {
        cells.push_back({row.numbers[field] || row.texts[field], row.numbers[field].value_or(0),
                         row.texts[field] ? std::string_view(*row.texts[field]) : std::string_view()});
      }
      REQUIRE(builder->Add(0, {row.key, row.id, row.gone, cells}).ok());
    }
    REQUIRE(builder->Finish().ok());
    sources.push_back(MakeSegmentSource(*Segment::Open(path, ModelColumns(), 1), 0, {0, 1, 2, 3, 4}));
  }
  return std::make_unique<MergedRows>(std::move(sources));
}

// What stands in the frame of a finding: the measures of its total, or else of its sides.
std::string FiguresOf(const CompiledRule& rule, const Value* slots) {
  std::string figures;
  const auto add = [&](int slot) { figures += " " + FormatValue(rule.type_of(slot), slots[slot]); };
  for (const CompiledMeasure& measure : rule.total_measures()) add(measure.slot);
  if (rule.rollup_parts() > 0) return figures;
  for (const CompiledSide& side : rule.sides()) {
    add(side.rows_slot);
    for (const CompiledMeasure& measure : side.measures) add(measure.slot);
  }
  return figures;
}

// What a run tells, in an order of its own.
struct ModelAnswer {
  std::multiset<std::tuple<std::string, std::string, int64_t>> findings;  // key, subject and figures, amount
  int64_t keys = 0, not_due = 0, undetermined = 0, withheld = 0, problems = 0;
  std::vector<int64_t> rows;

  bool operator==(const ModelAnswer&) const = default;
};

std::ostream& operator<<(std::ostream& out, const ModelAnswer& answer) {
  out << answer.findings.size() << " findings, " << answer.keys << " keys, " << answer.not_due << " not due, "
      << answer.undetermined << " undetermined, " << answer.withheld << " withheld, " << answer.problems
      << " problems";
  for (const int64_t rows : answer.rows) out << ", " << rows << " rows";
  for (const auto& [key, subject, amount] : answer.findings)
    out << "\n" << key << " " << subject << " " << amount;
  return out;
}

// Each row and each key by itself, with nothing but formulas and measures.
class ModelRun {
 public:
  // Rows and withheld fields of each resource of each side.
  using Sides = std::vector<std::vector<std::pair<const ModelRows*, std::set<std::string>>>>;

  ModelRun(const CompiledRule& rule, const Sides& sides) : rule_(rule), sides_(sides), slots_(rule.slots()) {
    answer_.rows.resize(rule.sides().size());
    frame_ = {slots_.data(), &rule.parameters(), kModelDay};
    At(rule.as_of_slot()) = NumberValue(kModelDay);
  }

  ModelAnswer Run() {
    std::set<std::string> keys;
    for (size_t side = 0; side < sides_.size(); ++side) {
      if (rule_.sides()[side].key.size() < rule_.key_kinds().size()) continue;
      for (const auto& [rows, withheld] : sides_[side]) {
        for (const auto& [place, row] : rows->rows) keys.insert(place.first);
      }
    }
    for (const std::string& key : keys) TakeKey(key);
    EndTotal();
    return answer_;
  }

 private:
  Value& At(int slot) { return slots_[static_cast<size_t>(slot)]; }

  void GatherSide(size_t side, const std::string& key) {
    const CompiledSide& of = rule_.sides()[side];
    const std::string mine = key.substr(0, PrefixBytes(rule_.key_kinds(), key, of.key.size()));
    const bool is_new = last_.size() <= side || last_[side] != mine;
    auto& gatherers = gatherers_[side];
    gatherers.clear();
    for (const CompiledMeasure& measure : of.measures) gatherers.emplace_back(measure);
    Value spoiled;
    int64_t counted = 0;
    for (const auto& [rows, withheld] : sides_[side]) {
      for (auto at = rows->rows.lower_bound({mine, 0}); at != rows->rows.end() && at->first.first == mine;
           ++at) {
        for (const SideColumn& column : of.columns) {
          const auto field = PlaceOfField(column.field, withheld);
          Value& value = At(column.slot);
          if (!field) {
            value = {ValueState::kWithheld, Fault::kNone, 0, 0, {}};
          } else if (IsTextField(*field)) {
            value = at->second.texts[*field] ? TextValue(*at->second.texts[*field]) : Value();
          } else {
            value = at->second.numbers[*field] ? NumberValue(*at->second.numbers[*field]) : Value();
          }
        }
        const Value holds = of.filter ? of.filter->Evaluate(frame_) : NumberValue(1);
        if (!holds.is_present() && holds.state != ValueState::kMissing && holds.state > spoiled.state)
          spoiled = holds;
        if (!holds.is_true()) continue;
        ++counted;
        for (Gatherer& gatherer : gatherers) gatherer.Add(frame_);
      }
    }
    const bool fails = spoiled.state != ValueState::kMissing;
    At(of.rows_slot) = fails ? spoiled : NumberValue(counted);
    for (size_t i = 0; i < gatherers.size(); ++i)
      At(of.measures[i].slot) = fails ? spoiled : gatherers[i].Result();
    if (is_new) answer_.rows[side] += counted;
    last_.resize(std::max(last_.size(), side + 1));
    last_[side] = mine;
  }

  void EvaluateRatesDay() {
    frame_.rates_day = kModelDay;
    if (!rule_.rates_on()) return;
    const Value day = rule_.rates_on()->Evaluate(frame_);
    if (day.is_present()) frame_.rates_day = static_cast<int32_t>(day.number);
  }

  void TakeKey(const std::string& key) {
    ++answer_.keys;
    const std::string total = key.substr(0, PrefixBytes(rule_.key_kinds(), key, rule_.rollup_parts()));
    if (rule_.rollup_parts() > 0 && total_ != total) EndTotal();
    frame_.rates_day = kModelDay;
    gatherers_.resize(sides_.size());
    for (size_t side = 0; side < sides_.size(); ++side) GatherSide(side, key);
    SetKey(rule_.key_kinds(), key);
    EvaluateRatesDay();
    for (const CompiledValue& value : rule_.values()) At(value.slot) = value.formula.Evaluate(frame_);
    if (rule_.rollup_parts() == 0) return Decide(key);
    if (!total_) {
      total_ = total;
      totals_.clear();
      for (const CompiledMeasure& measure : rule_.total_measures()) totals_.emplace_back(measure);
    }
    for (Gatherer& measure : totals_) measure.Add(frame_);
  }

  void SetKey(const std::vector<KeyKind>& kinds, const std::string& key) {
    key_ = key;
    std::vector<Value> parts;
    REQUIRE(ReadKey(kinds, key_, &parts));
    for (size_t i = 0; i < parts.size(); ++i) At(rule_.key_slot() + static_cast<int>(i)) = parts[i];
  }

  void EndTotal() {
    if (!total_) return;
    SetKey({rule_.key_kinds().begin(), rule_.key_kinds().begin() + 1}, *total_);
    for (size_t i = 0; i < totals_.size(); ++i) At(rule_.total_measures()[i].slot) = totals_[i].Result();
    EvaluateRatesDay();
    for (const CompiledValue& value : rule_.totals()) At(value.slot) = value.formula.Evaluate(frame_);
    const std::string key = *total_;
    Decide(key);
    total_.reset();
  }

  void Decide(const std::string& key) {
    if (rule_.due()) {
      const Value due = rule_.due()->Evaluate(frame_);
      if (due.is_present() && due.number > kModelDay) {
        ++answer_.not_due;
        return;
      }
    }
    const Value holds = rule_.when().Evaluate(frame_);
    answer_.undetermined += holds.state == ValueState::kMissing ? 1 : 0;
    answer_.withheld += holds.state == ValueState::kWithheld ? 1 : 0;
    answer_.problems += holds.state == ValueState::kFault ? 1 : 0;
    if (!holds.is_true()) return;
    std::string subject(At(rule_.key_slot()).text);
    if (rule_.subject()) {
      const Value named = rule_.subject()->Evaluate(frame_);
      if (named.is_present()) subject = named.text;
    }
    int64_t amount_fen = -1;
    const Value amount = rule_.amount()->Evaluate(frame_);
    const bool fits = amount.is_present() && amount.number <= INT64_MAX && amount.number >= INT64_MIN;
    if (fits) amount_fen = static_cast<int64_t>(amount.number);
    if (!fits && (amount.is_present() || amount.state == ValueState::kFault)) ++answer_.problems;
    answer_.findings.insert({key, subject + FiguresOf(rule_, slots_.data()), amount_fen});
  }

  const CompiledRule& rule_;
  const Sides& sides_;
  std::vector<Value> slots_;
  Frame frame_;
  ModelAnswer answer_;
  std::string key_;
  std::vector<std::string> last_;  // the key that a side was gathered for last
  std::vector<std::vector<Gatherer>> gatherers_;
  std::optional<std::string> total_;
  std::vector<Gatherer> totals_;
};

ModelAnswer RunOfRule(const CompiledRule& rule, const ModelRun::Sides& sides, const std::string& folder) {
  std::vector<SideInput> inputs;
  for (size_t side = 0; side < sides.size(); ++side) {
    for (const auto& [rows, withheld] : sides[side]) {
      SideInput input;
      input.side = side;
      input.rows = WriteModelRows(folder + "/" + std::to_string(inputs.size()), *rows);
      for (const SideColumn& column : rule.sides()[side].columns) {
        const auto field = PlaceOfField(column.field, withheld);
        input.columns.push_back(field ? static_cast<int>(*field) : -1);
      }
      inputs.push_back(std::move(input));
    }
  }
  RunTerms terms;
  terms.as_of_day = kModelDay;
  RunControl control;
  ModelAnswer answer;
  const auto counts = RunRule(rule, std::move(inputs), terms, &control, [&](const Finding& finding) {
    answer.findings.insert({std::string(finding.key),
                            std::string(finding.subject) + FiguresOf(rule, finding.slots),
                            finding.amount_fen.value_or(-1)});
    return absl::OkStatus();
  });
  INFO(counts.status());
  REQUIRE(counts.ok());
  answer.keys = counts->keys;
  answer.not_due = counts->not_due;
  answer.undetermined = counts->undetermined;
  answer.withheld = counts->withheld;
  for (const auto& [problem, keys] : counts->problems) answer.problems += keys;
  answer.rows = counts->rows;
  return answer;
}

}  // namespace

TEST_CASE("Random rules over random rows find what a look at each key and row finds") {
  const auto schema = SchemaOfModel();
  auto parameters = std::make_shared<ParameterSet>();
  parameters->push_back(CompiledParameter::Compile(LimitOfDays()).value());
  const char* const wanted = std::getenv("HANGOU_MODEL_RULES");
  const int rules = wanted != nullptr ? std::atoi(wanted) : kModelRules;
  int64_t found = 0;
  for (int seed = 1; seed <= rules; ++seed) {
    Random random(static_cast<uint64_t>(seed));
    const auto declared = RandomRule(random);
    const auto rule = CompiledRule::Compile(declared, [&](const std::string&) { return schema; }, parameters);
    INFO("seed " << seed << ": " << declared.DebugString());
    INFO(rule.status());
    REQUIRE(rule.ok());
    std::vector<std::unique_ptr<ModelRows>> all;
    ModelRun::Sides sides((*rule)->sides().size());
    for (size_t side = 0; side < sides.size(); ++side) {
      for (int i = 0; i < declared.sides(static_cast<int>(side)).resources_size(); ++i) {
        all.push_back(
            std::make_unique<ModelRows>(RandomModelRows(random, (*rule)->sides()[side].key.size())));
        std::set<std::string> withheld;
        if (OneIn(random, 12)) withheld.insert(Any(random, kModelFields));
        sides[side].emplace_back(all.back().get(), withheld);
      }
    }
    const TempFolder folder;
    const ModelAnswer ours = RunOfRule(**rule, sides, folder.path());
    CHECK(ours == ModelRun(**rule, sides).Run());
    found += static_cast<int64_t>(ours.findings.size());
  }
  CHECK(found > rules);
}

}  // namespace hangou
