#include "libs/linkage/linkage_rule.h"

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/linkage/value_form.h"
#include "libs/yaml/documents.h"

namespace hangou {

namespace linkage_v1 = hangou::linkage::v1;

namespace {

constexpr std::string_view kNamePrefix = "linkages/";
constexpr size_t kNameLength = 64;
constexpr uint32_t kMostEdits = 8;
constexpr uint32_t kWhole = 100;

// Resolves the names of one rule.
class LinkageCompiler {
 public:
  explicit LinkageCompiler(const linkage_v1::LinkageRule& rule) { compiled_.rule = rule; }

  absl::StatusOr<CompiledLinkage> Compile() {
    RETURN_IF_ERROR(CheckHead());
    RETURN_IF_ERROR(CheckFields());
    RETURN_IF_ERROR(ResolveIdentifiers());
    RETURN_IF_ERROR(ResolveBlocking());
    for (const auto& declared : compiled_.rule.comparisons()) RETURN_IF_ERROR(ResolveComparison(declared));
    RETURN_IF_ERROR(ResolveNeeds());
    return std::move(compiled_);
  }

 private:
  absl::Status Wrong(const std::string& what) const {
    return MakeError(Reason::kInvalidObject, compiled_.rule.name() + ": " + what);
  }
  absl::StatusOr<size_t> FieldOf(const std::string& name, const std::string& where) const {
    const auto found = fields_.find(name);
    if (found == fields_.end())
      return Wrong(where + " names \"" + name + "\", which is none of the rule's fields");
    return found->second;
  }
  absl::Status CheckHead();
  absl::Status CheckFields();
  absl::Status ResolveIdentifiers();
  absl::Status ResolveBlocking();
  absl::Status ResolveComparison(const linkage_v1::LinkageComparison& declared);
  absl::Status ResolveNeeds();
  absl::StatusOr<CompiledLevel> ResolveLevel(const linkage_v1::LinkageLevel& declared, size_t field) const;
  std::string LabelOf(const linkage_v1::LinkageLevel& declared, const CompiledLevel& level,
                      size_t field) const;

  CompiledLinkage compiled_;
  std::map<std::string, size_t> fields_;
};

absl::Status LinkageCompiler::CheckHead() {
  const linkage_v1::LinkageRule& rule = compiled_.rule;
  if (!rule.name().starts_with(kNamePrefix) || !IsName(rule.name().substr(kNamePrefix.size()), kNameLength))
    return MakeError(Reason::kInvalidObject,
                     "a linkage rule is named linkages/NAME, NAME like [a-z][a-z0-9_]*");
  if (rule.mode() == linkage_v1::LINKAGE_MODE_UNSPECIFIED)
    return Wrong("say the mode: one_to_one, many_to_many or duplicates");
  if (rule.fields_size() == 0 || rule.fields_size() > kLinkageFields)
    return Wrong("a rule has 1 to " + std::to_string(kLinkageFields) + " fields");
  if (rule.comparisons_size() == 0 || rule.comparisons_size() > kLinkageComparisons)
    return Wrong("a rule has 1 to " + std::to_string(kLinkageComparisons) + " comparisons");
  if (rule.blocking_size() == 0 || rule.blocking_size() > kBlockingRules)
    return Wrong("a rule has 1 to " + std::to_string(kBlockingRules) + " rules of blocking");
  const uint32_t link = rule.link_percent() == 0 ? kDefaultLinkPercent : rule.link_percent();
  const uint32_t review =
      rule.review_percent() == 0 ? std::min(kDefaultReviewPercent, link) : rule.review_percent();
  if (link > kWhole || review > link)
    return Wrong("link_percent is at most 100, review_percent at most link_percent");
  compiled_.link_probability = link / 100.0;
  compiled_.review_probability = review / 100.0;
  if (rule.pair_budget() != 0) compiled_.pair_budget = rule.pair_budget();
  return absl::OkStatus();
}

absl::Status LinkageCompiler::CheckFields() {
  for (const auto& field : compiled_.rule.fields()) {
    if (!IsName(field.name(), kNameLength)) return Wrong("a field's name is like [a-z][a-z0-9_]*");
    if (field.column().empty()) return Wrong("field " + field.name() + ": say its column");
    if (field.form() == linkage_v1::VALUE_FORM_UNSPECIFIED)
      return Wrong("field " + field.name() + ": say its form, such as text or person_name");
    if (!fields_.emplace(field.name(), fields_.size()).second)
      return Wrong("field " + field.name() + " stands twice");
  }
  return absl::OkStatus();
}

absl::Status LinkageCompiler::ResolveIdentifiers() {
  for (const std::string& name : compiled_.rule.identifiers()) {
    ASSIGN_OR_RETURN(const size_t field, FieldOf(name, "identifiers"));
    const auto& declared = compiled_.rule.fields(static_cast<int>(field));
    if (!IsIdentifierForm(declared.form()) || declared.length() != 0) {
      return Wrong("identifiers: " + name +
                   " can be wrong without being seen; only whole fields of the forms organisation_id and "
                   "citizen_id link by themselves");
    }
    compiled_.identifiers.push_back(field);
  }
  return absl::OkStatus();
}

absl::Status LinkageCompiler::ResolveBlocking() {
  for (const auto& declared : compiled_.rule.blocking()) {
    CompiledBlocking blocking;
    blocking.name = declared.name();
    if (!IsName(declared.name(), kNameLength))
      return Wrong("a rule of blocking has a name like [a-z][a-z0-9_]*");
    if (declared.fields().empty()) return Wrong("blocking " + declared.name() + ": name at least one field");
    for (const std::string& name : declared.fields()) {
      ASSIGN_OR_RETURN(const size_t field, FieldOf(name, "blocking " + declared.name()));
      blocking.fields.push_back(field);
    }
    compiled_.blocking.push_back(std::move(blocking));
  }
  return absl::OkStatus();
}

absl::Status LinkageCompiler::ResolveComparison(const linkage_v1::LinkageComparison& declared) {
  CompiledComparison comparison;
  ASSIGN_OR_RETURN(comparison.field, FieldOf(declared.field(), "a comparison"));
  comparison.name = declared.field();
  comparison.rare_counts_more = declared.rare_counts_more();
  if (declared.levels_size() == 0 || declared.levels_size() > kLinkageLevels)
    return Wrong("comparison " + comparison.name + " has 1 to " + std::to_string(kLinkageLevels) + " levels");
  for (const auto& level : declared.levels()) {
    ASSIGN_OR_RETURN(comparison.levels.emplace_back(), ResolveLevel(level, comparison.field));
  }
  compiled_.comparisons.push_back(std::move(comparison));
  return absl::OkStatus();
}

absl::Status LinkageCompiler::ResolveNeeds() {
  for (const std::string& name : compiled_.rule.link_needs_one_of()) {
    const auto found =
        std::find_if(compiled_.comparisons.begin(), compiled_.comparisons.end(),
                     [&](const CompiledComparison& comparison) { return comparison.name == name; });
    if (found == compiled_.comparisons.end())
      return Wrong("link_needs_one_of names \"" + name + "\", which is not compared");
    compiled_.needs_one_of.push_back(static_cast<size_t>(found - compiled_.comparisons.begin()));
  }
  return absl::OkStatus();
}

absl::StatusOr<CompiledLevel> LinkageCompiler::ResolveLevel(const linkage_v1::LinkageLevel& declared,
                                                            size_t field) const {
  const std::string where = "a level of " + compiled_.rule.fields(static_cast<int>(field)).name();
  CompiledLevel level;
  level.test = declared.test();
  level.field = field;
  if (!declared.field().empty()) {
    ASSIGN_OR_RETURN(level.field, FieldOf(declared.field(), where));
  }
  switch (declared.test()) {
    case linkage_v1::LEVEL_TEST_UNSPECIFIED:
      return Wrong(where + " has no test: same, similar, edits, within, swapped or both_valid");
    case linkage_v1::LEVEL_TEST_SIMILAR:
      if (declared.at_least_percent() == 0 || declared.at_least_percent() > kWhole)
        return Wrong(where + ": similar needs at_least_percent, 1 to 100");
      break;
    case linkage_v1::LEVEL_TEST_EDITS:
      if (declared.at_most() == 0 || declared.at_most() > kMostEdits)
        return Wrong(where + ": edits needs at_most, 1 to 8");
      break;
    case linkage_v1::LEVEL_TEST_SWAPPED: {
      ASSIGN_OR_RETURN(level.with, FieldOf(declared.with(), where));
      break;
    }
    default:
      break;
  }
  level.at_least = declared.at_least_percent() / 100.0;
  level.at_most = declared.at_most();
  level.label = declared.label().empty() ? LabelOf(declared, level, field) : declared.label();
  return level;
}

std::string LinkageCompiler::LabelOf(const linkage_v1::LinkageLevel& declared, const CompiledLevel& level,
                                     size_t field) const {
  const std::string of = level.field == field ? "" : " " + declared.field();
  switch (level.test) {
    case linkage_v1::LEVEL_TEST_SIMILAR:
      return "similar" + of + " (" + std::to_string(declared.at_least_percent()) + " %)";
    case linkage_v1::LEVEL_TEST_EDITS:
      return (level.at_most == 1 ? "one edit" : "up to " + std::to_string(level.at_most) + " edits") + of;
    case linkage_v1::LEVEL_TEST_WITHIN:
      return "one within the other" + of;
    case linkage_v1::LEVEL_TEST_SWAPPED:
      return "swapped with " + declared.with();
    case linkage_v1::LEVEL_TEST_BOTH_VALID:
      return "both valid, not the same" + of;
    default:
      return "same" + of;
  }
}

}  // namespace

std::string CompiledComparison::OutcomeName(size_t outcome) const {
  if (outcome == 0) return "missing";
  return outcome <= levels.size() ? levels[outcome - 1].label : "different";
}

const std::string& CompiledLinkage::RightColumn(size_t field) const {
  const auto& declared = rule.fields(static_cast<int>(field));
  return declared.right_column().empty() ? declared.column() : declared.right_column();
}

bool CompiledLinkage::Overlap(size_t comparison, size_t blocking_rule) const {
  std::vector<size_t> looked_at = {comparisons[comparison].field};
  for (const CompiledLevel& level : comparisons[comparison].levels) looked_at.push_back(level.field);
  for (const size_t mine : looked_at) {
    for (const size_t theirs : blocking[blocking_rule].fields) {
      if (rule.fields(static_cast<int>(mine)).column() == rule.fields(static_cast<int>(theirs)).column())
        return true;
    }
  }
  return false;
}

absl::StatusOr<linkage_v1::LinkageRule> LoadLinkageRule(const std::string& path) {
  std::vector<linkage_v1::LinkageObject> objects;
  RETURN_IF_ERROR(ReadYaml(path, {[&] { return &objects.emplace_back(); }, nullptr}));
  if (objects.size() != 1)
    return MakeError(Reason::kInvalidObject,
                     path + ": one rule is needed, not " + std::to_string(objects.size()));
  return objects[0].rule();
}

absl::StatusOr<CompiledLinkage> CompileLinkage(const linkage_v1::LinkageRule& rule) {
  return LinkageCompiler(rule).Compile();
}

}  // namespace hangou
