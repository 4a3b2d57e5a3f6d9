// How the rights of one row of a snapshot follow from the entries and grants that concern it.
#pragma once

#include <cstdint>
#include <vector>

#include "libs/policy/snapshot.h"

namespace hangou {

// What a row is made of. The pointers must live as long as it is being made.
struct RowInputs {
  const ResourceSchema* schema = nullptr;
  std::vector<const hangou::catalog::v1::NegativeListEntry*> entries;  // that concern the department, by name
  std::vector<const hangou::catalog::v1::Grant*> grants;               // for department and purpose, by name
};

// The rights from an instant on.
struct RightsSlice {
  int64_t from_us = INT64_MIN;
  FieldRights rights;
};

// The rights of a row over all time: slices in the order of time, the first from the beginning.
std::vector<RightsSlice> BuildSlices(const RowInputs& inputs);

}  // namespace hangou
