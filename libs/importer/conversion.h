// From the value of a file to the value of a field, as a mapping says.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/importer/mapping.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// Immutable, thread-safe.
class Conversion {
 public:
  // INVALID_REQUEST where the mapping does not suit the field.
  static absl::StatusOr<Conversion> Make(const ColumnMapping& mapping, const FieldSchema& field);
  // The value for the field. FIELD_INVALID, without the value, where it cannot be converted. What is empty stays so.
  absl::StatusOr<std::string> Apply(std::string_view text) const;
  // What it does, for people: "wan_yuan to yuan"; empty where nothing.
  std::string Description() const;

 private:
  Conversion(const ColumnMapping& mapping, const FieldSchema& field) : mapping_(mapping), type_(field.type) {}
  absl::Status ChooseUnits(const FieldSchema& field);
  absl::StatusOr<std::string> ApplyDates(std::string_view text) const;

  const ColumnMapping mapping_;
  const FieldType type_;
  std::string unit_;  // of the field; empty: no conversion
  uint32_t scale_ = 0;
};

}  // namespace hangou
