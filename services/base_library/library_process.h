// A base library as a process of its own: what the mains of all five are made of.
#pragma once

#include "services/base_library/library_declaration.h"

namespace hangou {

// Runs a replica of a library until it is told to stop; returns the exit code of the process.
int RunLibraryProcess(const LibraryDeclaration& declaration, int argc, char** argv);

}  // namespace hangou
