#include "libs/policy/placement.h"

namespace hangou {

Placement::Placement(hangou::catalog::v1::Placement placement) : proto_(std::move(placement)) {
  for (const auto& replica : proto_.replicas())
    replicas_[replica.service()][replica.name()] = replica.address();
  for (const auto& owner : proto_.owners()) owners_[owner.library()][owner.group()] = owner;
}

const hangou::catalog::v1::GroupOwner* Placement::OwnerOf(std::string_view library, int32_t group) const {
  const auto owners = owners_.find(library);
  if (owners == owners_.end()) return nullptr;
  const auto owner = owners->second.find(group);
  return owner == owners->second.end() ? nullptr : &owner->second;
}

const std::string& Placement::AddressOf(std::string_view service, std::string_view replica) const {
  static const std::string kNone;
  const auto replicas = replicas_.find(service);
  if (replicas == replicas_.end()) return kNone;
  const auto address = replicas->second.find(replica);
  return address == replicas->second.end() ? kNone : address->second;
}

std::vector<std::string> Placement::AddressesOf(std::string_view service) const {
  std::vector<std::string> addresses;
  if (const auto replicas = replicas_.find(service); replicas != replicas_.end()) {
    for (const auto& [name, address] : replicas->second) addresses.push_back(address);
  }
  return addresses;
}

}  // namespace hangou
