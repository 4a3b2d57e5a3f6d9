// The population library (人口基础库): people: registration, family, education, work.
#pragma once

#include "services/base_library/library_declaration.h"

namespace hangou {

inline constexpr LibraryDeclaration kPopulationLibrary{"population", "人口基础库"};

}  // namespace hangou
