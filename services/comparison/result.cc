#include "services/comparison/result.h"

#include <algorithm>
#include <map>
#include <set>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/comparison/projector.h"
#include "services/comparison/clue_ledger.h"
#include "services/comparison/result_sources.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;
using hangou::catalog::v1::FIELD_TYPE_TIMESTAMP;

// The case that a question to the policy names, so that only the fields decide.
constexpr std::string_view kAnyCase = "-";

std::string FullName(const std::string& resource) { return "resources/" + resource; }

// Whether a field can hold every value of a type as it is.
bool Holds(const FieldSchema& field, const ValueType& type) {
  switch (type.kind) {
    case ValueKind::kText:
    case ValueKind::kMonth:
    case ValueKind::kQuarter:
      return field.is_text();
    case ValueKind::kYear:
      if (field.is_text()) return true;
      break;
    default:
      break;
  }
  const auto of_field = TypeOfField(field);
  if (!of_field || field.type == FIELD_TYPE_TIMESTAMP) return false;
  if (type.kind == ValueKind::kYear) return of_field->kind == ValueKind::kNumber && of_field->unit.plain();
  if (of_field->kind != type.kind) return false;
  return type.kind != ValueKind::kNumber ||
         ((of_field->unit == type.unit || type.any_unit) && type.scale <= of_field->scale);
}

v1::ClueState StateOfName(const std::string& name) {
  for (int i = v1::ClueState_MIN; i <= v1::ClueState_MAX; ++i) {
    if (i != v1::CLUE_STATE_UNSPECIFIED && v1::ClueState_IsValid(i) &&
        ClueStateName(static_cast<v1::ClueState>(i)) == name)
      return static_cast<v1::ClueState>(i);
  }
  return v1::CLUE_STATE_UNSPECIFIED;
}

std::string SeverityName(v1::Severity severity) {
  std::string name = v1::Severity_Name(severity).substr(sizeof("SEVERITY_") - 1);
  for (char& c : name) c = static_cast<char>(c - 'A' + 'a');
  return name;
}

std::string DayText(const google::protobuf::Timestamp& time) {
  return FormatDay(DayInChina(time.seconds() * kUsPerSecond));
}

std::string FenText(int64_t fen) {
  const std::string text = FormatValue({ValueKind::kNumber, 0, Unit::Base("fen"), false}, NumberValue(fen));
  return text.substr(0, text.find(' '));
}

std::string TextOfClue(const v1::Clue& clue, std::string_view name, const std::string& title) {
  if (name == "name") return clue.name();
  if (name == "rule") return clue.rule();
  if (name == "title") return title;
  if (name == "rule_version") return std::to_string(clue.rule_version());
  if (name == "state") return ClueStateName(clue.state());
  if (name == "subject") return clue.subject();
  if (name == "amount") return clue.has_amount_fen() ? FenText(clue.amount_fen()) : "";
  if (name == "recovered") return FenText(clue.recovered_fen());
  if (name == "found_on") return DayText(clue.create_time());
  if (name == "changed_on") return DayText(clue.update_time());
  if (name == "period") return clue.period();
  if (name == "division") return clue.division();
  if (name == "tax") return clue.tax();
  if (name == "tax_object") return clue.tax_object();
  if (name == "severity") return SeverityName(clue.severity());
  return clue.gone_run().empty() && clue.state() != v1::CLUE_STATE_WITHDRAWN ? "true" : "false";
}

// Figures are told with their unit.
std::string TextOfFigure(const v1::Clue& clue, const std::string& name, bool is_text) {
  for (const auto* figures : {&clue.key(), &clue.figures()}) {
    for (const v1::Figure& figure : *figures) {
      if (figure.name() != name) continue;
      if (figure.absent()) return "";
      return is_text ? figure.value() : figure.value().substr(0, figure.value().find(' '));
    }
  }
  return "";
}

// What a department may have of the fields of a resource for any of its purposes, and whether the law withholds them.
struct BestRights {
  std::shared_ptr<const ResourceSchema> schema;
  bool provides = false;
  std::vector<FieldLevel> levels;
  std::vector<bool> by_law;
};

BestRights RightsOf(const PolicySnapshot& snapshot, const std::string& department,
                    const std::string& resource, int64_t now_us) {
  BestRights best;
  best.schema = snapshot.FindResource(resource);
  if (best.schema == nullptr) return best;
  best.provides = best.schema->IsProvider(department);
  best.levels.assign(best.schema->fields().size(), FieldLevel::kNone);
  best.by_law.assign(best.schema->fields().size(), false);
  for (const auto& [name, purpose] : snapshot.objects().purposes) {
    const auto& registered = purpose.departments();
    if (std::find(registered.begin(), registered.end(), department) == registered.end()) continue;
    const PolicyDecision decision = snapshot.Decide({department, resource, name, kAnyCase, now_us});
    if (decision.rights == nullptr) continue;
    for (size_t i = 0; i < best.levels.size(); ++i) {
      best.levels[i] = std::max(best.levels[i], decision.rights->permissions[i].level);
      const bool withheld = decision.rights->permissions[i].level < FieldLevel::kFull &&
                            decision.rights->basis[i].reason == Reason::kNegativeList;
      best.by_law[i] = best.by_law[i] || withheld;
    }
  }
  return best;
}

}  // namespace

bool CoversRule(const v1::ComparisonResult& result, const std::string& rule) {
  const auto& rules = result.rules();
  return rules.empty() || std::find(rules.begin(), rules.end(), rule) != rules.end();
}

absl::Status CompiledResult::ErrorAt(const v1::NamedExpression& field, const std::string& what) const {
  return MakeError(Reason::kInvalidObject, "result " + declared_.resource() + ", line " +
                                               std::to_string(field.value().line()) + ": field " +
                                               field.name() + ": " + what);
}

absl::Status CompiledResult::CompileHead(const std::string& department) {
  const auto error = [&](const std::string& what) {
    return MakeError(Reason::kInvalidObject, "result " + declared_.resource() + ": " + what);
  };
  if (schema_ == nullptr) return error("there is no resource " + declared_.resource());
  if (!schema_->IsProvider(department))
    return MakeError(Reason::kNotProvider,
                     "result " + declared_.resource() + ": " + department + " does not provide the resource");
  if (schema_->versioned_by_source())
    return error("results are published as they come: the resource has versioning: arrival");
  for (const std::string& state : declared_.states()) {
    states_.push_back(StateOfName(state));
    if (states_.back() == v1::CLUE_STATE_UNSPECIFIED)
      return error(
          "there is no state " + state +
          "; they are new, withdrawn, assigned, verified, no_issue, data_error, not_found, recovered");
  }
  if (states_.empty()) states_ = {v1::CLUE_STATE_VERIFIED, v1::CLUE_STATE_RECOVERED};
  return absl::OkStatus();
}

absl::Status CompiledResult::CompileField(const v1::NamedExpression& field,
                                          const std::vector<std::shared_ptr<const CompiledRule>>& rules) {
  const int index = schema_->IndexOfName(field.name());
  if (index < 0) return ErrorAt(field, "the resource has no such field");
  const FieldSchema& target = schema_->fields()[static_cast<size_t>(index)];
  const std::string& value = field.value().text();
  std::set<std::string> made_of, passed_on;
  for (const auto& rule : rules) {
    const auto found = FindResultName(*rule, value);
    if (!found)
      return ErrorAt(field,
                     "neither the clue nor " + rule->name() + " has a figure " + value +
                         "; name a formula in the values of the rule, and fill the field with the name");
    if (!Holds(target, found->type))
      return ErrorAt(field,
                     value + " is a " + TypeName(found->type) +
                         (found->type.kind == ValueKind::kNumber
                              ? " with " + std::to_string(found->type.scale) + " digits behind the point"
                              : "") +
                         ", which the field does not hold: give the field the same type and unit");
    made_of.insert(found->made_of.begin(), found->made_of.end());
    passed_on.insert(found->passed_on.begin(), found->passed_on.end());
  }
  v1::ResultSource& source = sources_.emplace_back();
  source.set_field(field.name());
  source.set_value(value);
  source.mutable_made_of()->Add(made_of.begin(), made_of.end());
  source.mutable_passed_on()->Add(passed_on.begin(), passed_on.end());
  names_clue_ = names_clue_ || value == kClueNameValue;
  return absl::OkStatus();
}

absl::StatusOr<CompiledResult> CompiledResult::Compile(
    const v1::ComparisonResult& declared, const std::string& department,
    const std::vector<std::shared_ptr<const CompiledRule>>& rules, const CompiledRule::SchemaOf& schema_of) {
  CompiledResult result;
  result.declared_ = declared;
  result.department_ = department;
  result.schema_ = schema_of(declared.resource());
  const auto error = [&](const std::string& what) {
    return MakeError(Reason::kInvalidObject, "result " + declared.resource() + ": " + what);
  };
  RETURN_IF_ERROR(result.CompileHead(department));
  for (const std::string& name : declared.rules()) {
    const bool is_there =
        std::any_of(rules.begin(), rules.end(), [&](const auto& rule) { return rule->name() == name; });
    if (!is_there) return error("there is no rule " + name);
  }
  if (rules.empty()) return error("there are no rules yet");
  std::set<std::string> filled;
  for (const v1::NamedExpression& field : declared.fields()) {
    if (!filled.insert(field.name()).second) return result.ErrorAt(field, "it is filled twice");
    RETURN_IF_ERROR(result.CompileField(field, rules));
  }
  for (const FieldSchema& field : result.schema_->fields()) {
    if (field.required && !filled.contains(field.name))
      return error("field " + field.name + " of the resource is required, and nothing fills it");
  }
  if (!result.names_clue_)
    return error(
        "one field is clue.name: receivers ask about a record by it, and publishing knows its own records by "
        "it");
  return result;
}

absl::Status CompiledResult::CheckOnward(const PolicySnapshot& snapshot, int64_t now_us) const {
  const std::string& owner = schema_->fields()[static_cast<size_t>(schema_->owner_index())].name;
  for (const auto& [receiver, declared] : snapshot.objects().departments) {
    if (receiver == department_) continue;
    const BestRights target = RightsOf(snapshot, receiver, schema_->name(), now_us);
    std::map<std::string, BestRights> known;  // by resource
    for (const v1::ResultSource& source : sources_) {
      const int index = target.schema == nullptr ? -1 : target.schema->IndexOfName(source.field());
      if (index < 0 || source.field() == owner) continue;
      const FieldLevel given = target.levels[static_cast<size_t>(index)];
      if (given == FieldLevel::kNone) continue;
      for (const std::string& passed : source.passed_on()) {
        const std::string resource = FullName(passed.substr(0, passed.rfind('.')));
        const std::string field = passed.substr(passed.rfind('.') + 1);
        const auto [entry, is_new] = known.try_emplace(resource);
        if (is_new) entry->second = RightsOf(snapshot, receiver, resource, now_us);
        const BestRights& rights = entry->second;
        const int at = rights.schema == nullptr ? -1 : rights.schema->IndexOfName(field);
        if (at < 0 || rights.provides) continue;
        const bool is_own = rights.schema->IsProvider(department_);
        const bool by_law = rights.by_law[static_cast<size_t>(at)];
        if (rights.levels[static_cast<size_t>(at)] >= given || (is_own && !by_law)) continue;
        return MakeError(
            by_law ? Reason::kNegativeList : Reason::kNoGrant,
            "result " + declared_.resource() + ": the field " + source.field() + " would give " + receiver +
                " " + passed + " as it is, which " + receiver +
                " may not have itself: leave the field out, fill it with what is computed of it, or "
                "have the provider grant it",
            source.field());
      }
    }
  }
  return absl::OkStatus();
}

bool CompiledResult::Wants(const v1::Clue& clue) const {
  const bool is_gone = clue.state() == v1::CLUE_STATE_VERIFIED && !clue.gone_run().empty();
  const v1::ClueState state = is_gone ? v1::CLUE_STATE_WITHDRAWN : clue.state();
  return std::find(states_.begin(), states_.end(), state) != states_.end();
}

v1::ResultRow CompiledResult::RowOf(const v1::Clue& clue, const std::string& title) const {
  v1::ResultRow row;
  row.set_clue(clue.name());
  constexpr std::string_view kClue = "clue.";
  for (const v1::ResultSource& source : sources_) {
    const std::string& value = source.value();
    const bool is_text =
        schema_->fields()[static_cast<size_t>(schema_->IndexOfName(source.field()))].is_text();
    row.add_values(value.rfind(kClue, 0) == 0
                       ? TextOfClue(clue, std::string_view(value).substr(kClue.size()), title)
                       : TextOfFigure(clue, value, is_text));
  }
  return row;
}

}  // namespace hangou
