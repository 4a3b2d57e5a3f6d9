// hangou-geographic: a replica of this base library.
#include "services/base_library/library_process.h"
#include "services/geographic/geographic.h"

int main(int argc, char** argv) { return hangou::RunLibraryProcess(hangou::kGeographicLibrary, argc, argv); }
