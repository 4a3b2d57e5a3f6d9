// Lengths of identifiers and their parts, in characters. Internal to libs/identifiers.
#pragma once

#include <cstddef>

namespace hangou {

inline constexpr size_t kCitizenIdLength = 18;
inline constexpr size_t kLegacyCitizenIdLength = 15;  // the 1989 edition
inline constexpr size_t kUsccLength = 18;
inline constexpr size_t kLegacyTaxIdLength = 15;
inline constexpr size_t kOrgCodeLength = 9;  // GB 11714-1997
inline constexpr size_t kRegionLength = 6;   // GB/T 2260

}  // namespace hangou
