// What a resource's descriptor and its .proto text have in common. Internal to this library.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hangou/catalog/v1/objects.pb.h"

namespace hangou {

// The names under which a resource's message is declared.
struct MessageName {
  std::string file;     // "hangou/resource/psb/resident.proto"
  std::string package;  // "hangou.resource.psb"
  std::string message;  // "Resident"
};
MessageName SplitName(const hangou::catalog::v1::Resource& resource);

// The fields in ascending order of numbers; they stay the resource's.
std::vector<const hangou::catalog::v1::Field*> FieldsByNumber(const hangou::catalog::v1::Resource& resource);

// Numbers between those in use, both ends included.
struct NumberGap {
  uint32_t first = 0;
  uint32_t last = 0;
};
// The gaps below the highest number of `fields`, which are in ascending order.
std::vector<NumberGap> NumberGaps(const std::vector<const hangou::catalog::v1::Field*>& fields);

}  // namespace hangou
