#include "tools/hangou/row_encoder.h"

#include <charconv>
#include <set>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/schema/text_codec.h"

namespace hangou {

using hangou::record::v1::Record;

namespace {

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

int RowEncoder::TargetOf(const std::string& name) const {
  if (name == "@version") return kVersion;
  if (name == "@generation") return kGeneration;
  if (name == "@event_time") return kEventTime;
  if (name == "@line" || name == "@reason" || name == "@field" || name == "@message") return kPassedOver;
  if (const int index = schema_->IndexOfName(name); index >= 0) return index;
  int found = kUnknown;
  for (size_t i = 0; i < schema_->fields().size(); ++i) {
    if (schema_->fields()[i].title != name) continue;
    if (found >= 0) return kUnknown;  // two fields have this title
    found = static_cast<int>(i);
  }
  return found;
}

absl::StatusOr<RowEncoder> RowEncoder::Make(std::shared_ptr<const ResourceSchema> schema,
                                            const std::vector<std::string>& columns) {
  RowEncoder encoder(std::move(schema));
  std::set<int> seen;
  for (const std::string& column : columns) {
    const int target = encoder.TargetOf(column);
    if (target == kUnknown) {
      return MakeError(Reason::kFieldUnknown,
                       "column " + column + " is no field of " + encoder.schema_->name() +
                           "; see `hangou describe resource " + encoder.schema_->name() + "`");
    }
    if (target != kPassedOver && !seen.insert(target).second) {
      return MakeError(Reason::kInvalidRequest, "two columns are the same field, one of them is " + column);
    }
    encoder.targets_.push_back(target);
  }
  return encoder;
}

absl::Status RowEncoder::EncodeCell(int target, const std::string& text, Record* record) const {
  if (text.empty()) return absl::OkStatus();
  if (target >= 0) return EncodeField(schema_->fields()[target], text, record->mutable_payload());
  if (target == kEventTime) return SetEventTime(text, record);
  if (target == kVersion) {
    ASSIGN_OR_RETURN(const uint64_t version, ParseCount(text, "@version"));
    record->set_source_version(version);
  } else if (target == kGeneration) {
    ASSIGN_OR_RETURN(const uint64_t generation, ParseCount(text, "@generation"));
    record->set_generation(generation);
  }
  return absl::OkStatus();
}

bool RowEncoder::Encode(const Row& row, Record* record, RowProblem* problem) const {
  if (!row.error.empty()) return Refuse(Reason::kPayloadMalformed, row.error_field, row.error, problem);
  record->Clear();
  record->set_schema_revision(schema_->schema_revision());
  for (size_t i = 0; i < row.values.size(); ++i) {
    const int target = row.names.empty() ? targets_[i] : TargetOf(row.names[i]);
    if (target == kUnknown) {
      return Refuse(Reason::kFieldUnknown, row.names[i], "remove the field: the resource does not have it",
                    problem);
    }
    const absl::Status status = EncodeCell(target, row.values[i], record);
    if (!status.ok()) {
      const std::string& name = target >= 0 ? schema_->fields()[target].name : FieldOf(status);
      return Refuse(ReasonOf(status).value_or(Reason::kFieldInvalid), name, std::string(Message(status)),
                    problem);
    }
  }
  return true;
}

}  // namespace hangou
