#include "services/audit/heads.h"

#include "libs/base/limits.h"
#include "libs/base/signature.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

std::string HeadsTokenContext(const Caller& caller) { return "audit.ListHeads|" + caller.spiffe_id; }

}  // namespace

absl::Status GetHead(const AuditScope& scope, const audit::v1::GetHeadRequest& request,
                     audit::v1::Head* response) {
  const auto chain = scope.index.Find(request.chain_id());
  if (!chain) return MakeError(Reason::kObjectNotFound, "there is no such chain; see `hangou audit heads`");
  *response = WithMissingEntries(chain->head);
  scope.entry.set_note("head of chain " + request.chain_id());
  return absl::OkStatus();
}

absl::Status ListHeads(const AuditScope& scope, const audit::v1::ListHeadsRequest& request,
                       audit::v1::ListHeadsResponse* response) {
  ASSIGN_OR_RETURN(const size_t page_size, PageSizeOf(request.page_size()));
  const std::string context = HeadsTokenContext(scope.caller);
  std::string after;
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(after, scope.keys.OpenToken(request.page_token(), context));
  }
  *response = scope.index.TopicFindings();
  size_t bytes = 0;
  for (const auto& chain : scope.index.Chains()) {
    if (chain->head.chain_id() <= after) continue;
    bytes += chain->head.ByteSizeLong();
    if (static_cast<size_t>(response->heads_size()) == page_size || bytes > limits::kReplyBytes) {
      response->set_next_page_token(
          scope.keys.SealToken(response->heads(response->heads_size() - 1).chain_id(), context));
      break;
    }
    *response->add_heads() = WithMissingEntries(chain->head);
  }
  for (const KeyRingPublicKey& key : scope.keys.PublicKeys(KeyPurpose::kAuditHead)) {
    auto* out = response->add_keys();
    out->set_key_id(key.key_id);
    out->set_pem(PublicKeyPem(key.bytes));
  }
  response->set_behind(scope.behind);
  scope.entry.set_note("heads of " + std::to_string(response->heads_size()) + " chains");
  return absl::OkStatus();
}

}  // namespace hangou
