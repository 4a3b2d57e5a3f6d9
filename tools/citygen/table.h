// The CSV files of the city, and what is wrong in them on purpose.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "tools/citygen/random.h"

namespace hangou {

// What a column holds, as far as defects need to know.
enum class ColumnKind {
  kText,       // at most Column::limit characters
  kCode,       // of a code list
  kId,         // citizen id or credit code: it ends in a check character
  kDate,       // may lie ahead
  kPastDate,   // may not
  kBirthDate,  // must equal the one in the citizen id
  kInstant,
  kAmount,  // money or decimal, 0 or more
  kOther,
};

// A column of a table: a field of the resource.
struct Column {
  const char* name;
  ColumnKind kind = ColumnKind::kOther;
  bool required = false;
  int limit = 0;  // of kText
};

// A table: the resource "department.name" and its columns, in the order of the file.
struct TableSpec {
  const char* name;
  std::vector<Column> columns;
};

// Kinds of defects, with their names in truth.csv.
enum class Defect {
  kCheckDigit,        // check_digit: the check character of an identifier is another
  kMissingRequired,   // missing_required: a required field is empty
  kImpossibleDate,    // impossible_date: 30 February
  kLetterO,           // letter_o_for_zero: in an identifier
  kBirthMismatch,     // birth_date_mismatch: the birth date is not the citizen id's
  kUnknownCode,       // unknown_code: not of the code list
  kAmountOutOfRange,  // amount_out_of_range: below zero
  kOverlongText,      // overlong_text: longer than the field allows
  kInvalidUtf8,       // invalid_utf8: text in GBK
  kFutureDate,        // future_date: a date that has not come
  kColumnCount,       // wrong_column_count: a cell too few or too many
  kDuplicateRow,      // duplicate_row: the row before it once more
  kCount,
};

// The name of a defect in truth.csv.
std::string_view DefectName(Defect defect);

// truth.csv: every defect with file, line (1 is the head), kind and field (empty: the row as a whole). Not thread-safe.
class Truth {
 public:
  // Creates the file in `folder`.
  absl::Status Open(const std::string& folder);
  // Notes a defect.
  void Add(std::string_view file, uint64_t line, Defect defect, std::string_view field);
  // Writes what is left; an error where the disk did not take it all.
  absl::Status Close();

 private:
  std::ofstream out_;
};

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
  // Writes a row, one cell per column; or in its place, or behind it, a damaged one.
  void Write(std::vector<std::string> cells);
  // Writes what is left; an error where the disk did not take it all.
  absl::Status Close();

 private:
  // A defect that the table can have, and the columns that can have it.
  struct Choice {
    Defect defect;
    std::vector<size_t> columns;
  };

  void FindChoices();
  void WriteLine(const std::vector<std::string>& cells);
  void WriteDamaged(std::vector<std::string> cells);
  bool Damage(Defect defect, size_t column, std::vector<std::string>* cells);

  Settings settings_;
  const TableSpec& spec_;
  std::string file_;
  Random random_;
  std::vector<Choice> choices_;
  std::ofstream out_;
  uint64_t lines_ = 0;
};

}  // namespace hangou
