// The credit library (信用基础库): public credit of people and organisations: licences, penalties, grades.
#pragma once

#include "services/base_library/library_declaration.h"

namespace hangou {

inline constexpr LibraryDeclaration kCreditLibrary{"credit", "信用基础库"};

}  // namespace hangou
