#include "tools/hangou/record_view.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/schema/text_codec.h"
#include "libs/schema/walker.h"

namespace hangou {

using hangou::record::v1::Decision;
using hangou::record::v1::FieldBasis;
using hangou::record::v1::Record;
using nlohmann::ordered_json;

namespace {

bool Contains(const google::protobuf::RepeatedField<uint32_t>& numbers, uint32_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

std::vector<int> ShownFields(const ResourceSchema& schema, const Decision& decision) {
  std::vector<int> shown;
  for (size_t i = 0; i < schema.fields().size(); ++i) {
    if (!Contains(decision.withheld(), schema.fields()[i].number)) shown.push_back(static_cast<int>(i));
  }
  return shown;
}

const FieldBasis* BasisOf(const Decision& decision, uint32_t number) {
  for (const FieldBasis& basis : decision.basis()) {
    if (basis.field() == number) return &basis;
  }
  return nullptr;
}

// A field of a later schema is known by its number only.
std::string FieldLabel(const ResourceSchema& schema, uint32_t number) {
  const int index = schema.IndexOfNumber(number);
  if (index < 0) return "field " + std::to_string(number);
  return schema.fields()[index].name + " " + schema.fields()[index].title;
}

ordered_json FieldJson(const ResourceSchema& schema, const Decision& decision, uint32_t number) {
  ordered_json field;
  field["number"] = number;
  if (const int index = schema.IndexOfNumber(number); index >= 0) {
    field["field"] = schema.fields()[index].name;
    field["title"] = schema.fields()[index].title;
  }
  if (const FieldBasis* basis = BasisOf(decision, number); basis != nullptr) {
    field["reason"] = basis->reason();
    if (!basis->entry().empty()) field["entry"] = basis->entry();
    if (!basis->legal_basis().empty()) field["legal_basis"] = basis->legal_basis();
  }
  return field;
}

ordered_json ValueJson(const FieldSchema& field, const FieldSlice& slice) {
  if (field.type == hangou::catalog::v1::FIELD_TYPE_INTEGER) return slice.scalar;
  if (field.type == hangou::catalog::v1::FIELD_TYPE_BOOL) return slice.scalar != 0;
  return DecodeField(field, slice);
}

std::string Lines(const ResourceSchema& schema, const Decision& decision, std::string_view word,
                  const google::protobuf::RepeatedField<uint32_t>& numbers) {
  std::string text;
  for (const uint32_t number : numbers) {
    text += std::string(word) + ": " + FieldLabel(schema, number);
    const FieldBasis* basis = BasisOf(decision, number);
    const std::string why = basis == nullptr ? "" : BasisText(*basis, word == "masked");
    if (!why.empty()) text += " (" + why + ")";
    text += "\n";
  }
  return text;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> FieldTexts(const ResourceSchema& schema, const Record& record) {
  std::vector<FieldSlice> slices;
  RETURN_IF_ERROR(WalkPayload(schema, record.payload(), &slices));
  std::vector<std::string> texts(schema.fields().size());
  for (const FieldSlice& slice : slices)
    texts[slice.index] = DecodeField(schema.fields()[slice.index], slice);
  return texts;
}

RecordTable::RecordTable(const ResourceSchema& schema, const Decision& decision)
    : schema_(schema), shown_(ShownFields(schema, decision)), table_(Head(schema, shown_)) {}

std::vector<std::string> RecordTable::Head(const ResourceSchema& schema, const std::vector<int>& shown) {
  std::vector<std::string> head = {"主体"};
  if (!schema.record_key_indexes().empty()) head.emplace_back("记录");
  for (const int index : shown) head.push_back(schema.fields()[index].title);
  return head;
}

absl::Status RecordTable::Add(const Record& record) {
  ASSIGN_OR_RETURN(const std::vector<std::string> texts, FieldTexts(schema_, record));
  std::vector<std::string> row = {record.owner().id()};
  if (!schema_.record_key_indexes().empty()) row.push_back(record.record_key());
  for (const int index : shown_) row.push_back(texts[index].empty() ? "-" : texts[index]);
  table_.AddRow(std::move(row));
  return absl::OkStatus();
}

std::string RecordTable::ToText(size_t columns) const {
  return table_.width() > columns ? table_.ToBlocks() : table_.ToText();
}

absl::StatusOr<ordered_json> RecordJson(const ResourceSchema& schema, const Record& record) {
  std::vector<FieldSlice> slices;
  RETURN_IF_ERROR(WalkPayload(schema, record.payload(), &slices));
  ordered_json json;
  json["resource"] = record.resource().empty() ? schema.name() : record.resource();
  json["owner"] = {{"kind", std::string(EntityKindName(schema.owner_kind()))}, {"id", record.owner().id()}};
  if (!record.record_key().empty()) json["record_key"] = record.record_key();
  json["fields"] = ordered_json::object();
  for (const FieldSlice& slice : slices) {
    const FieldSchema& field = schema.fields()[slice.index];
    json["fields"][field.name] = ValueJson(field, slice);
  }
  if (record.has_provenance()) {
    const auto& provenance = record.provenance();
    const auto& received = provenance.received_time();
    json["provider"] = provenance.provider();
    json["received"] = FormatInstant(received.seconds() * kUsPerSecond + received.nanos() / 1000);
    json["revision"] = provenance.revision();
    json["position"] = PositionText(provenance.position());
  }
  return json;
}

std::string DecisionText(const ResourceSchema& schema, const Decision& decision) {
  return Lines(schema, decision, "masked", decision.masked()) +
         Lines(schema, decision, "withheld", decision.withheld());
}

ordered_json DecisionJson(const ResourceSchema& schema, const Decision& decision) {
  ordered_json json;
  json["epoch"] = decision.epoch();
  json["masked"] = ordered_json::array();
  json["withheld"] = ordered_json::array();
  for (const uint32_t number : decision.masked())
    json["masked"].push_back(FieldJson(schema, decision, number));
  for (const uint32_t number : decision.withheld())
    json["withheld"].push_back(FieldJson(schema, decision, number));
  return json;
}

std::string BasisText(const FieldBasis& basis, bool given) {
  // What is given under a mask is given by a grant, although not in full.
  const bool grant = given && basis.reason() == ReasonName(Reason::kNoGrant) && !basis.entry().empty();
  std::string text = grant ? "grant" : basis.reason();
  if (!basis.entry().empty()) text += (text.empty() ? "" : " ") + basis.entry();
  if (!basis.legal_basis().empty()) text += (text.empty() ? "" : ": ") + basis.legal_basis();
  return text;
}

std::string PositionText(const hangou::record::v1::Position& position) {
  return position.topic() + "/" + std::to_string(position.partition()) + "@" +
         std::to_string(position.offset());
}

}  // namespace hangou
