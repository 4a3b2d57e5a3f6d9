// Values as people write them, to and from payloads: for CSV and NDJSON, tables and JSON.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/schema/walker.h"

namespace hangou {

// Appends a field in wire format from its text: text and identifiers as they are, integer "42", decimal "12.50",
// money in yuan "1234.50", date "2026-01-31", timestamp as ParseInstant reads it, bool "true" or "false", geometry
// as GeometryFromText reads it. FIELD_INVALID, without the value, where the text is not of the type. An empty text
// appends nothing.
absl::Status EncodeField(const FieldSchema& field, std::string_view text, std::string* payload);

// The same for an int64 value of a number-like type, and for text: what EncodeField does behind the parsing.
void AppendScalarField(const FieldSchema& field, int64_t value, std::string* payload);
void AppendTextField(uint32_t number, std::string_view text, std::string* payload);

// The text of a field, the inverse of EncodeField.
std::string DecodeField(const FieldSchema& field, const FieldSlice& slice);

// The int64 that a number-like text stands for, in the unit of the payload.
absl::StatusOr<int64_t> ParseScalar(FieldType type, uint32_t scale, std::string_view text);
// The text of such a value.
std::string FormatScalar(FieldType type, uint32_t scale, int64_t value);

}  // namespace hangou
