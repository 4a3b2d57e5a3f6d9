// The CSV files of the city: rows cell by cell into one buffer, of which a share is damaged.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "tools/citygen/defects.h"
#include "tools/citygen/rules.h"

namespace hangou {

// Writes a table row by row and damages a share of the rows. Not thread-safe.
class TableWriter {
 public:
  // What all tables of a city share. `truth` outlives the writer.
  struct Settings {
    std::string folder;
    uint64_t seed = 0;
    int64_t dirty_per_million = 0;
    Truth* truth = nullptr;
  };

  // Writes DEPARTMENT.NAME.csv. `spec` outlives the writer.
  TableWriter(const Settings& settings, const TableSpec& spec);
  // Creates the file, and writes the names of the columns.
  absl::Status Open();

  // The next cell of the row: text as it is; it holds neither commas nor quotes.
  TableWriter& Text(std::string_view text);
  TableWriter& CompanyName(std::string_view name);
  TableWriter& PersonName(std::string_view name);
  TableWriter& Number(int64_t value);
  // "1234.50" of fen.
  TableWriter& Yuan(int64_t fen) { return Scaled(fen, 2); }
  // `value` with `digits` digits behind the point.
  TableWriter& Scaled(int64_t value, int digits);
  // "2025-06-30".
  TableWriter& Day(int32_t day);
  // The same, or nothing for 0.
  TableWriter& DayIfAny(int32_t day) { return day == 0 ? Text("") : Day(day); }
  // "2025-06".
  TableWriter& Month(int32_t day);
  // An instant within office hours of a day: ISO 8601, UTC.
  TableWriter& OfficeInstant(Random& random, int32_t day);
  TableWriter& Bool(bool value) { return Text(value ? "true" : "false"); }

  // Ends the row, which has one cell per column: writes it; or in its place, or behind it, a damaged one. Planted rows
  // are never damaged.
  void End(Plant plant = Plant::kNone);
  // Writes what is left; an error where the disk did not take it all.
  absl::Status Close();

  // "department.name".
  const std::string& name() const { return spec_.name; }
  // Rows written so far, without the head, and bytes once closed.
  uint64_t rows() const { return lines_ - 1; }
  uint64_t bytes() const { return bytes_; }

 private:
  // A defect that the table can have, and the columns that can have it.
  struct Choice {
    Defect defect;
    std::vector<size_t> columns;
  };

  void FindChoices();
  void EndCell(CellRole role = CellRole::kPlain);
  RowCells SplitRow() const;
  void WriteRow(std::string_view row);
  void WriteCells(const std::vector<std::string>& cells);
  void WriteDamaged();
  void Flush();

  Settings settings_;
  const TableSpec& spec_;
  std::string file_;
  Random random_;
  std::vector<Choice> choices_;
  std::ofstream out_;
  std::string buffer_;
  std::string row_;  // cells, each behind a comma but the first
  std::vector<uint32_t> ends_;
  std::vector<CellRole> roles_;
  uint64_t lines_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace hangou
