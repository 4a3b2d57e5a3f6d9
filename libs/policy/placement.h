// Where everything is, ready to be asked: which replica owns a partition group, and where it listens.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hangou/catalog/v1/placement.pb.h"

namespace hangou {

// An index of a catalog.v1.Placement. Immutable, thread-safe.
class Placement {
 public:
  // Nobody owns anything.
  Placement() = default;
  explicit Placement(hangou::catalog::v1::Placement placement);

  const hangou::catalog::v1::Placement& proto() const { return proto_; }
  // The owner of a group; null where nobody owns it.
  const hangou::catalog::v1::GroupOwner* OwnerOf(std::string_view library, int32_t group) const;
  // host:port of a replica of a service; empty where it is not there.
  const std::string& AddressOf(std::string_view service, std::string_view replica) const;
  // The addresses of all replicas of a service, in the order of their names.
  std::vector<std::string> AddressesOf(std::string_view service) const;

 private:
  using Addresses = std::map<std::string, std::string, std::less<>>;  // by name of the replica
  using Owners = std::map<int32_t, hangou::catalog::v1::GroupOwner>;

  hangou::catalog::v1::Placement proto_;
  std::map<std::string, Addresses, std::less<>> replicas_;  // by service
  std::map<std::string, Owners, std::less<>> owners_;       // by library
};

}  // namespace hangou
