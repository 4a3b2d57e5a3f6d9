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
#include "tools/citygen/city.h"

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
  options.companies = 400;
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

// By name of the table, "psb.resident".
inline std::map<std::string, TestTable> ReadCity(const std::string& folder) {
  std::map<std::pair<std::string, size_t>, std::pair<std::string, std::string>> defects;
  for (const std::string& line : Lines(Content(folder + "/truth.csv"))) {
    const std::vector<std::string> cells = Cells(line);
    if (cells[0] != "file") defects[{cells[0], std::stoul(cells[1])}] = {cells[2], cells[3]};
  }
  std::map<std::string, TestTable> city;
  for (const TableSpec* spec : CityTables()) {
    TestTable& table = city[spec->name];
    const std::string file = std::string(spec->name) + ".csv";
    const std::vector<std::string> lines = Lines(Content(folder + "/" + file));
    table.columns = Cells(lines.at(0));
    for (size_t i = 1; i < lines.size(); ++i) {
      const auto found = defects.find({file, i + 1});
      TestRow row{Cells(lines[i]), {}, {}};
      if (found != defects.end()) std::tie(row.defect, row.field) = found->second;
      table.rows.push_back(std::move(row));
    }
  }
  return city;
}

}  // namespace hangou::citygen_test
