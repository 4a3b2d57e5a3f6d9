// hangou-tax: a replica of this base library.
#include "services/base_library/library_process.h"
#include "services/tax/tax.h"

int main(int argc, char** argv) { return hangou::RunLibraryProcess(hangou::kTaxLibrary, argc, argv); }
