// hangou-credit: a replica of this base library.
#include "services/base_library/library_process.h"
#include "services/credit/credit.h"

int main(int argc, char** argv) { return hangou::RunLibraryProcess(hangou::kCreditLibrary, argc, argv); }
