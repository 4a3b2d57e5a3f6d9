// What distinguishes one base library from another, as far as it is not in the catalog.
#pragma once

#include <string_view>

namespace hangou {

// Declares a base library (基础库). Which resources it holds, resources declare.
struct LibraryDeclaration {
  std::string_view name;   // in the catalog, in topics and folders
  std::string_view title;  // for people
};

}  // namespace hangou
