// What the catalog declares, as the generator needs it: the columns of each table, and the departments.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hangou {

// What a column holds, as far as defects need to know.
enum class ColumnKind {
  kText,       // at most Column::limit characters
  kCode,       // of a code list
  kId,         // citizen id or credit code: it ends in a check character
  kSpelled,    // another identifier; the platform takes it in any spelling
  kDivision,   // division code
  kDate,       // may lie ahead
  kPastDate,   // may not
  kBirthDate,  // must equal the one in the citizen id
  kInstant,    // may not lie ahead
  kAmount,     // money, decimal or number, 0 or more
  kOther,
};

// A column of a table: a field of the resource.
struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::kOther;
  bool required = false;
  int limit = 0;  // of kText
};

// A table: the resource "department.name" and its columns, in the order of the file.
struct TableSpec {
  std::string name;
  std::vector<Column> columns;
};

// A department as other departments' rows name it.
struct Organ {
  std::string title;
  std::string uscc;
};

// The declared city, by name. Immutable once loaded.
struct CityCatalog {
  std::map<std::string, TableSpec> tables;
  std::map<std::string, Organ> organs;
};

// Reads the declarations of files or folders. INVALID_OBJECT with file and line where something is wrong.
absl::StatusOr<CityCatalog> LoadCityCatalog(const std::vector<std::string>& paths);

}  // namespace hangou
