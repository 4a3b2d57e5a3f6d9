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
#include "libs/comparison/run.h"
#include "libs/schema/schema_for_test.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr int32_t kModelDay = 20'000;
constexpr int kModelRules = 250;  // some seconds
constexpr int kMostSegments = 3;
const std::vector<std::string> kModelFields = {"amount", "day", "kind", "month", "other"};

using Random = std::mt19937_64;

size_t Below(Random& random, size_t count) { return random() % count; }
bool OneIn(Random& random, size_t count) { return Below(random, count) == 0; }

template <typename T>
const T& Any(Random& random, const std::vector<T>& all) {
  return all[Below(random, all.size())];
}

std::shared_ptr<const ResourceSchema> SchemaOfModel() {
  auto resource = schema_test::BareResource();
  resource.set_versioning(hangou::catalog::v1::VERSIONING_ARRIVAL);
  schema_test::AddField(&resource, "citizen_id", hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID)
      ->set_required(true);
  schema_test::AddField(&resource, "document", hangou::catalog::v1::FIELD_TYPE_TEXT);
  schema_test::AddField(&resource, "amount", hangou::catalog::v1::FIELD_TYPE_MONEY);
  schema_test::AddField(&resource, "other", hangou::catalog::v1::FIELD_TYPE_MONEY);
  schema_test::AddField(&resource, "day", hangou::catalog::v1::FIELD_TYPE_DATE);
  schema_test::AddField(&resource, "kind", hangou::catalog::v1::FIELD_TYPE_TEXT);
  schema_test::AddField(&resource, "month", hangou::catalog::v1::FIELD_TYPE_TEXT);
  auto schema = ResourceSchema::Compile(resource, schema_test::CodeList);
  INFO(schema.status());
  REQUIRE(schema.ok());
  return *schema;
}

CompiledParameter LimitOfDays() {
  v1::ComparisonParameter declared;
  declared.set_name("parameters/limit");
  declared.set_unit("yuan");
  // None before 2024-09-01.
  for (const auto& [from, value] : {std::pair("2024-09-01", "3"), std::pair("2024-10-01", "5")}) {
    auto* const added = declared.add_values();
    added->set_valid_from(from);
    added->set_value(value);
  }
  auto compiled = CompiledParameter::Compile(declared);
  REQUIRE(compiled.ok());
  return *std::move(compiled);
}

void AddNamed(google::protobuf::RepeatedPtrField<v1::NamedExpression>* all, const std::string& name,
              const std::string& text) {
  auto* const added = all->Add();
  added->set_name(name);
  added->mutable_value()->set_text(text);
}

// A condition over rows of a side; `before` is a side that was gathered before it, or empty.
std::string RandomFilter(Random& random, const std::string& before) {
  std::vector<std::string> filters = {R"(kind = "x")",
                                      "amount > 3 yuan",
                                      "day >= as_of - 100 days",
                                      R"(kind != "y" and amount < other)",
                                      R"(month(month) >= month("2024-09"))",
                                      "amount > limit",
                                      "present(kind)",
                                      R"(not (kind = "x" or other > 4 yuan))"};
  if (!before.empty()) {
    for (const char* const text :
         {"day > B.day", "month(month) > month(B.day)", "amount > B.total", "kind = B.kind",
          R"(day > B.day or kind = "x")", "missing(B.day) or day > B.day",
          R"(kind = "x" and day >= B.day and amount > 1 yuan)", "present(B)", "amount + 1 yuan > B.total",
          "present(B.day)"}) {
      std::string filter = text;
      for (size_t at = filter.find("B"); at != std::string::npos; at = filter.find("B", at))
        filter.replace(at, 1, before);
      filters.push_back(filter);
    }
  }
  return Any(random, filters);
}

void AddMeasures(Random& random, v1::Side* side) {
  auto* const measures = side->mutable_measures();
  AddNamed(measures, "total",
           Any<std::string>(random, {"sum(amount)", "sum(amount - other)", "max(amount)"}));
  AddNamed(measures, "day", Any<std::string>(random, {"max(day)", "min(day)", "last(day, amount)"}));
  AddNamed(
      measures, "kind",
      Any<std::string>(random, {"max(kind)", "min(kind)", "max(left(kind, 1))", R"(min(default(kind, "n")))",
                                R"(max(if(amount > 2 yuan, kind, "s")))", "first(kind, day)"}));
  if (OneIn(random, 2)) {
    AddNamed(measures, "more",
             Any<std::string>(random, {"count()", R"(count(kind = "x"))", "count_distinct(kind)"}));
  } else {
    AddNamed(measures, "more", "count(amount > 2 yuan)");
  }
}

v1::ComparisonRule RandomRule(Random& random) {
  v1::ComparisonRule rule;
  rule.set_name("rules/model");
  rule.set_title("模型");
  rule.set_purpose("tax_risk");
  for (const char* const name : {"person", "number"}) {
    auto* const key = rule.add_key();
    key->set_name(name);
    key->set_kind(v1::KEY_KIND_TEXT);
  }
  std::string before;
  bool before_is_whole = false;
  for (const char* const name : {"a", "b", "c"}) {
    if (*name == 'c' && OneIn(random, 2)) continue;
    v1::Side* const side = rule.add_sides();
    side->set_name(name);
    for (size_t i = 0; i <= Below(random, 2); ++i)
      side->add_resources("tax." + std::string(name) + std::to_string(i));
    side->add_key()->set_text("citizen_id");
    // One side at least has the whole key.
    if (*name == 'b' || !OneIn(random, 3)) side->add_key()->set_text("document");
    const bool whole = side->key_size() == 2;
    // A side of a part of the key is the same for all keys that begin so.
    const bool sees_before = whole || !before_is_whole;
    if (!OneIn(random, 3)) side->mutable_filter()->set_text(RandomFilter(random, sees_before ? before : ""));
    AddMeasures(random, side);
    before = name;
    before_is_whole = whole;
  }
  AddNamed(rule.mutable_values(), "most", "greatest(default(a.total, 0 yuan), default(b.total, 0 yuan))");
  AddNamed(rule.mutable_values(), "label", "default(a.kind, b.kind)");
  AddNamed(rule.mutable_values(), "chosen", R"(if(a.total > 2 yuan, label, "s"))");
  const bool rolls_up = OneIn(random, 3);
  if (OneIn(random, 3))
    rule.mutable_rates_on()->set_text(rolls_up || OneIn(random, 2) ? "as_of - 20 days" : "a.day");
  if (rolls_up) {
    rule.mutable_rollup()->add_by("person");
    auto* const measures = rule.mutable_rollup()->mutable_measures();
    AddNamed(measures, "keys", "count()");
    AddNamed(
        measures, "amount",
        Any<std::string>(random, {"sum(most)", "sum(a.total)", "min(b.total)", "sum(a.total + b.total)"}));
    AddNamed(measures, "kind", Any<std::string>(random, {"max(label)", "min(chosen)", "max(b.kind)"}));
    AddNamed(measures, "there",
             OneIn(random, 4) ? "count_distinct(label)" : "count(present(a) and present(b))");
    rule.mutable_when()->set_text(
        Any<std::string>(random, {"total.amount > 4 yuan", R"(total.kind = "x" or total.there > 1)",
                                  "total.keys > total.there", "total.amount > limit"}));
    rule.mutable_amount()->set_text("total.amount");
    rule.mutable_subject()->set_text("total.kind");
    return rule;
  }
  if (OneIn(random, 3)) rule.mutable_due()->set_text("a.day + 30 days");
  rule.mutable_when()->set_text(Any<std::string>(
      random, {"present(a) and missing(b)", "a.total > b.total", "most > limit", "a.kind = b.kind",
               R"(chosen = "x" or b.more > 1)", "a.total - b.total > 1 yuan and a.day > b.day",
               R"(label != "y")", "floor(a.total * 3) > b.total", R"(number != "3" and most > 3 yuan)"}));
  rule.mutable_amount()->set_text("most");
  if (OneIn(random, 2)) rule.mutable_subject()->set_text("label");
  return rule;
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
  parameters->push_back(LimitOfDays());
  const char* const wanted = std::getenv("HANGOU_MODEL_RULES");
  const int rules = wanted != nullptr ? std::atoi(wanted) : kModelRules;
  int64_t found = 0;
  for (int seed = 1; seed <= rules; ++seed) {
    Random random(static_cast<uint64_t>(seed));
    const v1::ComparisonRule declared = RandomRule(random);
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
