// Rules between the fields of one record. Internal to this library.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/schema/walker.h"

namespace hangou {

// Compiles a rule of a resource with these fields. INVALID_OBJECT with the rule's name where it names fields that are
// not there, or compares what cannot be compared.
absl::StatusOr<CrossRuleSchema> CompileCrossRule(const hangou::catalog::v1::CrossRule& rule,
                                                 const std::vector<FieldSchema>& fields);

// Whether a record holds a rule. `slices` are in ascending order of indexes.
bool HoldsCrossRule(const CrossRuleSchema& rule, const std::vector<FieldSlice>& slices);

// The slice of a field, null where the record has none. `slices` are in ascending order of indexes.
const FieldSlice* FindSlice(const std::vector<FieldSlice>& slices, int index);

}  // namespace hangou
