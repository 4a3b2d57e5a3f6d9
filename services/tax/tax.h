// The tax library (财税统计基础库): taxpayers: declarations, payments, indicators.
#pragma once

#include "services/base_library/library_declaration.h"

namespace hangou {

inline constexpr LibraryDeclaration kTaxLibrary{"tax", "财税统计基础库"};

}  // namespace hangou
