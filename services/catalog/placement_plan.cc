#include "services/catalog/placement_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "libs/base/status.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

using Owners = std::map<int32_t, v1::GroupOwner>;

// Replicas by service and name.
std::map<std::pair<std::string, std::string>, v1::Replica> ReplicasOf(const v1::Placement& now,
                                                                      const std::vector<LiveProcess>& live,
                                                                      bool keep_absent) {
  std::map<std::pair<std::string, std::string>, v1::Replica> replicas;
  if (keep_absent) {
    for (const v1::Replica& replica : now.replicas()) replicas[{replica.service(), replica.name()}] = replica;
  }
  for (const LiveProcess& process : live) {
    for (const v1::ServedService& served : process.served) {
      const std::pair key(served.service(), process.name);
      if (!served.ready()) {
        replicas.erase(key);
        continue;
      }
      v1::Replica& replica = replicas[key];
      replica.set_service(served.service());
      replica.set_name(process.name);
      replica.set_address(served.address());
    }
  }
  return replicas;
}

void Give(v1::GroupOwner* owner, const std::string& replica) {
  owner->set_replica(replica);
  owner->set_owner_epoch(owner->owner_epoch() + 1);
}

// How many groups each replica owns.
std::map<std::string, int> Shares(const Owners& owners, const std::set<std::string>& replicas) {
  std::map<std::string, int> shares;
  for (const std::string& replica : replicas) shares[replica] = 0;
  for (const auto& [group, owner] : owners) {
    if (const auto share = shares.find(owner.replica()); share != shares.end()) ++share->second;
  }
  return shares;
}

std::string WhoHasFewest(const std::map<std::string, int>& shares) {
  return std::min_element(shares.begin(), shares.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

// Groups without a living owner find one.
void AssignOrphans(const std::set<std::string>& replicas, Owners* owners) {
  for (auto& [group, owner] : *owners) {
    if (!replicas.contains(owner.replica())) Give(&owner, WhoHasFewest(Shares(*owners, replicas)));
  }
}

// A replica that has joined takes its part.
void ShareWith(const std::string& joined, const std::set<std::string>& replicas, Owners* owners) {
  for (;;) {
    const auto shares = Shares(*owners, replicas);
    const auto most = std::max_element(shares.begin(), shares.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most->second < shares.at(joined) + 2) return;
    const auto taken = std::find_if(owners->begin(), owners->end(),
                                    [&](const auto& item) { return item.second.replica() == most->first; });
    Give(&taken->second, joined);
  }
}

}  // namespace

v1::Placement PlanPlacement(const v1::Placement& now, const std::vector<LiveProcess>& live,
                            bool keep_absent) {
  const auto replicas = ReplicasOf(now, live, keep_absent);
  std::set<std::pair<std::string, std::string>> before;
  for (const v1::Replica& replica : now.replicas()) before.insert({replica.service(), replica.name()});
  std::map<std::string, Owners> owners;
  for (const v1::GroupOwner& owner : now.owners()) owners[owner.library()][owner.group()] = owner;
  std::set<std::string> libraries;
  for (const LiveProcess& process : live) {
    for (const v1::ServedService& served : process.served) {
      if (served.holds_groups() && replicas.contains({served.service(), process.name}))
        libraries.insert(served.service());
    }
  }
  for (const std::string& library : libraries) {
    Owners& groups = owners[library];
    for (int32_t group = 0; group < now.layout().groups(); ++group) {
      groups[group].set_library(library);
      groups[group].set_group(group);
    }
    std::set<std::string> names;
    for (const auto& [key, replica] : replicas) {
      if (key.first == library) names.insert(key.second);
    }
    AssignOrphans(names, &groups);
    for (const std::string& name : names) {
      if (!before.contains({library, name})) ShareWith(name, names, &groups);
    }
  }
  v1::Placement planned;
  *planned.mutable_layout() = now.layout();
  for (const auto& [key, replica] : replicas) *planned.add_replicas() = replica;
  for (const auto& [library, groups] : owners) {
    for (const auto& [group, owner] : groups) *planned.add_owners() = owner;
  }
  return planned;
}

absl::StatusOr<v1::Placement> PlanMove(const v1::Placement& now, const std::string& library, int32_t group,
                                       const std::string& replica) {
  const bool known = std::any_of(now.replicas().begin(), now.replicas().end(), [&](const auto& item) {
    return item.service() == library && item.name() == replica;
  });
  if (!known) {
    return MakeError(Reason::kInvalidRequest,
                     library + " has no replica of this name that is ready; see `hangou cluster status`",
                     "replica");
  }
  v1::Placement planned = now;
  for (v1::GroupOwner& owner : *planned.mutable_owners()) {
    if (owner.library() != library || owner.group() != group) continue;
    if (owner.replica() != replica) Give(&owner, replica);
    return planned;
  }
  return MakeError(Reason::kInvalidRequest, library + " has no group of this number", "group");
}

}  // namespace hangou
