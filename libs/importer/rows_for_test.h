// Reading a file whole, for tests.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "libs/importer/table_input.h"

namespace hangou {

// All rows.
inline std::vector<Row> AllRows(RowSource& source) {
  std::vector<Row> rows;
  Row row;
  while (true) {
    const absl::StatusOr<bool> some = source.Next(&row);
    REQUIRE(some.ok());
    if (!*some) return rows;
    rows.push_back(row);
  }
}

// The values of all rows of a file, none of which may be refused.
inline std::vector<std::vector<std::string>> ValuesOf(const InputOptions& options) {
  auto input = TableInput::Open(options);
  REQUIRE(input.ok());
  std::vector<std::vector<std::string>> values;
  for (Row& row : AllRows((*input)->rows())) {
    INFO(row.error);
    REQUIRE(row.error.empty());
    values.push_back(std::move(row.values));
  }
  return values;
}

}  // namespace hangou
