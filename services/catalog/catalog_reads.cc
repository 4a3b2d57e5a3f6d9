#include "services/catalog/catalog_reads.h"

#include <algorithm>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/schema/descriptor.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// A page of objects that is being filled.
struct Page {
  size_t room;
  size_t bytes = 0;
  v1::ListObjectsResponse* response;
  bool full = false;
};

// The names behind `after` of one kind, in order. `after` is empty for all.
template <typename Object, typename Setter>
void AppendObjects(const std::map<std::string, Object>& objects, const CatalogState& state,
                   v1::ObjectKind kind, const std::string& after, Setter set, Page* page) {
  for (auto it = objects.upper_bound(after); it != objects.end() && !page->full; ++it) {
    v1::CatalogObject object;
    *set(&object) = it->second;
    object.set_etag(state.EtagOf(kind, it->first));
    const size_t bytes = object.ByteSizeLong();
    const bool has_any = page->response->objects_size() > 0;
    if (page->room == 0 || (has_any && page->bytes + bytes > limits::kReplyBytes)) {
      page->full = true;
      return;
    }
    --page->room;
    page->bytes += bytes;
    *page->response->add_objects() = std::move(object);
  }
}

void AppendKind(const CatalogState& state, v1::ObjectKind kind, const std::string& after, Page* page) {
  const PolicyObjects& objects = state.objects();
  const auto append = [&](const auto& map, auto set) { AppendObjects(map, state, kind, after, set, page); };
  switch (kind) {
    case v1::OBJECT_KIND_DEPARTMENT:
      return append(objects.departments, [](v1::CatalogObject* o) { return o->mutable_department(); });
    case v1::OBJECT_KIND_PURPOSE:
      return append(objects.purposes, [](v1::CatalogObject* o) { return o->mutable_purpose(); });
    case v1::OBJECT_KIND_CODE_LIST:
      return append(objects.code_lists, [](v1::CatalogObject* o) { return o->mutable_code_list(); });
    case v1::OBJECT_KIND_RESOURCE:
      return append(objects.resources, [](v1::CatalogObject* o) { return o->mutable_resource(); });
    case v1::OBJECT_KIND_NEGATIVE_LIST_ENTRY:
      return append(objects.negative_list,
                    [](v1::CatalogObject* o) { return o->mutable_negative_list_entry(); });
    case v1::OBJECT_KIND_GRANT:
      return append(objects.grants, [](v1::CatalogObject* o) { return o->mutable_grant(); });
    default:
      return;
  }
}

absl::StatusOr<size_t> PageSize(int32_t page_size) {
  if (page_size < 0 || page_size > limits::kPageMax) {
    return MakeError(Reason::kInvalidRequest, "a page has 1 to 1000 items; 0 stands for 100", "page_size");
  }
  return static_cast<size_t>(page_size == 0 ? limits::kPageDefault : page_size);
}

// A token is the kind, as one digit, and the name of the last object of the page before.
std::string ObjectToken(const v1::CatalogObject& last) {
  return Base64Url(std::to_string(KindOf(last)) + NameOf(last));
}

absl::Status BadToken() {
  return MakeError(Reason::kTokenInvalid, "not a page token of this list", "page_token");
}

// Oldest first: ids are "c" and a number that grows.
bool IsOlder(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

absl::Status ReadObject(const PublishedPolicy& policy, const v1::GetObjectRequest& request,
                        v1::CatalogObject* response) {
  if (request.kind() <= v1::OBJECT_KIND_UNSPECIFIED || request.kind() > v1::OBJECT_KIND_GRANT) {
    return MakeError(Reason::kInvalidRequest, "name the kind of the object", "kind");
  }
  const std::string etag = policy.state.EtagOf(request.kind(), request.name());
  if (etag.empty())
    return MakeError(Reason::kObjectNotFound, "there is no object of this kind and name", "name");
  const PolicyObjects& objects = policy.state.objects();
  switch (request.kind()) {
    case v1::OBJECT_KIND_DEPARTMENT:
      *response->mutable_department() = objects.departments.at(request.name());
      break;
    case v1::OBJECT_KIND_PURPOSE:
      *response->mutable_purpose() = objects.purposes.at(request.name());
      break;
    case v1::OBJECT_KIND_CODE_LIST:
      *response->mutable_code_list() = objects.code_lists.at(request.name());
      break;
    case v1::OBJECT_KIND_RESOURCE:
      *response->mutable_resource() = objects.resources.at(request.name());
      break;
    case v1::OBJECT_KIND_NEGATIVE_LIST_ENTRY:
      *response->mutable_negative_list_entry() = objects.negative_list.at(request.name());
      break;
    default:
      *response->mutable_grant() = objects.grants.at(request.name());
      break;
  }
  response->set_etag(etag);
  return absl::OkStatus();
}

absl::Status ReadObjects(const PublishedPolicy& policy, const v1::ListObjectsRequest& request,
                         v1::ListObjectsResponse* response) {
  ASSIGN_OR_RETURN(const size_t room, PageSize(request.page_size()));
  if (request.kind() < v1::OBJECT_KIND_UNSPECIFIED || request.kind() > v1::OBJECT_KIND_GRANT) {
    return MakeError(Reason::kInvalidRequest, "there is no such kind", "kind");
  }
  const bool all = request.kind() == v1::OBJECT_KIND_UNSPECIFIED;
  int kind = all ? v1::OBJECT_KIND_DEPARTMENT : request.kind();
  const int last_kind = all ? v1::OBJECT_KIND_GRANT : request.kind();
  std::string after;
  if (!request.page_token().empty()) {
    const auto token = FromBase64Url(request.page_token());
    if (!token || token->size() < 2) return BadToken();
    const int token_kind = (*token)[0] - '0';
    if (token_kind < kind || token_kind > last_kind) return BadToken();
    kind = token_kind;
    after = token->substr(1);
  }
  Page page{room, 0, response};
  for (; kind <= last_kind && !page.full; ++kind) {
    AppendKind(policy.state, static_cast<v1::ObjectKind>(kind), after, &page);
    after.clear();
  }
  if (page.full) response->set_next_page_token(ObjectToken(*response->objects().rbegin()));
  return absl::OkStatus();
}

absl::Status ReadChanges(const PublishedPolicy& policy, const v1::ListChangesRequest& request,
                         v1::ListChangesResponse* response) {
  ASSIGN_OR_RETURN(size_t room, PageSize(request.page_size()));
  std::string after;
  if (!request.page_token().empty()) {
    const auto token = FromBase64Url(request.page_token());
    if (!token || token->empty() || (*token)[0] != 'c') return BadToken();
    after = *token;
  }
  std::vector<const v1::Change*> changes;
  for (const auto& [id, change] : policy.state.waiting()) {
    if (IsOlder(after, id)) changes.push_back(&change);
  }
  std::sort(changes.begin(), changes.end(),
            [](const v1::Change* a, const v1::Change* b) { return IsOlder(a->id(), b->id()); });
  size_t bytes = 0;
  for (const v1::Change* change : changes) {
    bytes += change->ByteSizeLong();
    if (room == 0 || (response->changes_size() > 0 && bytes > limits::kReplyBytes)) {
      response->set_next_page_token(Base64Url(response->changes().rbegin()->id()));
      break;
    }
    --room;
    *response->add_changes() = *change;
  }
  return absl::OkStatus();
}

absl::Status ReadSchema(const PublishedPolicy& policy, const v1::GetSchemaRequest& request,
                        v1::GetSchemaResponse* response) {
  const auto found = policy.state.objects().resources.find(request.resource());
  if (found == policy.state.objects().resources.end()) {
    return MakeError(Reason::kUnknownResource, "the catalog does not know the resource", "resource");
  }
  *response->mutable_files() = DescriptorOf(found->second);
  response->set_message_name(MessageNameOf(found->second));
  response->set_schema_revision(found->second.schema_revision());
  response->set_proto_text(ProtoTextOf(found->second));
  return absl::OkStatus();
}

absl::Status ExplainDecision(const PublishedPolicy& policy, const v1::ExplainRequest& request,
                             const Caller& caller, int64_t now_us, v1::ExplainResponse* response) {
  const std::string& department = request.department().empty() ? caller.department : request.department();
  if (department != caller.department && caller.role != roles::kManager && caller.role != roles::kAuditor) {
    return MakeError(Reason::kRoleRequired, "asking for another department needs the role manager or auditor",
                     "department");
  }
  response->set_epoch(policy.state.epoch());
  const DecisionQuery query{department, request.resource(), request.purpose(), "", now_us};
  const PolicyDecision decision = policy.snapshot->Decide(query);
  if (!decision.allowed) response->set_reason(std::string(ReasonName(decision.reason)));
  if (decision.rights == nullptr) return absl::OkStatus();
  for (size_t i = 0; i < decision.schema->fields().size(); ++i) {
    const FieldSchema& field = decision.schema->fields()[i];
    const FieldPermission permission = decision.rights->permissions[i];
    v1::ExplainResponse::FieldLine* line = response->add_fields();
    line->set_field(field.number);
    line->set_name(field.name);
    line->set_permission(static_cast<hangou::record::v1::Permission>(permission.level));
    line->set_mask(static_cast<hangou::record::v1::Mask>(permission.mask));
    if (permission.level == FieldLevel::kFull) continue;
    const FieldBasisLine& basis = decision.rights->basis[i];
    line->mutable_basis()->set_field(field.number);
    line->mutable_basis()->set_reason(std::string(ReasonName(basis.reason)));
    line->mutable_basis()->set_entry(basis.entry);
    line->mutable_basis()->set_legal_basis(basis.legal_basis);
  }
  return absl::OkStatus();
}

}  // namespace hangou
