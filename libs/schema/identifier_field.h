// Identifiers as fields carry them: one place that knows which check goes with which type.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/reason.h"
#include "libs/identifiers/identifiers.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// The identifier that a field of this type holds; none for text, numbers and so on.
std::optional<IdentifierType> IdentifierTypeOf(FieldType type);
// Checks and normalises the identifier in a field of such a type, or in an owner field that is plain text, which may be
// anything of 1 to kIdentifierBytes bytes. `today` is the day number in UTC+8.
IdentifierVerdict CheckIdentifierField(FieldType type, std::string_view text, int32_t today);
// The reason of a failed rule: CHECK_DIGIT or FIELD_INVALID.
Reason ReasonOfRule(IdentifierRule rule);
// What the rule means to the one who has to correct it.
std::string MessageOfRule(IdentifierRule rule);

}  // namespace hangou
