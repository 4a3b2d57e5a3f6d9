#include "services/audit/who_accessed.h"

#include <algorithm>
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/identifiers/entity_key.h"
#include "libs/identifiers/identifiers.h"
#include "libs/identifiers/lengths.h"
#include "libs/policy/record_presenter.h"
#include "services/audit/index_reader.h"

namespace hangou {
namespace {

using audit::v1::WhoAccessedRequest;
using audit::v1::WhoAccessedResponse;

// Bulk accesses that are counted.
constexpr uint64_t kCountedAccesses = 1000;

// The check that goes with an identifier of this kind and form; a text without one stands for itself.
IdentifierVerdict CheckEntityText(EntityKind kind, const std::string& text, int32_t today) {
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
  if (kind == EntityKind::kPerson &&
      (text.size() == kCitizenIdLength || (text.size() == kLegacyCitizenIdLength && digits))) {
    return CheckIdentifier(IdentifierType::kCitizenId, text, today);
  }
  if (kind == EntityKind::kOrganisation && text.size() == kUsccLength)
    return CheckIdentifier(IdentifierType::kUscc, text, today);
  if (kind == EntityKind::kPlace && digits && (text.size() == 6 || text.size() == 9 || text.size() == 12)) {
    return CheckIdentifier(IdentifierType::kDivision, text, today);
  }
  IdentifierVerdict verdict;
  verdict.normalized = IdentifierText(text);
  return verdict;
}

std::string AccessTokenContext(const Caller& caller, const std::string& entity,
                               const WhoAccessedRequest& request) {
  return "audit.WhoAccessed|" + caller.spiffe_id + "|" + entity + "|" + request.resource() + "|" +
         std::to_string(request.from_time_us()) + "|" + std::to_string(request.until_time_us()) +
         (request.bulk() ? "|bulk" : "");
}

}  // namespace

absl::StatusOr<std::string> AuditedKeyOf(const hangou::record::v1::Entity& entity, int32_t today) {
  const auto kind = static_cast<EntityKind>(entity.kind());
  const std::string text = NormalizeIdentifierText(entity.id());
  if (EntityKindName(kind).empty() || text.empty() || text.size() > kIdentifierBytes) {
    return MakeError(Reason::kInvalidRequest, "name an entity by its kind and identifier", "entity");
  }
  const IdentifierVerdict verdict = CheckEntityText(kind, text, today);
  if (verdict.ok()) return CanonicalKey(kind, verdict.normalized);
  const bool check = verdict.rule == IdentifierRule::kCheck || verdict.rule == IdentifierRule::kOrgCode;
  return MakeError(check ? Reason::kCheckDigit : Reason::kFieldInvalid,
                   "the identifier fails the rule '" + std::string(RuleName(verdict.rule)) + "'",
                   "entity.id");
}

absl::Status WhoAccessed(const AuditScope& scope, const WhoAccessedRequest& request, int32_t today,
                         WhoAccessedResponse* response) {
  ASSIGN_OR_RETURN(const size_t page_size, PageSizeOf(request.page_size()));
  ASSIGN_OR_RETURN(const std::string key, AuditedKeyOf(request.entity(), today));
  if (request.from_time_us() < 0 || request.until_time_us() < 0) {
    return MakeError(Reason::kInvalidRequest, "times are microseconds since 1970", "from_time_us");
  }
  const auto kind = static_cast<EntityKind>(request.entity().kind());
  AccessQuery query{{}, false, request.resource(), request.from_time_us(), request.until_time_us()};
  for (const std::string& hash : AuditHashes(scope.keys, kind, key))
    query.prefixes.push_back(EntityPrefix(hash));
  const AccessQuery bulk{{""}, true, query.subject, query.from_us, query.until_us};
  // That an auditor asked is an access to what is known of the entity.
  const std::string entity_hash = AuditHash(scope.keys, kind, key);
  scope.entry.add_entity_hashes(entity_hash);
  scope.entry.set_subject(request.resource().substr(0, limits::kContextText));

  const std::string context = AccessTokenContext(scope.caller, entity_hash, request);
  std::string after;
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(after, scope.keys.OpenToken(request.page_token(), context));
  }
  ASSIGN_OR_RETURN(EntryPage page,
                   ReadAccesses(scope.index, request.bulk() ? bulk : query, after, page_size));
  ASSIGN_OR_RETURN(const uint64_t bulk_count, CountAccesses(scope.index, bulk, kCountedAccesses));
  response->mutable_entries()->Swap(&page.entries);
  response->set_bulk_count(bulk_count);
  response->set_behind(scope.behind);
  if (!page.next.empty()) response->set_next_page_token(scope.keys.SealToken(page.next, context));
  scope.entry.set_records(static_cast<uint64_t>(response->entries_size()));
  scope.entry.set_note(request.bulk() ? "bulk accesses that may cover an entity" : "accesses to an entity");
  return absl::OkStatus();
}

}  // namespace hangou
