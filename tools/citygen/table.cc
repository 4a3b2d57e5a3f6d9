#include "tools/citygen/table.h"

#include "libs/base/status.h"
#include "tools/citygen/calendar.h"

namespace hangou {
namespace {

constexpr size_t kBufferBytes = 1 << 20;
// Attempts to find a cell that can have the drawn defect; names of people, for one, are in few columns.
constexpr int kDamageAttempts = 64;

// A defect of the row, not of one of its cells.
bool IsOfRow(Defect defect) { return defect == Defect::kColumnCount || defect == Defect::kDuplicateRow; }

}  // namespace

TableWriter::TableWriter(const Settings& settings, const TableSpec& spec)
    : settings_(settings),
      spec_(spec),
      file_(spec.name + ".csv"),
      random_(settings.seed, "defects of " + file_) {
  FindChoices();
  buffer_.reserve(kBufferBytes + (kBufferBytes >> 2));
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
  RETURN_IF_ERROR(CreateFile(settings_.folder + "/" + file_, &out_));
  std::vector<std::string> names;
  for (const Column& column : spec_.columns) names.push_back(column.name);
  WriteCells(names);
  return absl::OkStatus();
}

void TableWriter::EndCell(CellRole role) {
  ends_.push_back(static_cast<uint32_t>(row_.size()));
  roles_.push_back(role);
  row_ += ',';
}

TableWriter& TableWriter::Text(std::string_view text) {
  row_ += text;
  EndCell();
  return *this;
}

TableWriter& TableWriter::CompanyName(std::string_view name) {
  row_ += name;
  EndCell(CellRole::kCompanyName);
  return *this;
}

TableWriter& TableWriter::PersonName(std::string_view name) {
  row_ += name;
  EndCell(CellRole::kPersonName);
  return *this;
}

TableWriter& TableWriter::Number(int64_t value) {
  AppendNumber(value, &row_);
  EndCell();
  return *this;
}

TableWriter& TableWriter::Scaled(int64_t value, int digits) {
  int64_t unit = 1;
  for (int i = 0; i < digits; ++i) unit *= 10;
  if (value < 0) row_ += '-';
  const int64_t magnitude = value < 0 ? -value : value;
  AppendNumber(magnitude / unit, &row_);
  row_ += '.';
  for (int64_t rest = magnitude % unit, place = unit / 10; place > 0; place /= 10) {
    row_ += static_cast<char>('0' + rest / place % 10);
  }
  EndCell();
  return *this;
}

TableWriter& TableWriter::Day(int32_t day) {
  AppendDay(day, &row_);
  EndCell();
  return *this;
}

TableWriter& TableWriter::Month(int32_t day) {
  AppendMonth(day, &row_);
  EndCell();
  return *this;
}

// 09:00 to 17:00 in UTC+8.
TableWriter& TableWriter::OfficeInstant(Random& random, int32_t day) {
  const auto second = static_cast<unsigned>(random.Between(3'600, 9 * 3'600));
  AppendDay(day, &row_);
  row_ += 'T';
  AppendTwoDigits(second / 3'600, &row_);
  row_ += ':';
  AppendTwoDigits(second / 60 % 60, &row_);
  row_ += ':';
  AppendTwoDigits(second % 60, &row_);
  row_ += 'Z';
  EndCell();
  return *this;
}

void TableWriter::End(Plant plant) {
  HANGOU_CHECK(ends_.size() == spec_.columns.size(),
               "a row of " + spec_.name + " has another number of cells than its table");
  if (plant == Plant::kNone && random_.Chance(settings_.dirty_per_million)) {
    WriteDamaged();
  } else {
    WriteRow(std::string_view(row_).substr(0, row_.size() - 1));
  }
  row_.clear();
  ends_.clear();
  roles_.clear();
}

void TableWriter::WriteRow(std::string_view row) {
  buffer_ += row;
  buffer_ += '\n';
  ++lines_;
  if (buffer_.size() >= kBufferBytes) Flush();
}

void TableWriter::WriteCells(const std::vector<std::string>& cells) {
  std::string row;
  for (const std::string& cell : cells) row.append(cell).append(1, ',');
  row.pop_back();
  WriteRow(row);
}

RowCells TableWriter::SplitRow() const {
  RowCells row;
  size_t start = 0;
  for (const uint32_t end : ends_) {
    row.cells.push_back(row_.substr(start, end - start));
    start = end + 1;
  }
  row.roles = roles_;
  return row;
}

void TableWriter::WriteDamaged() {
  for (int attempt = 0; attempt < kDamageAttempts; ++attempt) {
    const Choice& choice = random_.Pick(choices_);
    RowCells row = SplitRow();
    std::string_view field;
    if (choice.defect == Defect::kDuplicateRow) {
      WriteCells(row.cells);
    } else if (choice.defect == Defect::kColumnCount) {
      row.cells.resize(random_.Percent(50) ? row.cells.size() - 1 : row.cells.size() + 1);
    } else {
      const size_t column = random_.Pick(choice.columns);
      if (row.cells[column].empty()) continue;
      if (!DamageCell(choice.defect, spec_.columns[column], column, &row)) continue;
      field = spec_.columns[column].name;
    }
    WriteCells(row.cells);
    settings_.truth->Add(file_, lines_, choice.defect, field);
    return;
  }
  WriteCells(SplitRow().cells);
}

void TableWriter::Flush() {
  bytes_ += buffer_.size();
  out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  buffer_.clear();
}

absl::Status TableWriter::Close() {
  Flush();
  return FinishFile(&out_);
}

}  // namespace hangou
