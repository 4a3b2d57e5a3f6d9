// Which table is written by whom.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/citygen/tables.h"

namespace hangou {

// Writes rows of a table.
using WriteRows = void (*)(const City& city, TableWriter* table);

// The writers of each table, by its name. A table that is not here cannot be written.
const std::map<std::string, std::vector<WriteRows>>& RowWriters();

// Notes the planted cases of every comparison.
void AddAllGaps(const City& city, Gaps* gaps);

}  // namespace hangou
