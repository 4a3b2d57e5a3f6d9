#include "services/comparison/clue_maker.h"

#include "services/comparison/divisions.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

std::string TextOf(const std::optional<Formula>& formula, const Frame& frame) {
  if (!formula) return "";
  const Value value = formula->Evaluate(frame);
  return value.is_present() ? std::string(value.text) : "";
}

}  // namespace

KeptFrame::KeptFrame(const Value* from, size_t count) : slots(from, from + count) {
  size_t bytes = 0;
  for (const Value& value : slots) bytes += value.text.size();
  texts.reserve(bytes);  // the views stay good
  for (Value& value : slots) {
    const size_t begin = texts.size();
    texts += value.text;
    value.text = std::string_view(texts).substr(begin);
  }
}

std::string IdentityOf(const v1::Clue& clue) {
  if (clue.key().empty()) return "";
  std::string identity = clue.rule() + "|" + clue.period();
  for (const v1::Figure& part : clue.key()) identity += "|" + part.value();
  return identity;
}

std::vector<std::pair<std::string, int>> FigureSlots(const CompiledRule& rule) {
  std::vector<std::pair<std::string, int>> figures;
  const v1::ComparisonRule& declared = rule.declared();
  if (rule.rollup_parts() > 0) {
    for (size_t i = 0; i < rule.total_measures().size(); ++i)
      figures.emplace_back("total." + declared.rollup().measures(static_cast<int>(i)).name(),
                           rule.total_measures()[i].slot);
    for (const CompiledValue& value : rule.totals()) figures.emplace_back(value.name, value.slot);
    return figures;
  }
  for (size_t side = 0; side < rule.sides().size(); ++side) {
    const v1::Side& of = declared.sides(static_cast<int>(side));
    for (int i = 0; i < of.measures_size(); ++i)
      figures.emplace_back(of.name() + "." + of.measures(i).name(),
                           rule.sides()[side].measures[static_cast<size_t>(i)].slot);
  }
  for (const CompiledValue& value : rule.values()) figures.emplace_back(value.name, value.slot);
  return figures;
}

int32_t RatesDayOf(const CompiledRule& rule, const Value* slots, int32_t as_of_day) {
  if (!rule.rates_on()) return as_of_day;
  const Value day = rule.rates_on()->Evaluate({slots, &rule.parameters(), as_of_day});
  return day.is_present() ? static_cast<int32_t>(day.number) : as_of_day;
}

KeptFinding ClueMaker::Make(const Finding& finding) const {
  KeptFinding kept;
  kept.key = std::string(finding.key);
  v1::Clue& clue = kept.clue;
  clue.set_rule(run_.rule());
  clue.set_rule_version(run_.rule_version());
  clue.set_period(run_.period());
  clue.set_subject(std::string(finding.subject));
  clue.set_severity(rule_.declared().severity());
  clue.set_department(run_.department());
  if (finding.amount_fen) clue.set_amount_fen(*finding.amount_fen);
  const Frame frame = {finding.slots, &rule_.parameters(), RatesDayOf(rule_, finding.slots, as_of_day_)};
  clue.set_tax(rule_.declared().tax());
  clue.set_tax_object(TextOf(rule_.tax_object(), frame));
  const std::string place = TextOf(rule_.division(), frame);
  clue.set_division(DivisionOf(place.empty() ? clue.subject() : place, as_of_day_));
  const size_t parts = rule_.rollup_parts() > 0 ? rule_.rollup_parts() : rule_.key_kinds().size();
  for (size_t i = 0; i < parts; ++i) {
    const int slot = rule_.key_slot() + static_cast<int>(i);
    auto* const part = clue.add_key();
    part->set_name(rule_.declared().key(static_cast<int>(i)).name());
    part->set_value(FormatValue(rule_.type_of(slot), finding.slots[slot]));
    part->set_absent(!finding.slots[slot].is_present());
  }
  for (const auto& [name, slot] : figures_) {
    auto* const figure = clue.add_figures();
    figure->set_name(name);
    figure->set_value(FormatValue(rule_.type_of(slot), finding.slots[slot]));
    figure->set_absent(!finding.slots[slot].is_present());
  }
  kept.identity = IdentityOf(clue);
  return kept;
}

}  // namespace hangou
