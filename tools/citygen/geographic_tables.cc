#include "tools/citygen/tables.h"

namespace hangou {

void WriteDivisions(const City& city, TableWriter* table) {
  for (const Division& division : city.pools.divisions) {
    table->Text(division.code).Text(division.name).Text(division.level).Text(division.parent);
    table->Text(division.valid_from).End();
  }
}

}  // namespace hangou
