// A small city on disk, read back, for tests.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "tools/citygen/catalog.h"
#include "tools/citygen/city.h"
#include "tools/citygen/defects.h"

namespace hangou::citygen_test {

inline const std::string kRoot = CITYGEN_SOURCE_ROOT;

// A row of a file: its cells, and the defect that truth.csv names ("" for none) with its field.
struct TestRow {
  std::vector<std::string> cells;
  std::string defect;
  std::string field;
};

// A file: its columns and rows.
struct TestTable {
  std::vector<std::string> columns;
  std::vector<TestRow> rows;

  size_t IndexOf(const std::string& column) const {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == column) return i;
    }
    HANGOU_CHECK(false, "no such column");
    return 0;
  }
};

inline std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells(1);
  for (char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

inline CityOptions SmallCity(uint64_t seed, const std::string& folder) {
  CityOptions options;
  options.seed = seed;
  options.people = 1500;
  options.companies = 500;  // twelve of each role: every comparison has its cases in both variants
  options.dirty_percent = 6;
  options.data_folder = kRoot + "/data";
  options.out_folder = folder;
  return options;
}

inline std::string Content(const std::string& path) {
  auto content = ReadFile(path);
  HANGOU_CHECK(content.ok(), Message(content.status()));
  return *std::move(content);
}

// The declarations that the small city is made of.
inline CityCatalog TestCatalog() {
  auto catalog = LoadCityCatalog({kRoot + "/examples/city/base", kRoot + "/examples/city/full"});
  HANGOU_CHECK(catalog.ok(), Message(catalog.status()));
  return *std::move(catalog);
}

inline TestTable ReadTestTable(const std::string& path) {
  const std::vector<std::string> lines = Lines(Content(path));
  TestTable table;
  table.columns = Cells(lines.at(0));
  for (size_t i = 1; i < lines.size(); ++i) table.rows.push_back({Cells(lines[i]), {}, {}});
  return table;
}

// By name of the table, "psb.resident".
inline std::map<std::string, TestTable> ReadCity(const std::string& folder) {
  std::map<std::string, TestTable> city;
  for (const auto& [name, spec] : TestCatalog().tables)
    city[name] = ReadTestTable(folder + "/" + name + ".csv");
  for (const TestRow& row : ReadTestTable(folder + "/truth.csv").rows) {
    const std::string table = row.cells[0].substr(0, row.cells[0].size() - std::string_view(".csv").size());
    TestRow& damaged = city.at(table).rows.at(std::stoul(row.cells[1]) - 2);
    damaged.defect = row.cells[2];
    damaged.field = row.cells[3];
  }
  return city;
}

// Generates the city; the report is not needed.
inline absl::Status Generate(const CityOptions& options) {
  CityReport report;
  return GenerateCity(options, &report);
}

// True where truth.csv says so and the platform takes the row all the same.
inline bool IsTaken(const TestRow& row) {
  for (int i = 0; i < static_cast<int>(Defect::kCount); ++i) {
    if (DefectName(static_cast<Defect>(i)) == row.defect) return IsAccepted(static_cast<Defect>(i));
  }
  return row.defect.empty();
}

}  // namespace hangou::citygen_test
