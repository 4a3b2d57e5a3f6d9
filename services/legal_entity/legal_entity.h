// The legal_entity library (法人基础库): organisations: registration, licences, annual reports.
#pragma once

#include "services/base_library/library_declaration.h"

namespace hangou {

inline constexpr LibraryDeclaration kLegalEntityLibrary{"legal_entity", "法人基础库"};

}  // namespace hangou
