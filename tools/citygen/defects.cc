#include "tools/citygen/defects.h"

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
// U+E863, where old systems kept characters that had no code yet.
constexpr std::string_view kPrivateCharacter = "\xEE\xA1\xA3";
constexpr size_t kHanBytes = 3;
constexpr size_t kCitizenIdBytes = 18;
constexpr size_t kSequenceAt = 14;

constexpr std::array<std::string_view, static_cast<size_t>(Defect::kCount)> kDefectNames = {
    "check_digit",       "transposed_digits",   "missing_required",     "impossible_date",
    "letter_o_for_zero", "birth_date_mismatch", "unknown_code",         "amount_out_of_range",
    "overlong_text",     "invalid_utf8",        "future_date",          "wrong_column_count",
    "duplicate_row",     "fifteen_digit_id",    "full_width",           "old_region_code",
    "missing_suffix",    "homophone",           "private_use_character"};

// Division codes of the city that were changed: today's and the former one.
constexpr std::array<std::array<std::string_view, 2>, 4> kFormerDivisions = {
    {{"321003", "321027"}, {"321012", "321088"}, {"321081", "321029"}, {"321084", "321022"}}};
constexpr std::array<std::string_view, 5> kSuffixes = {"股份有限公司", "有限公司", "专业合作社", "经营部",
                                                       "厂"};
// Characters of given names, and others that sound alike.
constexpr std::array<std::array<std::string_view, 2>, 16> kHomophones = {{{"文", "雯"},
                                                                          {"明", "鸣"},
                                                                          {"宗", "棕"},
                                                                          {"德", "得"},
                                                                          {"志", "智"},
                                                                          {"国", "帼"},
                                                                          {"华", "桦"},
                                                                          {"玉", "钰"},
                                                                          {"英", "瑛"},
                                                                          {"建", "健"},
                                                                          {"元", "园"},
                                                                          {"之", "芝"},
                                                                          {"伯", "柏"},
                                                                          {"子", "梓"},
                                                                          {"士", "仕"},
                                                                          {"仁", "壬"}}};

bool IsDate(ColumnKind kind) {
  return kind == ColumnKind::kDate || kind == ColumnKind::kPastDate || kind == ColumnKind::kBirthDate;
}

std::string Overlong(int limit) {
  std::string text;
  for (int i = 0; i <= limit; ++i) text += kOverlongCharacter;
  return text;
}

bool IsCitizenId(std::string_view id) {
  return id.size() == kCitizenIdBytes &&
         std::all_of(id.begin(), id.end() - 1, [](char c) { return c >= '0' && c <= '9'; });
}

bool SpoilCheckDigit(std::string* cell) {
  if (cell->empty()) return false;
  cell->back() = cell->back() >= '0' && cell->back() < '9' ? static_cast<char>(cell->back() + 1) : '0';
  return true;
}

bool Transpose(std::string* cell) {
  if (!IsCitizenId(*cell) || (*cell)[kSequenceAt] == (*cell)[kSequenceAt + 1]) return false;
  std::swap((*cell)[kSequenceAt], (*cell)[kSequenceAt + 1]);
  return true;
}

bool PutLetterO(std::string* cell) {
  const size_t zero = cell->find('0');
  if (zero == std::string::npos) return false;
  (*cell)[zero] = 'O';
  return true;
}

bool ToFifteenDigits(std::string* cell) {
  constexpr size_t kCenturyAt = 6;
  if (!IsCitizenId(*cell) || cell->compare(kCenturyAt, 2, "19") != 0) return false;
  cell->erase(kCenturyAt, 2);
  cell->pop_back();
  return true;
}

// U+FF01 to U+FF5E are the printable characters of ASCII.
bool ToFullWidth(std::string* cell) {
  std::string wide;
  for (const char c : *cell) {
    if (c <= ' ' || c > '~') {
      wide += c;
      continue;
    }
    const int code = 0xFF00 + (c - ' ');
    wide += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
             static_cast<char>(0x80 | (code & 0x3F))};
  }
  const bool changed = wide != *cell;
  *cell = wide;
  return changed;
}

bool ToFormerDivision(std::string* cell) {
  for (const auto& [today, former] : kFormerDivisions) {
    if (!cell->starts_with(today)) continue;
    cell->replace(0, today.size(), former);
    return true;
  }
  return false;
}

bool DropSuffix(std::string* cell) {
  for (const std::string_view suffix : kSuffixes) {
    if (!cell->ends_with(suffix) || cell->size() <= suffix.size() + 2 * kHanBytes) continue;
    cell->resize(cell->size() - suffix.size());
    return true;
  }
  return false;
}

bool ToHomophone(std::string* cell) {
  for (const auto& [one, other] : kHomophones) {
    if (!cell->ends_with(one)) continue;
    cell->replace(cell->size() - one.size(), one.size(), other);
    return true;
  }
  return false;
}

bool ToPrivateCharacter(std::string* cell) {
  if (cell->size() < 2 * kHanBytes) return false;
  cell->replace(cell->size() - kHanBytes, kHanBytes, kPrivateCharacter);
  return true;
}

bool Replace(std::string_view text, std::string* cell) {
  *cell = text;
  return true;
}

}  // namespace

std::string_view DefectName(Defect defect) { return kDefectNames[static_cast<size_t>(defect)]; }

bool IsAccepted(Defect defect) { return defect >= Defect::kDuplicateRow; }

bool CanHave(const Column& column, Defect defect) {
  switch (defect) {
    case Defect::kCheckDigit:
    case Defect::kTransposed:
    case Defect::kLetterO:
    case Defect::kFifteenDigitId:
      return column.kind == ColumnKind::kId;
    case Defect::kFullWidth:
      return column.kind == ColumnKind::kId || column.kind == ColumnKind::kSpelled;
    case Defect::kOldRegionCode:
      return column.kind == ColumnKind::kDivision;
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
    case Defect::kInvalidUtf8:
    case Defect::kMissingSuffix:
    case Defect::kHomophone:
    case Defect::kPrivateCharacter:
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

bool DamageCell(Defect defect, const Column& column, size_t at, RowCells* row) {
  std::string* cell = &row->cells[at];
  const CellRole role = row->roles[at];
  switch (defect) {
    case Defect::kCheckDigit:
      return SpoilCheckDigit(cell);
    case Defect::kTransposed:
      return Transpose(cell);
    case Defect::kMissingRequired:
      return Replace("", cell);
    case Defect::kImpossibleDate:
      return Replace(kImpossibleDay, cell);
    case Defect::kLetterO:
      return PutLetterO(cell);
    case Defect::kBirthMismatch:
      return Replace(FormatDay(ParseDay(*cell).value_or(0) + 1), cell);
    case Defect::kUnknownCode:
      return Replace(kUnknownCode, cell);
    case Defect::kAmountOutOfRange:
      return Replace("-1", cell);
    case Defect::kOverlongText:
      return Replace(Overlong(column.limit), cell);
    case Defect::kInvalidUtf8:
      return Replace(kGbkText, cell);
    case Defect::kFutureDate:
      return Replace(column.kind == ColumnKind::kInstant ? kFutureInstant : kFutureDay, cell);
    case Defect::kFifteenDigitId:
      return ToFifteenDigits(cell);
    case Defect::kFullWidth:
      return ToFullWidth(cell);
    case Defect::kOldRegionCode:
      return ToFormerDivision(cell);
    case Defect::kMissingSuffix:
      return role == CellRole::kCompanyName && DropSuffix(cell);
    case Defect::kHomophone:
      return role == CellRole::kPersonName && ToHomophone(cell);
    case Defect::kPrivateCharacter:
      return role == CellRole::kPersonName && ToPrivateCharacter(cell);
    default:
      return false;
  }
}

absl::Status Truth::Open(const std::string& folder) {
  RETURN_IF_ERROR(CreateFile(folder + "/truth.csv", &out_));
  out_ << "file,line,kind,field\n";
  return absl::OkStatus();
}

void Truth::Add(std::string_view file, uint64_t line, Defect defect, std::string_view field) {
  out_ << file << ',' << line << ',' << DefectName(defect) << ',' << field << '\n';
}

absl::Status Truth::Close() { return FinishFile(&out_); }

absl::Status CreateFile(const std::string& path, std::ofstream* out) {
  out->open(path, std::ios::binary | std::ios::trunc);
  return out->is_open() ? absl::OkStatus() : ErrnoError(errno, "creating " + path);
}

absl::Status FinishFile(std::ofstream* out) {
  out->close();
  return out->good() ? absl::OkStatus() : ErrnoError(errno, "writing a table");
}

}  // namespace hangou
