#include "libs/policy/working_catalog.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// Copies the object of a name from one map to another, or erases it where it is absent.
template <typename Object>
void CopyObject(const std::map<std::string, Object>& from, const std::string& name,
                std::map<std::string, Object>* to) {
  const auto found = from.find(name);
  if (found == from.end()) {
    to->erase(name);
  } else {
    (*to)[name] = found->second;
  }
}

}  // namespace

void WorkingCatalog::Erase(const ObjectId& id) {
  if (id.first == v1::OBJECT_KIND_GRANT) {
    const auto found = objects_.grants.find(id.second);
    if (found == objects_.grants.end()) return;
    index_.Remove(found->second);
    objects_.grants.erase(found);
  } else if (id.first == v1::OBJECT_KIND_NEGATIVE_LIST_ENTRY) {
    const auto found = objects_.negative_list.find(id.second);
    if (found == objects_.negative_list.end()) return;
    index_.Remove(found->second);
    objects_.negative_list.erase(found);
  }
}

void WorkingCatalog::Put(const v1::CatalogObject& object) {
  if (object.has_grant()) {
    Erase({v1::OBJECT_KIND_GRANT, object.grant().name()});
    objects_.Put(object);
    if (!object.grant().removed()) index_.Add(objects_.grants.at(object.grant().name()));
  } else if (object.has_negative_list_entry()) {
    const std::string& name = object.negative_list_entry().name();
    Erase({v1::OBJECT_KIND_NEGATIVE_LIST_ENTRY, name});
    objects_.Put(object);
    if (!object.negative_list_entry().removed()) index_.Add(objects_.negative_list.at(name));
  } else {
    objects_.Put(object);
  }
}

void WorkingCatalog::CopyFrom(const WorkingCatalog& other, const ObjectId& id) {
  const auto& [kind, name] = id;
  switch (kind) {
    case v1::OBJECT_KIND_DEPARTMENT:
      CopyObject(other.objects_.departments, name, &objects_.departments);
      break;
    case v1::OBJECT_KIND_PURPOSE:
      CopyObject(other.objects_.purposes, name, &objects_.purposes);
      break;
    case v1::OBJECT_KIND_CODE_LIST:
      CopyObject(other.objects_.code_lists, name, &objects_.code_lists);
      break;
    case v1::OBJECT_KIND_RESOURCE:
      CopyObject(other.objects_.resources, name, &objects_.resources);
      break;
    case v1::OBJECT_KIND_NEGATIVE_LIST_ENTRY: {
      Erase(id);
      CopyObject(other.objects_.negative_list, name, &objects_.negative_list);
      const auto found = objects_.negative_list.find(name);
      if (found != objects_.negative_list.end()) index_.Add(found->second);
      break;
    }
    case v1::OBJECT_KIND_GRANT: {
      Erase(id);
      CopyObject(other.objects_.grants, name, &objects_.grants);
      const auto found = objects_.grants.find(name);
      if (found != objects_.grants.end()) index_.Add(found->second);
      break;
    }
    default:
      break;
  }
}

}  // namespace hangou
