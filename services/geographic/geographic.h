// The geographic library (自然资源和地理空间基础库): places: divisions, addresses, parcels.
#pragma once

#include "services/base_library/library_declaration.h"

namespace hangou {

inline constexpr LibraryDeclaration kGeographicLibrary{"geographic", "自然资源和地理空间基础库"};

}  // namespace hangou
