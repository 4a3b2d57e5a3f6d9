#include "libs/importer/row_encoder.h"

#include <charconv>
#include <cstring>
#include <set>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/schema/text_codec.h"

namespace hangou {

using hangou::record::v1::Record;

namespace {

constexpr std::string_view kMidnight = " 00:00:00";

absl::StatusOr<uint64_t> ParseCount(const std::string& text, const std::string& column) {
  uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    return MakeError(Reason::kFieldInvalid, "give a number from 0 on", column);
  }
  return value;
}

absl::Status SetEventTime(const std::string& text, Record* record) {
  const std::optional<int64_t> time_us = ParseInstant(text);
  if (!time_us)
    return MakeError(Reason::kFieldInvalid, "give a time such as 2026-01-31T08:00:00+08:00", "@event_time");
  // The nanoseconds of a protobuf timestamp count upwards, before 1970 too.
  const int64_t below_us = (*time_us % kUsPerSecond + kUsPerSecond) % kUsPerSecond;
  record->mutable_event_time()->set_seconds((*time_us - below_us) / kUsPerSecond);
  record->mutable_event_time()->set_nanos(static_cast<int32_t>(below_us) * 1000);
  return absl::OkStatus();
}

bool Refuse(Reason reason, const std::string& field, const std::string& message, RowProblem* problem) {
  *problem = {std::string(ReasonName(reason)), field, message};
  return false;
}

}  // namespace

int RowEncoder::TargetOf(const ResourceSchema& schema, const std::string& name) {
  if (name == "@version") return kVersion;
  if (name == "@generation") return kGeneration;
  if (name == "@event_time") return kEventTime;
  if (name == "@line" || name == "@reason" || name == "@field" || name == "@message") return kPassedOver;
  const int index = IndexOfTitle(schema, name);
  return index >= 0 ? index : static_cast<int>(kUnknown);
}

absl::StatusOr<RowEncoder> RowEncoder::Make(std::shared_ptr<const ResourceSchema> schema,
                                            const std::vector<std::string>& columns,
                                            const ImportMapping& mapping) {
  RowEncoder encoder(std::move(schema));
  RETURN_IF_ERROR(encoder.AddMapping(mapping));
  RETURN_IF_ERROR(encoder.AddColumns(columns));
  RETURN_IF_ERROR(encoder.AddConstants(mapping));
  return encoder;
}

absl::Status RowEncoder::AddMapping(const ImportMapping& mapping) {
  for (const ColumnMapping& rule : mapping.columns) {
    Column column{rule.column, kPassedOver, nullptr};
    if (!rule.field.empty()) {
      column.target = TargetOf(*schema_, rule.field);
      if (column.target == kUnknown) {
        return MakeError(Reason::kFieldUnknown, "mapping, column " + rule.column + ": " + schema_->name() +
                                                    " has no field " + rule.field);
      }
      static const FieldSchema kNoField;  // of the names with "@": only trimming and values suit it
      ASSIGN_OR_RETURN(
          Conversion conversion,
          Conversion::Make(rule, column.target >= 0 ? schema_->fields()[column.target] : kNoField));
      if (!conversion.Description().empty()) {
        column.conversion = std::make_shared<const Conversion>(std::move(conversion));
      }
    }
    mapped_[PlainTitle(rule.column)] = std::move(column);
  }
  return absl::OkStatus();
}

RowEncoder::Column RowEncoder::ColumnOf(const std::string& name) const {
  if (!mapped_.empty()) {
    const auto found = mapped_.find(PlainTitle(name));
    if (found != mapped_.end()) return {name, found->second.target, found->second.conversion};
  }
  return {name, TargetOf(*schema_, name), nullptr};
}

absl::Status RowEncoder::AddColumns(const std::vector<std::string>& columns) {
  std::set<int> seen;
  std::set<std::string> titles;
  for (const std::string& name : columns) {
    Column column = ColumnOf(name);
    if (column.target == kUnknown) {
      return MakeError(Reason::kFieldUnknown,
                       "column " + name + " is no field of " + schema_->name() +
                           ": name its field in a mapping, or let it be ignored there; see "
                           "`hangou describe resource " +
                           schema_->name() + "`");
    }
    if (column.target != kPassedOver && !seen.insert(column.target).second) {
      return MakeError(Reason::kInvalidRequest, "two columns are the same field, one of them is " + name);
    }
    titles.insert(PlainTitle(name));
    columns_.push_back(std::move(column));
  }
  for (const auto& [title, column] : mapped_) {
    if (columns.empty() || column.target == kPassedOver || titles.contains(title)) continue;
    return MakeError(Reason::kInvalidRequest,
                     "the file has no column " + column.name + ", which the mapping names");
  }
  return absl::OkStatus();
}

absl::Status RowEncoder::AddConstants(const ImportMapping& mapping) {
  for (const auto& [field, value] : mapping.constants) {
    const int index = schema_->IndexOfName(field);
    if (index < 0)
      return MakeError(Reason::kFieldUnknown, "mapping: " + schema_->name() + " has no field " + field);
    for (const std::vector<Column>* others : {&columns_, &constants_}) {
      for (const Column& other : *others) {
        if (other.target != index) continue;
        return MakeError(Reason::kInvalidRequest,
                         "mapping: the constant " + field + " has a column or stands twice");
      }
    }
    RETURN_IF_ERROR(EncodeField(schema_->fields()[index], value, &constant_payload_));
    constants_.push_back({field, index, nullptr});
  }
  return absl::OkStatus();
}

absl::Status RowEncoder::EncodeCell(const Column& column, const std::string& text, Record* record) const {
  if (text.empty() || column.target == kPassedOver) return absl::OkStatus();
  if (column.conversion == nullptr) return EncodeText(column.target, text, record);
  ASSIGN_OR_RETURN(const std::string converted, column.conversion->Apply(text));
  return converted.empty() ? absl::OkStatus() : EncodeText(column.target, converted, record);
}

absl::Status RowEncoder::EncodeText(int target, const std::string& text, Record* record) const {
  if (target >= 0) {
    const FieldSchema& field = schema_->fields()[target];
    // A workbook shows days with their midnight where somebody chose that format.
    if (field.type == hangou::catalog::v1::FIELD_TYPE_DATE && text.ends_with(kMidnight)) {
      return EncodeField(field, std::string_view(text).substr(0, text.size() - kMidnight.size()),
                         record->mutable_payload());
    }
    return EncodeField(field, text, record->mutable_payload());
  }
  if (target == kEventTime) return SetEventTime(text, record);
  ASSIGN_OR_RETURN(const uint64_t count, ParseCount(text, target == kVersion ? "@version" : "@generation"));
  target == kVersion ? record->set_source_version(count) : record->set_generation(count);
  return absl::OkStatus();
}

bool RowEncoder::Encode(const Row& row, Record* record, RowProblem* problem) const {
  if (!row.error.empty()) return Refuse(Reason::kPayloadMalformed, row.error_field, row.error, problem);
  record->Clear();
  record->set_schema_revision(schema_->schema_revision());
  if (!constant_payload_.empty()) record->set_payload(constant_payload_);
  for (size_t i = 0; i < row.values.size(); ++i) {
    const Column& column = row.names.empty() ? columns_[i] : ColumnOf(row.names[i]);
    if (column.target == kUnknown) {
      return Refuse(Reason::kFieldUnknown, row.names[i], "remove the field: the resource does not have it",
                    problem);
    }
    const absl::Status status = EncodeCell(column, row.values[i], record);
    if (!status.ok()) {
      const std::string& name = column.target >= 0 ? schema_->fields()[column.target].name : FieldOf(status);
      return Refuse(ReasonOf(status).value_or(Reason::kFieldInvalid), name, std::string(Message(status)),
                    problem);
    }
  }
  return true;
}

ColumnUse RowEncoder::UseOf(const Column& column) const {
  ColumnUse use{column.name, "", "", column.conversion == nullptr ? "" : column.conversion->Description()};
  if (column.target == kVersion) use.field = "@version";
  if (column.target == kGeneration) use.field = "@generation";
  if (column.target == kEventTime) use.field = "@event_time";
  if (column.target < 0) return use;
  const FieldSchema& field = schema_->fields()[column.target];
  use.field = field.name;
  std::string type = hangou::catalog::v1::FieldType_Name(field.type).substr(std::strlen("FIELD_TYPE_"));
  for (const char c : type) use.type.push_back(c == '_' ? '_' : static_cast<char>(c - 'A' + 'a'));
  if (!field.unit.empty()) use.type += ", " + field.unit;
  if (field.type == hangou::catalog::v1::FIELD_TYPE_MONEY) use.type += ", yuan";
  return use;
}

std::vector<ColumnUse> RowEncoder::Uses() const {
  std::vector<ColumnUse> uses;
  for (const Column& column : columns_) uses.push_back(UseOf(column));
  for (const Column& column : constants_) {
    uses.push_back(UseOf(column));
    uses.back().column = "";
    uses.back().conversion = "constant";
  }
  return uses;
}

}  // namespace hangou
