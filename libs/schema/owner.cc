#include "libs/schema/owner.h"

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"

namespace hangou {

absl::StatusOr<std::string> NormalizeOwner(const ResourceSchema& schema,
                                           const hangou::record::v1::Entity& owner, int64_t now_us) {
  const auto kind = static_cast<int>(owner.kind());
  if (kind != 0 && kind != static_cast<int>(schema.owner_kind())) {
    return MakeError(Reason::kInvalidRequest, "the records of this resource are about entities of the kind " +
                                                  std::string(EntityKindName(schema.owner_kind())));
  }
  const FieldSchema& field = schema.fields()[schema.owner_index()];
  IdentifierVerdict verdict;
  switch (field.type) {
    case hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID:
      verdict = CheckCitizenId(owner.id(), DayInChina(now_us));
      break;
    case hangou::catalog::v1::FIELD_TYPE_USCC:
      verdict = CheckUscc(owner.id());
      break;
    case hangou::catalog::v1::FIELD_TYPE_DIVISION:
      verdict = CheckDivision(owner.id());
      break;
    default:
      verdict.normalized = owner.id();
      if (owner.id().empty()) verdict.rule = IdentifierRule::kLength;
  }
  if (verdict.ok()) return verdict.normalized;
  const bool check = verdict.rule == IdentifierRule::kCheck || verdict.rule == IdentifierRule::kOrgCode;
  return MakeError(
      check ? Reason::kCheckDigit : Reason::kFieldInvalid,
      "the identifier of the entity fails the rule '" + std::string(RuleName(verdict.rule)) + "'",
      "owner.id");
}

}  // namespace hangou
