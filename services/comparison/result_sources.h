// What the names that a rule's figures have are: their types, and the fields that they are made of.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "libs/comparison/rule.h"

namespace hangou {

// A name that a result may fill a field with.
struct ResultName {
  ValueType type;
  std::set<std::string> made_of;    // "hrss.unit_summary.heads"
  std::set<std::string> passed_on;  // those of them whose values it may be as they are
};

// What the clue itself says, "clue.amount", and figures and parts of the key of a rule; none where there is no such
// name.
std::optional<ResultName> FindResultName(const CompiledRule& rule, std::string_view name);

}  // namespace hangou
