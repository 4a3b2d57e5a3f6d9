// Grants and negative list entries by the resource that they concern, and what follows from a grant's dates.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libs/policy/snapshot.h"

namespace hangou {

// The instants at which a grant holds: from (inclusive) to until (exclusive), microseconds since 1970-01-01 UTC.
struct GrantInterval {
  int64_t from_us = INT64_MIN;
  int64_t until_us = INT64_MAX;

  bool Holds(int64_t now_us) const { return from_us <= now_us && now_us < until_us; }
  bool Ended(int64_t now_us) const { return until_us <= now_us; }
};

// The interval of a valid grant: its days are days in UTC+8, the last one included.
GrantInterval IntervalOf(const hangou::catalog::v1::Grant& grant);

// The sharing type that holds for a field: its own, or that of its resource.
hangou::catalog::v1::SharingType SharingOf(const hangou::catalog::v1::Resource& resource,
                                           const hangou::catalog::v1::Field& field);
// True where a negative list entry concerns a department.
bool Concerns(const hangou::catalog::v1::NegativeListEntry& entry, std::string_view department);
// True where `list` holds `name`.
template <typename List>
bool Contains(const List& list, std::string_view name) {
  for (const auto& item : list) {
    if (item == name) return true;
  }
  return false;
}

// How much a mask shows: where grants of one level differ, the one that shows more holds. 0 for none.
int MaskRank(MaskKind mask);
// True where `a` gives more than `b`: a higher level, or at the same level a mask of higher rank.
bool GivesMore(const FieldPermission& a, const FieldPermission& b);
// What one line of a grant gives.
FieldPermission PermissionOf(const hangou::catalog::v1::Grant::FieldGrant& line);

// What concerns one resource, in the order of names. The pointers are into PolicyObjects.
struct ResourceConcerns {
  std::map<std::string_view, const hangou::catalog::v1::Grant*> grants;
  std::map<std::string_view, const hangou::catalog::v1::NegativeListEntry*> entries;
};

// Grants and entries by resource. Points into the PolicyObjects it was built from. Not thread-safe.
class PolicyIndex {
 public:
  // Indexes all objects. `objects` must outlive the index, and stay unchanged but for what Add and Remove are told.
  explicit PolicyIndex(const PolicyObjects& objects);

  // What concerns a resource; empty where nothing does.
  const ResourceConcerns& Of(std::string_view resource) const;
  // Takes up an object that has its place in the PolicyObjects.
  void Add(const hangou::catalog::v1::Grant& grant);
  void Add(const hangou::catalog::v1::NegativeListEntry& entry);
  // Forgets an object; before it changes or goes.
  void Remove(const hangou::catalog::v1::Grant& grant);
  void Remove(const hangou::catalog::v1::NegativeListEntry& entry);

 private:
  std::unordered_map<std::string, ResourceConcerns> by_resource_;
};

}  // namespace hangou
