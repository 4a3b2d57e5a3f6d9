// The words for the values of enums, and the kinds of the catalog as people type them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hangou/catalog/v1/objects.pb.h"

namespace hangou {

// "FIELD_TYPE_CITIZEN_ID" without its prefix, in lower case: "citizen_id".
std::string Word(std::string_view enum_name, std::string_view prefix);
// "unconditional 无条件共享" and so on; empty for unspecified.
std::string SharingWord(hangou::catalog::v1::SharingType sharing);
// "department", "negative-list entry", ...
std::string KindWord(hangou::catalog::v1::ObjectKind kind);
// The kind that `hangou get` calls so, such as "code-lists" or "code-list"; none where there is no such.
std::optional<hangou::catalog::v1::ObjectKind> KindFromWord(std::string_view word);

}  // namespace hangou
