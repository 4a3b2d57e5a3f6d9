// What holds for every text of a field. Used by the property test and by libFuzzer.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/text.h"
#include "libs/schema/text_codec.h"
#include "tests/fuzz/random_resource.h"

namespace hangou::fuzz {

// One field of every type, the decimals with every scale.
inline const ResourceSchema& EveryType() {
  static const auto kSchema = [] {
    hangou::catalog::v1::Resource resource = RandomResource(0);
    resource.clear_fields();
    const auto add = [&](int type, uint32_t scale) {
      hangou::catalog::v1::Field* field = resource.add_fields();
      field->set_number(static_cast<uint32_t>(resource.fields_size()));
      field->set_name("f" + std::to_string(resource.fields_size() - 1));
      field->set_type(static_cast<FieldType>(type));
      field->set_scale(scale);
      if (field->type() == hangou::catalog::v1::FIELD_TYPE_CODE) field->set_code_list("codes");
    };
    add(hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID, 0);
    // A geometry has many texts, and is rounded in its own.
    for (int type = 1; type < hangou::catalog::v1::FIELD_TYPE_POINT; ++type) add(type, 0);
    for (uint32_t scale = 1; scale <= 9; ++scale) add(hangou::catalog::v1::FIELD_TYPE_DECIMAL, scale);
    return *ResourceSchema::Compile(resource, CodeList);
  }();
  return *kSchema;
}

// What is wrong with a field that was written as `payload`; "" where nothing is. `text` becomes its text.
inline std::string ReadBack(const std::string& payload, std::string* text) {
  std::vector<FieldSlice> slices;
  if (!WalkPayload(EveryType(), payload, &slices).ok()) return "the walker refuses what the codec writes";
  if (slices.size() != 1) return "the codec writes other than one field";
  *text = DecodeField(EveryType().fields()[static_cast<size_t>(slices[0].index)], slices[0]);
  return "";
}

// A text is refused, or has a canonical text with the same bytes, which stays as it is.
inline std::string CheckText(size_t index, std::string_view text) {
  const FieldSchema& field = EveryType().fields()[index % EveryType().fields().size()];
  std::string payload;
  if (!EncodeField(field, text, &payload).ok()) return payload.empty() ? "" : "a refusal that writes";
  if (payload.size() > limits::kRecordBytes) return "";
  if (text.empty()) return payload.empty() ? "" : "an empty text writes something";
  std::string canonical;
  if (std::string wrong = ReadBack(payload, &canonical); !wrong.empty()) return wrong;
  if (field.is_text()) return canonical == text ? "" : "a text comes back as another";
  // The offset of an instant may carry it out of the years that a text can say.
  if (field.min && field.type == hangou::catalog::v1::FIELD_TYPE_TIMESTAMP) {
    const auto value = ParseInstant(text);
    if (!value || *value < *field.min || *value > *field.max) return "";
  }
  std::string again;
  if (!EncodeField(field, canonical, &again).ok()) return "the canonical text is refused";
  return again == payload ? "" : "the canonical text stands for another value";
}

// A value has a text that stands for it.
inline std::string CheckScalar(size_t index, int64_t value) {
  const FieldSchema& field = EveryType().fields()[index % EveryType().fields().size()];
  if (field.is_text()) return "";
  if (field.type == hangou::catalog::v1::FIELD_TYPE_BOOL) value &= 1;
  if (field.min && value < *field.min) value = *field.min;
  if (field.max && value > *field.max) value = *field.max;
  std::string payload;
  AppendScalarField(field, value, &payload);
  std::string text;
  if (std::string wrong = ReadBack(payload, &text); !wrong.empty()) return wrong;
  const auto parsed = ParseScalar(field.type, field.scale, text);
  return parsed.ok() && *parsed == value ? "" : "a value comes back as another";
}

}  // namespace hangou::fuzz
