// hangou-legal-entity: a replica of this base library.
#include "services/base_library/library_process.h"
#include "services/legal_entity/legal_entity.h"

int main(int argc, char** argv) { return hangou::RunLibraryProcess(hangou::kLegalEntityLibrary, argc, argv); }
