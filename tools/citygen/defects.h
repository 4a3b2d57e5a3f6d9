// What is wrong in the files on purpose: typed errors of a row, and the list of them.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "tools/citygen/catalog.h"
#include "tools/citygen/random.h"

namespace hangou {

// Kinds of defects, with their names in truth.csv.
enum class Defect {
  // What the platform refuses.
  kCheckDigit,        // check_digit: the check character of an identifier is another
  kTransposed,        // transposed_digits: two digits of a citizen id have changed places
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
  // What it takes: the same thing in another spelling.
  kDuplicateRow,      // duplicate_row: the row before it once more
  kFifteenDigitId,    // fifteen_digit_id: a citizen id in its form of before 1999
  kFullWidth,         // full_width: an identifier in full-width characters
  kOldRegionCode,     // old_region_code: a division code that is not in force any more
  kMissingSuffix,     // missing_suffix: a company's name without its legal form
  kHomophone,         // homophone: a character of a person's name is one that sounds alike
  kPrivateCharacter,  // private_use_character: a character of a person's name is in a private area
  kCount,
};

// The name of a defect in truth.csv.
std::string_view DefectName(Defect defect);
// True where the platform takes the row all the same.
bool IsAccepted(Defect defect);

// What a cell says, beside the kind of its column.
enum class CellRole : uint8_t { kPlain, kCompanyName, kPersonName };

// A row as cells. `roles` is as long as `cells`.
struct RowCells {
  std::vector<std::string> cells;
  std::vector<CellRole> roles;
};

// Puts the defect into a cell; false where the cell cannot have it, such as an identifier without a zero.
bool DamageCell(Defect defect, const Column& column, size_t at, RowCells* row);
// The columns that can have a defect, as far as their kind tells; for names, `roles` of a row do.
bool CanHave(const Column& column, Defect defect);

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

// Creates a file to write, and ends it; an error where the disk does not take it all.
absl::Status CreateFile(const std::string& path, std::ofstream* out);
absl::Status FinishFile(std::ofstream* out);

}  // namespace hangou
