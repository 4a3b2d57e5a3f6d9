#include "libs/comparison/rule.h"

#include <algorithm>
#include <map>
#include <set>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/comparison/projector.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;
using v1::Expression;

constexpr std::string_view kRulePrefix = "rules/";
constexpr std::string_view kAsOf = "as_of";
constexpr std::string_view kPeriod = "period";
constexpr std::string_view kTotal = "total";
constexpr std::string_view kPeers = "peers";
constexpr std::string_view kCutOff = "cut_off";

struct AggregateName {
  std::string_view name;
  Aggregate aggregate;
  size_t least;  // arguments
  size_t most;
};
constexpr AggregateName kAggregates[] = {{"count", Aggregate::kCount, 0, 1},
                                         {"sum", Aggregate::kSum, 1, 1},
                                         {"count_distinct", Aggregate::kCountDistinct, 1, 1},
                                         {"min", Aggregate::kMin, 1, 1},
                                         {"max", Aggregate::kMax, 1, 1},
                                         {"first", Aggregate::kFirst, 2, 2},
                                         {"last", Aggregate::kLast, 2, 2},
                                         {"exists", Aggregate::kExists, 1, 1}};

}  // namespace

// Compiles one rule. Not thread-safe.
class RuleCompiler final : public FormulaScope {
 public:
  RuleCompiler(const v1::ComparisonRule& declared, const CompiledRule::SchemaOf& schema_of,
               std::shared_ptr<const ParameterSet> parameters)
      : schema_of_(schema_of), rule_(new CompiledRule()) {
    rule_->declared_ = declared;
    rule_->parameters_ = std::move(parameters);
  }

  absl::StatusOr<std::shared_ptr<const CompiledRule>> Compile();

  std::optional<Symbol> Find(std::string_view side, std::string_view name) const override;
  std::optional<int> FindRows(std::string_view side) const override;

 private:
  // What the names of a formula are looked up in.
  enum class Stage { kRow, kRates, kGroup, kTotal };

  const v1::ComparisonRule& declared() const { return rule_->declared_; }
  absl::Status Error(const std::string& what) const {
    return MakeError(Reason::kInvalidObject, "rule " + declared().name() + ": " + what);
  }
  absl::Status ErrorAt(const Expression& at, const absl::Status& status) const {
    return MakeError(Reason::kInvalidObject, "rule " + declared().name() + ", line " +
                                                 std::to_string(at.line()) + ", " +
                                                 std::string(Message(status)) + " (in: " + at.text() + ")");
  }
  int NewSlot(const ValueType& type) {
    rule_->types_.push_back(type);
    return static_cast<int>(rule_->types_.size()) - 1;
  }
  bool IsTaken(const std::string& name) const;
  absl::Status CheckName(const std::string& what, const std::string& name);
  absl::Status CompileHead();
  absl::Status CompileKey();
  absl::Status CompileSide(const v1::Side& declared_side);
  absl::Status CompileSideKey(const v1::Side& declared_side, CompiledSide* side);
  absl::StatusOr<CompiledMeasure> CompileMeasure(const v1::NamedExpression& declared_measure);
  absl::StatusOr<Formula> CompileFormula(const Expression& expression) const;
  absl::StatusOr<Formula> CompileOf(const Expression& expression, ValueKind kind,
                                    const std::string& what) const;
  absl::StatusOr<std::optional<Formula>> CompileOptional(bool is_set, const Expression& expression,
                                                         ValueKind kind, const std::string& what) const;
  absl::Status CompileValues(const google::protobuf::RepeatedPtrField<v1::NamedExpression>& all,
                             std::vector<CompiledValue>* values);
  absl::Status CompileRollup();
  absl::Status CompilePeers();
  absl::Status CompileOutcome();
  size_t KeyPartsOf(std::string_view side) const;
  std::optional<Symbol> FindField(std::string_view name) const;
  std::optional<Symbol> FindMeasure(std::string_view side, std::string_view name) const;
  std::optional<Symbol> FindPlain(std::string_view name) const;
  std::optional<Symbol> SlotSymbol(int slot) const {
    return Symbol{rule_->types_[static_cast<size_t>(slot)], slot, -1};
  }

  const CompiledRule::SchemaOf& schema_of_;
  std::shared_ptr<CompiledRule> rule_;
  Stage stage_ = Stage::kRow;
  bool with_cut_off_ = false;
  CompiledSide* side_ = nullptr;  // of which rows are looked at
  std::map<std::string, std::map<std::string, int, std::less<>>, std::less<>>
      measures_;  // slots by side and name
};

std::optional<Symbol> RuleCompiler::FindField(std::string_view name) const {
  for (const SideColumn& column : side_->columns) {
    if (column.field == name) return SlotSymbol(column.slot);
  }
  std::optional<ValueType> type;
  for (const auto& resource : side_->resources) {
    const int index = resource->IndexOfName(name);
    if (index < 0) return std::nullopt;
    const auto of_this = TypeOfField(resource->fields()[static_cast<size_t>(index)]);
    if (!of_this || (type && !(*type == *of_this))) return std::nullopt;
    type = of_this;
  }
  auto* const self = const_cast<RuleCompiler*>(this);
  const int slot = self->NewSlot(*type);
  side_->columns.push_back({std::string(name), *type, slot});
  return SlotSymbol(slot);
}

size_t RuleCompiler::KeyPartsOf(std::string_view side) const {
  for (const CompiledSide& known : rule_->sides_) {
    if (known.name == side) return known.key.size();
  }
  return 0;
}

std::optional<Symbol> RuleCompiler::FindMeasure(std::string_view side, std::string_view name) const {
  if (side == kPeers && name == kCutOff && with_cut_off_) return SlotSymbol(rule_->cut_off_slot_);
  if ((side == kTotal) != (stage_ == Stage::kTotal) || (stage_ == Stage::kRates && rule_->rollup_parts_ > 0))
    return std::nullopt;
  const auto of_side = measures_.find(side);
  if (of_side == measures_.end()) return std::nullopt;
  // A side that stands for many keys is gathered before those that have the whole key.
  if (stage_ == Stage::kRow && side_->key.size() < KeyPartsOf(side)) return std::nullopt;
  const auto found = of_side->second.find(name);
  return found == of_side->second.end() ? std::nullopt : SlotSymbol(found->second);
}

std::optional<Symbol> RuleCompiler::FindPlain(std::string_view name) const {
  const bool rolled = stage_ == Stage::kTotal || (stage_ == Stage::kRates && rule_->rollup_parts_ > 0);
  const size_t parts = rolled ? rule_->rollup_parts_ : rule_->key_kinds_.size();
  for (size_t i = 0; i < parts; ++i) {
    if (declared().key(static_cast<int>(i)).name() == name)
      return SlotSymbol(rule_->key_slot_ + static_cast<int>(i));
  }
  if (stage_ == Stage::kRates) return std::nullopt;
  for (const CompiledValue& value : stage_ == Stage::kTotal ? rule_->totals_ : rule_->values_) {
    if (value.name == name) return SlotSymbol(value.slot);
  }
  return std::nullopt;
}

std::optional<Symbol> RuleCompiler::Find(std::string_view side, std::string_view name) const {
  if (!side.empty()) return FindMeasure(side, name);
  if (name == kAsOf) return SlotSymbol(rule_->as_of_slot_);
  if (name == kPeriod && rule_->period_slot_ >= 0) return SlotSymbol(rule_->period_slot_);
  if (const auto found = stage_ == Stage::kRow ? FindField(name) : FindPlain(name)) return found;
  const ParameterSet& parameters = *rule_->parameters_;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].name() == name) return Symbol{parameters[i].type(), -1, static_cast<int>(i)};
  }
  return std::nullopt;
}

std::optional<int> RuleCompiler::FindRows(std::string_view side) const {
  if (stage_ == Stage::kTotal || stage_ == Stage::kRates) return std::nullopt;
  for (const CompiledSide& known : rule_->sides_) {
    if (stage_ == Stage::kRow && side_->key.size() < known.key.size()) continue;
    if (known.name == side) return known.rows_slot;
  }
  return std::nullopt;
}

bool RuleCompiler::IsTaken(const std::string& name) const {
  if (name == kAsOf || name == kPeriod) return true;
  const ParameterSet& parameters = *rule_->parameters_;
  return std::any_of(parameters.begin(), parameters.end(),
                     [&](const auto& known) { return known.name() == name; });
}

absl::Status RuleCompiler::CheckName(const std::string& what, const std::string& name) {
  if (!IsName(name, kRuleNameBytes)) return Error(what + " \"" + name + "\": a name is a word of [a-z0-9_]");
  if (IsTaken(name)) return Error(what + " \"" + name + "\": the run or a parameter has this name already");
  return absl::OkStatus();
}

absl::StatusOr<Formula> RuleCompiler::CompileFormula(const Expression& expression) const {
  const auto part = ParseFormula(expression.text());
  if (!part.ok()) return ErrorAt(expression, part.status());
  auto formula = Formula::Compile(**part, *this, *rule_->parameters_);
  if (!formula.ok()) return ErrorAt(expression, formula.status());
  return formula;
}

absl::StatusOr<Formula> RuleCompiler::CompileOf(const Expression& expression, ValueKind kind,
                                                const std::string& what) const {
  ASSIGN_OR_RETURN(Formula formula, CompileFormula(expression));
  if (formula.type().kind != kind) {
    return ErrorAt(expression, MakeError(Reason::kInvalidObject, "column 1: " + what + " is a " +
                                                                     std::string(ValueKindName(kind)) +
                                                                     ", not a " + TypeName(formula.type())));
  }
  return formula;
}

absl::StatusOr<std::optional<Formula>> RuleCompiler::CompileOptional(bool is_set,
                                                                     const Expression& expression,
                                                                     ValueKind kind,
                                                                     const std::string& what) const {
  if (!is_set) return std::optional<Formula>();
  ASSIGN_OR_RETURN(Formula formula, CompileOf(expression, kind, what));
  return std::optional<Formula>(std::move(formula));
}

absl::Status RuleCompiler::CompileHead() {
  const std::string& name = declared().name();
  if (name.compare(0, kRulePrefix.size(), kRulePrefix) != 0 ||
      !IsName(name.substr(kRulePrefix.size()), kRuleNameBytes))
    return Error("its name is \"rules/\" and a word of [a-z0-9_]");
  if (declared().title().empty()) return Error("it has no title");
  if (declared().purpose().empty()) return Error("it has no purpose");
  if (!declared().tax().empty() && !IsName(declared().tax(), kRuleNameBytes))
    return Error("its tax is a word of [a-z0-9_]");
  if (declared().key().empty() || declared().key_size() > kKeyParts) return Error("its key has 1 to 4 parts");
  if (declared().sides().empty() || declared().sides_size() > kRuleSides) return Error("it has 1 to 8 sides");
  if (declared().values_size() > kRuleValues || declared().totals_size() > kRuleValues)
    return Error("it has at most 64 values");
  rule_->as_of_slot_ = NewSlot({ValueKind::kDate, 0, Unit(), false});
  if (declared().period() == v1::KEY_KIND_UNSPECIFIED) return absl::OkStatus();
  if (declared().period() != v1::KEY_KIND_MONTH && declared().period() != v1::KEY_KIND_QUARTER &&
      declared().period() != v1::KEY_KIND_YEAR) {
    return Error("period is month, quarter or year");
  }
  rule_->period_slot_ = NewSlot(TypeOfKey(declared().period()));
  return absl::OkStatus();
}

absl::Status RuleCompiler::CompileKey() {
  std::set<std::string> names;
  for (const v1::KeyPart& part : declared().key()) {
    RETURN_IF_ERROR(CheckName("key", part.name()));
    if (!names.insert(part.name()).second) return Error("two parts of the key are named " + part.name());
    if (part.kind() == v1::KEY_KIND_UNSPECIFIED)
      return Error("part " + part.name() + " of the key has no kind");
    const int slot = NewSlot(TypeOfKey(part.kind()));
    if (rule_->key_slot_ < 0) rule_->key_slot_ = slot;
    rule_->key_kinds_.push_back(part.kind());
  }
  return absl::OkStatus();
}

absl::Status RuleCompiler::CompileSideKey(const v1::Side& declared_side, CompiledSide* side) {
  if (declared_side.key().empty() || declared_side.key_size() > declared().key_size())
    return Error("side " + side->name + ": its key has as many parts as the rule's, or fewer");
  for (int i = 0; i < declared_side.key_size(); ++i) {
    const Expression& expression = declared_side.key(i);
    ASSIGN_OR_RETURN(Formula formula, CompileFormula(expression));
    if (!MakesKey(rule_->key_kinds_[static_cast<size_t>(i)], formula.type())) {
      return ErrorAt(expression,
                     MakeError(Reason::kInvalidObject,
                               "column 1: a " + TypeName(formula.type()) + " makes no " +
                                   declared().key(i).name() + ", which is a " +
                                   std::string(ValueKindName(TypeOfKey(declared().key(i).kind()).kind))));
    }
    const std::vector<int> slots = formula.Slots();
    const bool own = std::all_of(slots.begin(), slots.end(), [&](int slot) {
      return std::any_of(side->columns.begin(), side->columns.end(),
                         [&](const auto& c) { return c.slot == slot; });
    });
    if (!own || !formula.UsedParameters().empty())
      return ErrorAt(expression,
                     MakeError(Reason::kInvalidObject, "column 1: a key is made of fields of the row only"));
    side->key.push_back(std::move(formula));
  }
  return absl::OkStatus();
}

absl::Status RuleCompiler::CompileSide(const v1::Side& declared_side) {
  CompiledSide side;
  side.name = declared_side.name();
  RETURN_IF_ERROR(CheckName("side", side.name));
  if (side.name == kTotal || side.name == kPeers || measures_.contains(side.name))
    return Error("there are two sides, or a word of the language, named " + side.name);
  if (declared_side.resources().empty() || declared_side.resources_size() > kSideResources)
    return Error("side " + side.name + " has 1 to 16 resources");
  for (const std::string& resource : declared_side.resources()) {
    side.resources.push_back(schema_of_(resource));
    if (side.resources.back() == nullptr)
      return Error("side " + side.name + ": there is no resource " + resource);
  }
  if (declared_side.measures_size() > kRuleMeasures)
    return Error("side " + side.name + " has at most 32 measures");
  side.rows_slot = NewSlot({ValueKind::kNumber, 0, Unit(), false});
  stage_ = Stage::kRow;
  side_ = &side;
  RETURN_IF_ERROR(CompileSideKey(declared_side, &side));
  ASSIGN_OR_RETURN(side.filter, CompileOptional(declared_side.has_filter(), declared_side.filter(),
                                                ValueKind::kBoolean, "a filter"));
  if (side.filter) {
    for (const int slot : side.filter->Slots()) {
      side.filter_needs_rows =
          side.filter_needs_rows || std::any_of(measures_.begin(), measures_.end(), [&](const auto& of) {
            return std::any_of(of.second.begin(), of.second.end(),
                               [&](const auto& m) { return m.second == slot; });
          });
    }
  }
  std::map<std::string, int, std::less<>> names;
  for (const v1::NamedExpression& measure : declared_side.measures()) {
    if (!IsName(measure.name(), kRuleNameBytes) || names.contains(measure.name()))
      return Error("side " + side.name + ": \"" + measure.name() + "\" is no name, or there twice");
    ASSIGN_OR_RETURN(CompiledMeasure compiled, CompileMeasure(measure));
    names[measure.name()] = compiled.slot;
    side.measures.push_back(std::move(compiled));
  }
  side_ = nullptr;
  measures_[side.name] = std::move(names);
  rule_->sides_.push_back(std::move(side));
  return absl::OkStatus();
}

absl::StatusOr<CompiledMeasure> RuleCompiler::CompileMeasure(const v1::NamedExpression& measure) {
  const Expression& expression = measure.value();
  const auto refuse = [&](const std::string& what) {
    return ErrorAt(expression, MakeError(Reason::kInvalidObject, "column 1: " + what));
  };
  const auto parsed = ParseFormula(expression.text());
  if (!parsed.ok()) return ErrorAt(expression, parsed.status());
  const FormulaPart& part = **parsed;
  const auto known =
      std::find_if(std::begin(kAggregates), std::end(kAggregates),
                   [&](const AggregateName& a) { return part.form == Form::kCall && a.name == part.text; });
  if (known == std::end(kAggregates))
    return refuse("a measure is sum, count, count_distinct, min, max, first, last or exists of something");
  if (part.parts.size() < known->least || part.parts.size() > known->most)
    return refuse(part.text +
                  (known->most == 2 ? " takes a value and what orders the rows" : " takes one argument"));
  CompiledMeasure compiled;
  compiled.aggregate = known->aggregate;
  if (!part.parts.empty()) {
    auto formula = Formula::Compile(*part.parts[0], *this, *rule_->parameters_);
    if (!formula.ok()) return ErrorAt(expression, formula.status());
    compiled.value = *std::move(formula);
  }
  if (part.parts.size() == 2) {
    auto formula = Formula::Compile(*part.parts[1], *this, *rule_->parameters_);
    if (!formula.ok()) return ErrorAt(expression, formula.status());
    if (formula->type().kind == ValueKind::kText) return refuse("rows are ordered by a number or a date");
    compiled.by = *std::move(formula);
  }
  ValueType type = {ValueKind::kNumber, 0, Unit(), false};
  const bool condition = known->aggregate == Aggregate::kExists || known->aggregate == Aggregate::kCount;
  if (compiled.value && condition && compiled.value->type().kind != ValueKind::kBoolean)
    return refuse(part.text + " takes what is true or false");
  if (known->aggregate == Aggregate::kSum && compiled.value->type().kind != ValueKind::kNumber)
    return refuse("numbers are summed only");
  if (known->aggregate == Aggregate::kExists) type.kind = ValueKind::kBoolean;
  if (!condition && known->aggregate != Aggregate::kCountDistinct) type = compiled.value->type();
  compiled.slot = NewSlot(type);
  return compiled;
}

absl::Status RuleCompiler::CompileValues(const google::protobuf::RepeatedPtrField<v1::NamedExpression>& all,
                                         std::vector<CompiledValue>* values) {
  for (const v1::NamedExpression& value : all) {
    RETURN_IF_ERROR(CheckName("value", value.name()));
    if (FindPlain(value.name())) return Error("two values or parts of the key are named " + value.name());
    ASSIGN_OR_RETURN(Formula formula, CompileFormula(value.value()));
    const int slot = NewSlot(formula.type());
    values->push_back({value.name(), std::move(formula), slot});
  }
  return absl::OkStatus();
}

absl::Status RuleCompiler::CompileRollup() {
  if (!declared().has_rollup()) {
    return declared().totals().empty() ? absl::OkStatus() : Error("totals stand behind a rollup only");
  }
  const v1::Rollup& rollup = declared().rollup();
  if (rollup.by().empty() || rollup.by_size() >= declared().key_size())
    return Error("a rollup goes by the first parts of the key, fewer than all");
  for (int i = 0; i < rollup.by_size(); ++i) {
    if (rollup.by(i) != declared().key(i).name())
      return Error("a rollup goes by the first parts of the key, in their order");
  }
  stage_ = Stage::kGroup;
  std::map<std::string, int, std::less<>> names;
  for (const v1::NamedExpression& measure : rollup.measures()) {
    if (!IsName(measure.name(), kRuleNameBytes) || names.contains(measure.name()))
      return Error("rollup: \"" + measure.name() + "\" is no name, or there twice");
    ASSIGN_OR_RETURN(CompiledMeasure compiled, CompileMeasure(measure));
    names[measure.name()] = compiled.slot;
    rule_->total_measures_.push_back(std::move(compiled));
  }
  measures_[std::string(kTotal)] = std::move(names);
  rule_->rollup_parts_ = static_cast<size_t>(rollup.by_size());
  stage_ = Stage::kTotal;
  return CompileValues(declared().totals(), &rule_->totals_);
}

absl::Status RuleCompiler::CompilePeers() {
  if (!declared().has_peers()) return absl::OkStatus();
  const v1::Peers& peers = declared().peers();
  if (peers.percentile() < 1 || peers.percentile() > 99) return Error("the percentile of peers is 1 to 99");
  ASSIGN_OR_RETURN(rule_->peer_group_,
                   CompileOptional(true, peers.group(), ValueKind::kText, "a group of peers"));
  ASSIGN_OR_RETURN(rule_->peer_value_,
                   CompileOptional(true, peers.value(), ValueKind::kNumber, "what peers are compared by"));
  rule_->cut_off_slot_ = NewSlot(rule_->peer_value_->type());
  with_cut_off_ = true;
  return absl::OkStatus();
}

absl::Status RuleCompiler::CompileOutcome() {
  ASSIGN_OR_RETURN(rule_->due_,
                   CompileOptional(declared().has_due(), declared().due(), ValueKind::kDate, "due"));
  ASSIGN_OR_RETURN(rule_->when_, CompileOptional(true, declared().when(), ValueKind::kBoolean, "when"));
  ASSIGN_OR_RETURN(rule_->subject_, CompileOptional(declared().has_subject(), declared().subject(),
                                                    ValueKind::kText, "a subject"));
  ASSIGN_OR_RETURN(rule_->division_, CompileOptional(declared().has_division(), declared().division(),
                                                     ValueKind::kText, "a division"));
  ASSIGN_OR_RETURN(rule_->tax_object_, CompileOptional(declared().has_tax_object(), declared().tax_object(),
                                                       ValueKind::kText, "what a tax is on"));
  ASSIGN_OR_RETURN(rule_->amount_, CompileOptional(declared().has_amount(), declared().amount(),
                                                   ValueKind::kNumber, "an amount"));
  if (rule_->amount_) {
    const ValueType& type = rule_->amount_->type();
    if (type.scale != 0 || (!(type.unit == Unit::Base("fen")) && !type.any_unit)) {
      return ErrorAt(
          declared().amount(),
          MakeError(Reason::kInvalidObject, "column 1: an amount is a whole number of fen, not a " +
                                                TypeName(type) + " with " + std::to_string(type.scale) +
                                                " digits behind the point: round it"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const CompiledRule>> RuleCompiler::Compile() {
  RETURN_IF_ERROR(CompileHead());
  RETURN_IF_ERROR(CompileKey());
  // Pointers to sides are kept while they are compiled.
  rule_->sides_.reserve(static_cast<size_t>(declared().sides_size()));
  for (const v1::Side& side : declared().sides()) RETURN_IF_ERROR(CompileSide(side));
  const bool any_whole =
      std::any_of(rule_->sides_.begin(), rule_->sides_.end(),
                  [&](const CompiledSide& side) { return side.key.size() == rule_->key_kinds_.size(); });
  if (!any_whole) return Error("no side has all parts of the key");
  if (!declared().has_when()) return Error("it has no when");
  stage_ = Stage::kRates;
  if (declared().has_rollup()) rule_->rollup_parts_ = static_cast<size_t>(declared().rollup().by_size());
  ASSIGN_OR_RETURN(rule_->rates_on_, CompileOptional(declared().has_rates_on(), declared().rates_on(),
                                                     ValueKind::kDate, "rates_on"));
  stage_ = Stage::kGroup;
  RETURN_IF_ERROR(CompileValues(declared().values(), &rule_->values_));
  RETURN_IF_ERROR(CompileRollup());
  RETURN_IF_ERROR(CompilePeers());
  RETURN_IF_ERROR(CompileOutcome());
  return std::shared_ptr<const CompiledRule>(std::move(rule_));
}

absl::StatusOr<std::shared_ptr<const CompiledRule>> CompiledRule::Compile(
    const v1::ComparisonRule& declared, const SchemaOf& schema_of,
    std::shared_ptr<const ParameterSet> parameters) {
  return RuleCompiler(declared, schema_of, std::move(parameters)).Compile();
}

size_t CompiledRule::common_key_parts() const {
  size_t parts = rollup_parts_ > 0 ? rollup_parts_ : key_kinds_.size();
  for (const CompiledSide& side : sides_) parts = std::min(parts, side.key.size());
  return parts;
}

std::string CompiledRule::Describe(const Expression& expression, uint16_t column) const {
  return "line " + std::to_string(expression.line()) + ", column " + std::to_string(column) +
         " (in: " + expression.text() + ")";
}

}  // namespace hangou
