#include "libs/policy/catalog_state.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

template <typename Object>
void PutOrRemove(std::map<std::string, Object>& objects, const Object& object) {
  if (object.removed()) {
    objects.erase(object.name());
  } else {
    objects[object.name()] = object;
  }
}

}  // namespace

void PolicyObjects::Put(const v1::CatalogObject& object) {
  switch (object.object_case()) {
    case v1::CatalogObject::kDepartment:
      departments[object.department().name()] = object.department();
      break;
    case v1::CatalogObject::kPurpose:
      purposes[object.purpose().name()] = object.purpose();
      break;
    case v1::CatalogObject::kCodeList:
      code_lists[object.code_list().name()] = object.code_list();
      break;
    case v1::CatalogObject::kResource:
      resources[object.resource().name()] = object.resource();
      break;
    case v1::CatalogObject::kNegativeListEntry:
      PutOrRemove(negative_list, object.negative_list_entry());
      break;
    case v1::CatalogObject::kGrant:
      PutOrRemove(grants, object.grant());
      break;
    case v1::CatalogObject::OBJECT_NOT_SET:
      break;
  }
}

std::string NameOf(const v1::CatalogObject& object) {
  switch (object.object_case()) {
    case v1::CatalogObject::kDepartment:
      return object.department().name();
    case v1::CatalogObject::kPurpose:
      return object.purpose().name();
    case v1::CatalogObject::kCodeList:
      return object.code_list().name();
    case v1::CatalogObject::kResource:
      return object.resource().name();
    case v1::CatalogObject::kNegativeListEntry:
      return object.negative_list_entry().name();
    case v1::CatalogObject::kGrant:
      return object.grant().name();
    case v1::CatalogObject::OBJECT_NOT_SET:
      break;
  }
  return {};
}

v1::ObjectKind KindOf(const v1::CatalogObject& object) {
  // The numbers of the cases are those of the kinds.
  return static_cast<v1::ObjectKind>(object.object_case());
}

std::vector<v1::CatalogObject> AllObjects(const PolicyObjects& objects) {
  std::vector<v1::CatalogObject> all;
  for (const auto& [name, object] : objects.departments) *all.emplace_back().mutable_department() = object;
  for (const auto& [name, object] : objects.purposes) *all.emplace_back().mutable_purpose() = object;
  for (const auto& [name, object] : objects.code_lists) *all.emplace_back().mutable_code_list() = object;
  for (const auto& [name, object] : objects.resources) *all.emplace_back().mutable_resource() = object;
  for (const auto& [name, object] : objects.negative_list) {
    *all.emplace_back().mutable_negative_list_entry() = object;
  }
  for (const auto& [name, object] : objects.grants) *all.emplace_back().mutable_grant() = object;
  return all;
}

}  // namespace hangou
