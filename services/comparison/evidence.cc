#include "services/comparison/evidence.h"

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/columnar/merge.h"
#include "libs/comparison/fill_in.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// Keys that are passed over before looking the next one up is cheaper: some blocks.
constexpr int kKeysBeforeSeek = 50'000;

// Reads the rows of one resource of a side, for keys that ascend. Used by one thread.
class SideReader {
 public:
  SideReader(const EvidenceSource& source, size_t place, size_t side, size_t resource, int partition);

  // The rows of a finding.
  absl::StatusOr<v1::EvidenceSide> Read(const KeptFinding& finding);

 private:
  absl::Status MoveTo(std::string_view prefix);
  void AddPiece(const KeptFinding& finding, const RowPiece& piece, v1::EvidenceSide* told);
  Value ValueOf(const RowPiece& piece, size_t column, uint32_t row) const;

  const EvidenceSource& source_;
  const CompiledSide& side_;
  const std::vector<std::string>& fields_;
  const Projection::View& view_;
  const int partition_;
  std::vector<ValueType> types_;
  std::vector<int> slots_;  // of each field in the rule's frame; -1: formulas do not name it
  v1::EvidenceSide head_;
  std::vector<Value> frame_;
  std::unique_ptr<MergedRows> rows_;
  KeyRows key_;
  bool at_end_ = false;
  std::string prefix_;
  v1::EvidenceSide of_prefix_;  // of a side that stands for many keys
};

SideReader::SideReader(const EvidenceSource& source, size_t place, size_t side, size_t resource,
                       int partition)
    : source_(source),
      side_(source.rule.sides()[side]),
      fields_(source.names[place].shape.fields),
      view_(source.views[place]),
      partition_(partition) {
  const ResourceSchema& schema = *side_.resources[resource];
  head_.set_side(side_.name);
  head_.set_resource(source.names[place].shape.resource);
  head_.set_title(schema.declaration().title());
  for (const std::string& field : fields_) {
    const FieldSchema& of = schema.fields()[static_cast<size_t>(schema.IndexOfName(field))];
    types_.push_back(TypeOfField(of).value_or(ValueType()));
    head_.add_fields(field);
    head_.add_titles(of.title);
    const auto column = std::find_if(side_.columns.begin(), side_.columns.end(),
                                     [&](const SideColumn& c) { return c.field == field; });
    slots_.push_back(column == side_.columns.end() ? -1 : column->slot);
  }
}

absl::Status SideReader::MoveTo(std::string_view prefix) {
  for (int passed = 0; rows_ && !at_end_ && passed < kKeysBeforeSeek; ++passed) {
    if (key_.key().text() >= prefix) return absl::OkStatus();
    ASSIGN_OR_RETURN(const bool more, rows_->Next(&key_));
    at_end_ = !more;
  }
  if (rows_ && at_end_) return absl::OkStatus();
  std::vector<int> all;
  for (size_t column = 0; column < fields_.size(); ++column) all.push_back(static_cast<int>(column));
  std::vector<std::unique_ptr<BlockSource>> sources;
  for (const auto& segment : view_)
    sources.push_back(MakeSegmentSource(segment, partition_, all, prefix, true));
  rows_ = std::make_unique<MergedRows>(std::move(sources));
  do {
    ASSIGN_OR_RETURN(const bool more, rows_->Next(&key_));
    at_end_ = !more;
  } while (!at_end_ && key_.key().text() < prefix);
  return absl::OkStatus();
}

Value SideReader::ValueOf(const RowPiece& piece, size_t column, uint32_t row) const {
  const bool is_text = types_[column].kind == ValueKind::kText;
  const Cell cell = CellOf(*piece.block, {{}, is_text}, column, row);
  return !cell.present ? Value() : is_text ? TextValue(cell.text) : NumberValue(cell.number);
}

void SideReader::AddPiece(const KeptFinding& finding, const RowPiece& piece, v1::EvidenceSide* told) {
  told->set_all_rows(told->all_rows() + piece.end - piece.begin);
  frame_ = finding.frame->slots;
  for (uint32_t row = piece.begin; row < piece.end; ++row) {
    if (static_cast<size_t>(told->rows_size()) == kEvidenceRows) return;
    v1::EvidenceRow* const kept = told->add_rows();
    kept->set_record(piece.block->ids[row] & ~kGoneBit);
    for (size_t column = 0; column < fields_.size(); ++column) {
      const Value value = ValueOf(piece, column, row);
      kept->add_values(FormatValue(types_[column], value));
      if (slots_[column] >= 0) frame_[static_cast<size_t>(slots_[column])] = value;
    }
    const Frame frame = {frame_.data(), &source_.rule.parameters(), source_.terms.as_of_day};
    kept->set_counted(!side_.filter || side_.filter->Evaluate(frame).is_true());
  }
}

absl::StatusOr<v1::EvidenceSide> SideReader::Read(const KeptFinding& finding) {
  const std::vector<KeyKind>& kinds = source_.rule.key_kinds();
  const size_t of_finding = source_.rule.rollup_parts() > 0 ? source_.rule.rollup_parts() : kinds.size();
  const size_t parts = std::min(side_.key.size(), of_finding);
  const std::string_view prefix(finding.key.data(), PrefixBytes(kinds, finding.key, parts));
  // Its rows have been passed already.
  if (prefix == prefix_ && !of_prefix_.side().empty()) return of_prefix_;
  v1::EvidenceSide told = head_;
  RETURN_IF_ERROR(MoveTo(prefix));
  while (!at_end_ && key_.key().text().substr(0, prefix.size()) == prefix) {
    for (const RowPiece& piece : key_.pieces) AddPiece(finding, piece, &told);
    ASSIGN_OR_RETURN(const bool more, rows_->Next(&key_));
    at_end_ = !more;
  }
  prefix_.assign(prefix);
  of_prefix_ = told;
  return told;
}

// Names and texts of everything that formulas of a finding may name.
std::map<std::string, std::string, std::less<>> TextsOf(const EvidenceSource& source,
                                                        const KeptFinding& finding, int32_t rates_day) {
  std::map<std::string, std::string, std::less<>> texts;
  const CompiledRule& rule = source.rule;
  for (const CompiledParameter& parameter : rule.parameters()) {
    const auto value = parameter.has_codes() ? std::nullopt : parameter.ValueOn(rates_day, "");
    if (value) texts[parameter.name()] = FormatValue(parameter.type(), NumberValue(*value));
  }
  texts["as_of"] = FormatDay(source.terms.as_of_day);
  if (!source.run.period().empty()) texts["period"] = source.run.period();
  for (const CompiledSide& side : rule.sides()) {
    const Value& rows = finding.frame->slots[static_cast<size_t>(side.rows_slot)];
    if (rule.rollup_parts() == 0)
      texts[side.name] = FormatValue(rule.type_of(side.rows_slot), rows) + " rows";
  }
  for (const v1::Figure& part : finding.clue.key()) texts[part.name()] = part.value();
  for (const v1::Figure& figure : finding.clue.figures()) texts[figure.name()] = figure.value();
  return texts;
}

void AddFormulas(const EvidenceSource& source, const KeptFinding& finding, v1::ClueEvidence* evidence) {
  const CompiledRule& rule = source.rule;
  const v1::ComparisonRule& declared = rule.declared();
  const Value* const slots = finding.frame->slots.data();
  const int32_t rates_day = RatesDayOf(rule, slots, source.terms.as_of_day);
  const auto texts = TextsOf(source, finding, rates_day);
  const auto text_of = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = texts.find(name);
    return found == texts.end() ? std::nullopt : std::optional(found->second);
  };
  const auto add = [&](const std::string& name, const v1::Expression& formula, const std::string& value) {
    v1::EvidenceFormula* const told = evidence->add_formulas();
    told->set_name(name);
    told->set_text(formula.text());
    told->set_filled(FillIn(formula.text(), text_of));
    told->set_value(value);
  };
  for (const v1::Side& side : declared.sides()) {
    if (side.has_filter()) add(side.name() + " filter", side.filter(), "");
    for (const v1::NamedExpression& measure : side.measures())
      add(side.name() + "." + measure.name(), measure.value(),
          text_of(side.name() + "." + measure.name()).value_or(""));
  }
  for (const v1::NamedExpression& measure : declared.rollup().measures())
    add("total." + measure.name(), measure.value(), text_of("total." + measure.name()).value_or(""));
  // Behind a second step the values of each key are gone: the totals are what is left of them.
  for (const v1::NamedExpression& value : rule.rollup_parts() > 0 ? declared.totals() : declared.values())
    add(value.name(), value.value(), text_of(value.name()).value_or(""));
  const Frame frame = {slots, &rule.parameters(), rates_day};
  if (rule.due()) add("due", declared.due(), FormatValue(rule.due()->type(), rule.due()->Evaluate(frame)));
  add("when", declared.when(), FormatValue(rule.when().type(), rule.when().Evaluate(frame)));
  if (rule.amount())
    add("amount", declared.amount(), FormatValue(rule.amount()->type(), rule.amount()->Evaluate(frame)));
}

}  // namespace

absl::Status GatherEvidence(const EvidenceSource& source, int partition, std::vector<KeptFinding*> findings) {
  std::sort(findings.begin(), findings.end(),
            [](const KeptFinding* a, const KeptFinding* b) { return a->key < b->key; });
  for (KeptFinding* const finding : findings) {
    v1::ClueEvidence& evidence = finding->evidence.emplace();
    evidence.set_rule_version(source.run.rule_version());
    evidence.set_as_of(source.run.as_of());
    evidence.set_legal_basis(source.rule.declared().legal_basis());
    AddFormulas(source, *finding, &evidence);
  }
  size_t place = 0;
  for (size_t side = 0; side < source.rule.sides().size(); ++side) {
    for (size_t i = 0; i < source.rule.sides()[side].resources.size(); ++i, ++place) {
      SideReader reader(source, place, side, i, partition);
      for (KeptFinding* const finding : findings) {
        ASSIGN_OR_RETURN(*finding->evidence->add_sides(), reader.Read(*finding));
      }
    }
  }
  for (KeptFinding* const finding : findings) finding->frame.reset();
  return absl::OkStatus();
}

}  // namespace hangou
