#include "tools/citygen/table.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

// 扬州 in GBK: what an old system exports as it is.
constexpr std::string_view kGbkText = "\xD1\xEF\xD6\xDD";
constexpr std::string_view kOverlongCharacter = "长";
constexpr std::string_view kImpossibleDay = "2024-02-30";
constexpr std::string_view kFutureDay = "2099-01-01";
constexpr std::string_view kFutureInstant = "2099-01-01T00:00:00Z";
constexpr std::string_view kUnknownCode = "ZZ";

constexpr std::array<std::string_view, static_cast<size_t>(Defect::kCount)> kDefectNames = {
    "check_digit",         "missing_required", "impossible_date",     "letter_o_for_zero",
    "birth_date_mismatch", "unknown_code",     "amount_out_of_range", "overlong_text",
    "invalid_utf8",        "future_date",      "wrong_column_count",  "duplicate_row"};

bool IsDate(ColumnKind kind) {
  return kind == ColumnKind::kDate || kind == ColumnKind::kPastDate || kind == ColumnKind::kBirthDate;
}

bool CanHave(const Column& column, Defect defect) {
  switch (defect) {
    case Defect::kCheckDigit:
    case Defect::kLetterO:
      return column.kind == ColumnKind::kId;
    case Defect::kMissingRequired:
      return column.required;
    case Defect::kImpossibleDate:
      return IsDate(column.kind);
    case Defect::kBirthMismatch:
      return column.kind == ColumnKind::kBirthDate;
    case Defect::kUnknownCode:
      return column.kind == ColumnKind::kCode;
    case Defect::kAmountOutOfRange:
      return column.kind == ColumnKind::kAmount;
    case Defect::kOverlongText:
      return column.kind == ColumnKind::kText && column.limit > 0;
    case Defect::kInvalidUtf8:
      return column.kind == ColumnKind::kText;
    case Defect::kFutureDate:
      return column.kind == ColumnKind::kPastDate || column.kind == ColumnKind::kInstant;
    case Defect::kColumnCount:
    case Defect::kDuplicateRow:
    case Defect::kCount:
      break;
  }
  return false;
}

// A defect of the row, not of one of its cells.
bool IsOfRow(Defect defect) { return defect == Defect::kColumnCount || defect == Defect::kDuplicateRow; }

std::string NextDay(const std::string& day) { return FormatDay(ParseDay(day).value_or(0) + 1); }

std::string Overlong(int limit) {
  std::string text;
  for (int i = 0; i <= limit; ++i) text += kOverlongCharacter;
  return text;
}

absl::Status Create(const std::string& path, std::ofstream* out) {
  out->open(path, std::ios::binary | std::ios::trunc);
  return out->is_open() ? absl::OkStatus() : ErrnoError(errno, "creating " + path);
}

absl::Status Finish(std::ofstream* out) {
  out->close();
  return out->good() ? absl::OkStatus() : ErrnoError(errno, "writing a table");
}

}  // namespace

std::string_view DefectName(Defect defect) { return kDefectNames[static_cast<size_t>(defect)]; }

absl::Status Truth::Open(const std::string& folder) {
  RETURN_IF_ERROR(Create(folder + "/truth.csv", &out_));
  out_ << "file,line,kind,field\n";
  return absl::OkStatus();
}

void Truth::Add(std::string_view file, uint64_t line, Defect defect, std::string_view field) {
  out_ << file << ',' << line << ',' << DefectName(defect) << ',' << field << '\n';
}

absl::Status Truth::Close() { return Finish(&out_); }

TableWriter::TableWriter(const Settings& settings, const TableSpec& spec)
    : settings_(settings),
      spec_(spec),
      file_(std::string(spec.name) + ".csv"),
      random_(settings.seed, "defects of " + file_) {
  FindChoices();
}

void TableWriter::FindChoices() {
  for (int i = 0; i < static_cast<int>(Defect::kCount); ++i) {
    Choice choice{static_cast<Defect>(i), {}};
    for (size_t column = 0; column < spec_.columns.size(); ++column) {
      if (CanHave(spec_.columns[column], choice.defect)) choice.columns.push_back(column);
    }
    if (IsOfRow(choice.defect) || !choice.columns.empty()) choices_.push_back(std::move(choice));
  }
}

absl::Status TableWriter::Open() {
  RETURN_IF_ERROR(Create(settings_.folder + "/" + file_, &out_));
  std::vector<std::string> names;
  for (const Column& column : spec_.columns) names.emplace_back(column.name);
  WriteLine(names);
  return absl::OkStatus();
}

void TableWriter::Write(std::vector<std::string> cells) {
  HANGOU_CHECK(cells.size() == spec_.columns.size(), "a row has another number of cells than its table");
  if (random_.Chance(settings_.dirty_per_million)) {
    WriteDamaged(std::move(cells));
  } else {
    WriteLine(cells);
  }
}

void TableWriter::WriteLine(const std::vector<std::string>& cells) {
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out_ << ',';
    out_ << cells[i];
  }
  out_ << '\n';
  ++lines_;
}

void TableWriter::WriteDamaged(std::vector<std::string> cells) {
  while (true) {
    const Choice& choice = random_.Pick(choices_);
    std::string_view field;
    if (choice.defect == Defect::kDuplicateRow) {
      WriteLine(cells);
    } else if (choice.defect == Defect::kColumnCount) {
      cells.resize(random_.Percent(50) ? cells.size() - 1 : cells.size() + 1);
    } else {
      const size_t column = random_.Pick(choice.columns);
      if (!Damage(choice.defect, column, &cells)) continue;
      field = spec_.columns[column].name;
    }
    WriteLine(cells);
    settings_.truth->Add(file_, lines_, choice.defect, field);
    return;
  }
}

// False where the cell cannot have this defect, such as an identifier without a zero.
bool TableWriter::Damage(Defect defect, size_t column, std::vector<std::string>* cells) {
  std::string& cell = (*cells)[column];
  switch (defect) {
    case Defect::kCheckDigit:
      if (cell.empty()) return false;
      cell.back() = cell.back() >= '0' && cell.back() < '9' ? static_cast<char>(cell.back() + 1) : '0';
      return true;
    case Defect::kMissingRequired:
      cell.clear();
      return true;
    case Defect::kImpossibleDate:
      cell = kImpossibleDay;
      return true;
    case Defect::kLetterO: {
      const size_t zero = cell.find('0');
      if (zero == std::string::npos) return false;
      cell[zero] = 'O';
      return true;
    }
    case Defect::kBirthMismatch:
      cell = NextDay(cell);
      return true;
    case Defect::kUnknownCode:
      cell = kUnknownCode;
      return true;
    case Defect::kAmountOutOfRange:
      cell = "-1.00";
      return true;
    case Defect::kOverlongText:
      cell = Overlong(spec_.columns[column].limit);
      return true;
    case Defect::kInvalidUtf8:
      cell = kGbkText;
      return true;
    case Defect::kFutureDate:
      cell = spec_.columns[column].kind == ColumnKind::kInstant ? kFutureInstant : kFutureDay;
      return true;
    default:
      return false;
  }
}

absl::Status TableWriter::Close() { return Finish(&out_); }

}  // namespace hangou
