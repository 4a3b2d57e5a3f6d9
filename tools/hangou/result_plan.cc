#include "tools/hangou/result_plan.h"

#include "libs/base/status.h"
#include "libs/schema/owner.h"
#include "libs/schema/text_codec.h"

namespace hangou {
namespace {

namespace comparison_v1 = hangou::comparison::v1;
using hangou::record::v1::Record;

constexpr std::string_view kCluePrefix = "clues/";

std::string IdentityText(const std::string& owner_key, const std::string& record_key) {
  return owner_key + '\0' + record_key;
}

}  // namespace

absl::Status ResultPlan::AddRow(const comparison_v1::ResultRow& row, int64_t now_us) {
  if (row.erased()) {
    erased_.insert(row.clue());
    return absl::OkStatus();
  }
  const auto refuse = [&](std::string reason, std::string message) {
    refused_.insert(row.clue());
    problems_.push_back({row.clue(), std::move(reason), std::move(message)});
    return absl::OkStatus();
  };
  std::string payload;
  for (size_t i = 0; i < fields_.size() && i < static_cast<size_t>(row.values_size()); ++i) {
    const int index = schema_->IndexOfName(fields_[i]);
    if (index < 0)
      return MakeError(Reason::kFieldUnknown, "the resource has no field " + fields_[i] + " any more",
                       fields_[i]);
    const std::string& value = row.values(static_cast<int>(i));
    if (value.empty()) continue;
    const absl::Status encoded = EncodeField(schema_->fields()[static_cast<size_t>(index)], value, &payload);
    if (!encoded.ok())
      return refuse(std::string(ReasonName(ReasonOf(encoded).value_or(Reason::kFieldInvalid))),
                    fields_[i] + ": " + std::string(Message(encoded)));
  }
  AdmittedRecord admitted;
  if (!AdmitPayload(*schema_, payload, now_us, &slices_, &admitted, &violations_))
    return refuse(std::string(ReasonName(violations_.front().reason)),
                  violations_.front().field + ": " + violations_.front().message);
  const auto [entry, is_new] =
      wanted_.try_emplace(IdentityText(admitted.owner_key, admitted.record_key),
                          Wanted{row.clue(), std::move(admitted.payload), false, false});
  if (!is_new)
    return refuse(
        std::string(ReasonName(Reason::kVersionConflict)),
        entry->second.clue + " makes the same record: let the record key of the resource tell them apart");
  return absl::OkStatus();
}

std::string ResultPlan::ClueOf(const std::string& payload) {
  if (!WalkPayload(*schema_, payload, &slices_).ok()) return "";
  for (const FieldSlice& slice : slices_) {
    if (slice.index == clue_index_ && slice.text.substr(0, kCluePrefix.size()) == kCluePrefix)
      return std::string(slice.text);
  }
  return "";
}

absl::Status ResultPlan::AddStanding(const Record& record, int64_t now_us) {
  ASSIGN_OR_RETURN(const std::string owner, NormalizeOwner(*schema_, record.owner(), now_us));
  const auto wanted =
      wanted_.find(IdentityText(CanonicalKey(schema_->owner_kind(), owner), record.record_key()));
  if (wanted != wanted_.end()) {
    wanted->second.stands = true;
    wanted->second.stands_so = wanted->second.payload == record.payload();
    ++(wanted->second.stands_so ? unchanged_ : changed_);
    return absl::OkStatus();
  }
  const std::string clue = ClueOf(record.payload());
  if (clue.empty()) {
    ++foreign_;
    return absl::OkStatus();
  }
  // What its clue says now is not taken; what it said stays until it is.
  if (refused_.contains(clue)) return absl::OkStatus();
  auto& gone = erased_.contains(clue) ? erases_ : deletes_;
  hangou::base_library::v1::RecordName& name = gone.emplace_back();
  *name.mutable_owner() = record.owner();
  name.set_record_key(record.record_key());
  return absl::OkStatus();
}

std::vector<ResultPlan::Send> ResultPlan::TakeSends() {
  std::vector<Send> sends;
  for (auto& [identity, wanted] : wanted_) {
    if (wanted.stands_so) continue;
    Send& send = sends.emplace_back();
    send.clue = wanted.clue;
    send.is_change = wanted.stands;
    send.record.set_schema_revision(schema_->schema_revision());
    send.record.set_payload(wanted.payload);
  }
  return sends;
}

}  // namespace hangou
