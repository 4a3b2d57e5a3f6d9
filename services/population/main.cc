// hangou-population: a replica of this base library.
#include "services/base_library/library_process.h"
#include "services/population/population.h"

int main(int argc, char** argv) { return hangou::RunLibraryProcess(hangou::kPopulationLibrary, argc, argv); }
