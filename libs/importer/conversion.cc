#include "libs/importer/conversion.h"

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/importer/cell_text.h"
#include "libs/importer/date_pattern.h"
#include "libs/importer/units.h"

namespace hangou {
namespace {

using namespace hangou::catalog::v1;  // NOLINT: the names of the field types

constexpr uint32_t kYuanScale = 2;
constexpr std::string_view kSerialNumbers = "excel";
constexpr std::string_view kIdeographicSpace = "\xE3\x80\x80";  // U+3000
constexpr std::string_view kNoBreakSpace = "\xC2\xA0";          // U+00A0
constexpr std::string_view kAsciiSpace = " \t\r\n";

absl::Status MappingError(const ColumnMapping& mapping, const std::string& message) {
  return MakeError(Reason::kInvalidRequest, "mapping, column " + mapping.column + ": " + message,
                   mapping.field);
}

// Bytes of white space that `text` begins with, or ends with.
size_t SpaceAtStart(std::string_view text) {
  if (text.starts_with(kIdeographicSpace)) return kIdeographicSpace.size();
  if (text.starts_with(kNoBreakSpace)) return kNoBreakSpace.size();
  return !text.empty() && kAsciiSpace.find(text.front()) != std::string_view::npos ? 1 : 0;
}

size_t SpaceAtEnd(std::string_view text) {
  if (text.ends_with(kIdeographicSpace)) return kIdeographicSpace.size();
  if (text.ends_with(kNoBreakSpace)) return kNoBreakSpace.size();
  return !text.empty() && kAsciiSpace.find(text.back()) != std::string_view::npos ? 1 : 0;
}

std::string_view Trimmed(std::string_view text) {
  while (const size_t space = SpaceAtStart(text)) text.remove_prefix(space);
  while (const size_t space = SpaceAtEnd(text)) text.remove_suffix(space);
  return text;
}

}  // namespace

absl::StatusOr<Conversion> Conversion::Make(const ColumnMapping& mapping, const FieldSchema& field) {
  Conversion conversion(mapping, field);
  if (!mapping.dates.empty() && field.type != FIELD_TYPE_DATE && field.type != FIELD_TYPE_TIMESTAMP) {
    return MappingError(mapping, "the field is no date and no timestamp; leave \"date\" out");
  }
  for (const std::string& pattern : mapping.dates) {
    const std::string problem = pattern == kSerialNumbers ? "" : DatePatternProblem(pattern);
    if (!problem.empty()) return MappingError(mapping, problem);
  }
  RETURN_IF_ERROR(conversion.ChooseUnits(field));
  return conversion;
}

absl::Status Conversion::ChooseUnits(const FieldSchema& field) {
  if (mapping_.unit.empty() && mapping_.to.empty()) return absl::OkStatus();
  if (field.type == FIELD_TYPE_MONEY) {
    // The text of money is in yuan, whatever payloads count.
    unit_ = "yuan";
    scale_ = kYuanScale;
  } else if (field.type == FIELD_TYPE_INTEGER || field.type == FIELD_TYPE_DECIMAL) {
    unit_ = field.unit.empty() ? mapping_.to : field.unit;
    scale_ = field.scale;
  } else {
    return MappingError(mapping_, "units go with integers, decimals and money");
  }
  if (!mapping_.to.empty() && mapping_.to != unit_)
    return MappingError(mapping_, "\"to\" has to be the unit of the field, " + unit_);
  if (mapping_.unit.empty()) return MappingError(mapping_, "\"to\" needs a \"unit\" beside it");
  if (unit_.empty())
    return MappingError(mapping_, "the field declares no unit: say by \"to\" which one it is in");
  if (std::string problem = UnitProblem(mapping_.unit, unit_); !problem.empty())
    return MappingError(mapping_, problem);
  return absl::OkStatus();
}

absl::StatusOr<std::string> Conversion::Apply(std::string_view text) const {
  if (mapping_.trim) text = Trimmed(text);
  if (!mapping_.values.empty() && !text.empty()) {
    const auto found = mapping_.values.find(std::string(text));
    if (found == mapping_.values.end()) {
      return MakeError(Reason::kFieldInvalid,
                       "the mapping does not have this value; add it under \"values\"");
    }
    text = found->second;
  }
  if (text.empty()) return std::string();
  if (!unit_.empty()) return ConvertUnit(text, mapping_.unit, unit_, scale_);
  return mapping_.dates.empty() ? std::string(text) : ApplyDates(text);
}

// What is already written as the platform does, such as a date of a workbook, needs no pattern.
absl::StatusOr<std::string> Conversion::ApplyDates(std::string_view text) const {
  const bool with_time = type_ == FIELD_TYPE_TIMESTAMP;
  if (with_time ? ParseInstant(text).has_value() : ParseDay(text).has_value()) return std::string(text);
  for (const std::string& pattern : mapping_.dates) {
    if (pattern != kSerialNumbers) {
      if (auto date = DateByPattern(text, pattern, with_time)) return *std::move(date);
    } else if (const auto date = DateText(text, with_time, false); date.ok()) {
      return *date;
    }
  }
  return MakeError(Reason::kFieldInvalid, "the date is not written as the mapping says");
}

std::string Conversion::Description() const {
  std::string text = mapping_.trim ? "trimmed" : "";
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (!unit_.empty()) add(mapping_.unit + " to " + unit_);
  for (const std::string& pattern : mapping_.dates) add("date " + pattern);
  if (!mapping_.values.empty()) add(std::to_string(mapping_.values.size()) + " values");
  return text;
}

}  // namespace hangou
