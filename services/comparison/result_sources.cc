#include "services/comparison/result_sources.h"

#include <vector>

#include "services/comparison/clue_maker.h"

namespace hangou {
namespace {

constexpr std::string_view kCluePrefix = "clue.";

// What stands in a slot of a rule's frame.
struct SlotOrigin {
  std::set<std::string> made_of;
  std::set<std::string> passed_on;
};

// Follows the slots of a rule's frame back to fields.
class OriginFinder {
 public:
  explicit OriginFinder(const CompiledRule& rule) : rule_(rule), origins_(rule.slots()) {
    for (const CompiledSide& side : rule.sides()) AddColumns(side);
    for (const CompiledSide& side : rule.sides()) AddKey(side);
    for (const CompiledSide& side : rule.sides()) AddSide(side);
    for (const CompiledValue& value : rule.values()) Add(value.slot, value.formula);
    for (const CompiledMeasure& measure : rule.total_measures()) AddMeasure(measure);
    for (const CompiledValue& total : rule.totals()) Add(total.slot, total.formula);
  }

  const SlotOrigin& at(int slot) const { return origins_[static_cast<size_t>(slot)]; }
  SlotOrigin Of(const Formula& formula) const {
    SlotOrigin origin;
    for (const int slot : formula.Slots()) Include(at(slot).made_of, &origin.made_of);
    for (const int slot : formula.PassedSlots()) Include(at(slot).passed_on, &origin.passed_on);
    return origin;
  }

 private:
  static void Include(const std::set<std::string>& more, std::set<std::string>* all) {
    all->insert(more.begin(), more.end());
  }
  SlotOrigin& Slot(int slot) { return origins_[static_cast<size_t>(slot)]; }
  void Add(int slot, const Formula& formula) {
    const SlotOrigin origin = Of(formula);
    Include(origin.made_of, &Slot(slot).made_of);
    Include(origin.passed_on, &Slot(slot).passed_on);
  }
  void AddColumns(const CompiledSide& side) {
    for (const SideColumn& column : side.columns) {
      for (const auto& resource : side.resources) {
        const std::string name = resource->name().substr(sizeof("resources/") - 1) + "." + column.field;
        Slot(column.slot).made_of.insert(name);
        Slot(column.slot).passed_on.insert(name);
      }
    }
  }
  void AddKey(const CompiledSide& side) {
    for (size_t i = 0; i < side.key.size(); ++i) Add(rule_.key_slot() + static_cast<int>(i), side.key[i]);
  }
  void AddSide(const CompiledSide& side) {
    for (const CompiledMeasure& measure : side.measures) {
      AddMeasure(measure);
      if (side.filter) Include(Of(*side.filter).made_of, &Slot(measure.slot).made_of);
    }
    if (side.filter) Include(Of(*side.filter).made_of, &Slot(side.rows_slot).made_of);
  }
  void AddMeasure(const CompiledMeasure& measure) {
    SlotOrigin origin;
    if (measure.value) origin = Of(*measure.value);
    if (measure.by) Include(Of(*measure.by).made_of, &origin.made_of);
    Include(origin.made_of, &Slot(measure.slot).made_of);
    const bool picks = measure.aggregate == Aggregate::kMin || measure.aggregate == Aggregate::kMax ||
                       measure.aggregate == Aggregate::kFirst || measure.aggregate == Aggregate::kLast;
    if (picks) Include(origin.passed_on, &Slot(measure.slot).passed_on);
  }

  const CompiledRule& rule_;
  std::vector<SlotOrigin> origins_;
};

ResultName NameOf(const ValueType& type, const SlotOrigin& origin) {
  return {type, origin.made_of, origin.passed_on};
}

std::optional<ResultName> FindOfClue(const CompiledRule& rule, std::string_view name) {
  const ValueType text = {ValueKind::kText, 0, Unit(), false};
  const ValueType fen = {ValueKind::kNumber, 0, Unit::Base("fen"), false};
  const OriginFinder finder(rule);
  const auto of = [&](const std::optional<Formula>& formula) {
    return formula ? finder.Of(*formula) : SlotOrigin();
  };
  if (name == "subject")
    return NameOf(text, rule.subject() ? finder.Of(*rule.subject()) : finder.at(rule.key_slot()));
  if (name == "amount") return NameOf(fen, of(rule.amount()));
  if (name == "recovered") return ResultName{fen, {}, {}};
  if (name == "tax_object") return NameOf(text, of(rule.tax_object()));
  if (name == "division") {
    // A division is told by the first digits of an identifier only.
    SlotOrigin origin = rule.division() ? finder.Of(*rule.division()) : SlotOrigin();
    origin.passed_on.clear();
    return NameOf(text, origin);
  }
  for (const std::string_view word : {"name", "rule", "title", "state", "period", "tax", "severity"}) {
    if (word == name) return ResultName{text, {}, {}};
  }
  if (name == "rule_version") return ResultName{{ValueKind::kNumber, 0, Unit(), false}, {}, {}};
  if (name == "found_on" || name == "changed_on")
    return ResultName{{ValueKind::kDate, 0, Unit(), false}, {}, {}};
  if (name == "still_found") return ResultName{{ValueKind::kBoolean, 0, Unit(), false}, {}, {}};
  return std::nullopt;
}

}  // namespace

std::optional<ResultName> FindResultName(const CompiledRule& rule, std::string_view name) {
  if (name.substr(0, kCluePrefix.size()) == kCluePrefix)
    return FindOfClue(rule, name.substr(kCluePrefix.size()));
  int slot = -1;
  const size_t parts = rule.rollup_parts() > 0 ? rule.rollup_parts() : rule.key_kinds().size();
  for (size_t i = 0; i < parts; ++i) {
    if (rule.declared().key(static_cast<int>(i)).name() == name) slot = rule.key_slot() + static_cast<int>(i);
  }
  for (const auto& [figure, of] : FigureSlots(rule)) {
    if (figure == name) slot = of;
  }
  if (slot < 0) return std::nullopt;
  return NameOf(rule.type_of(slot), OriginFinder(rule).at(slot));
}

}  // namespace hangou
