#include "tools/citygen/tables.h"

namespace hangou {

const TableSpec kDivisionTable = {"nrp.division",
                                  {{"code", ColumnKind::kOther, true},
                                   {"name", ColumnKind::kText, true, 60},
                                   {"level", ColumnKind::kCode, true},
                                   {"parent", ColumnKind::kOther},
                                   {"valid_from", ColumnKind::kPastDate, true}}};

void WriteDivisions(const City& city, TableWriter* table) {
  for (const Division& division : city.pools.divisions) {
    table->Write({division.code, division.name, division.level, division.parent, division.valid_from});
  }
}

}  // namespace hangou
