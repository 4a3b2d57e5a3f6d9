// From stored payloads to rows of a projection: the key that a rule compares by, and the columns that its formulas
// name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/columnar/segment.h"
#include "libs/comparison/formula.h"
#include "libs/comparison/key.h"
#include "libs/comparison/rule.h"
#include "libs/schema/walker.h"

namespace hangou {

// What a projection holds of a resource. Projections of one shape are one, whichever rules read them.
struct ProjectionShape {
  std::string resource;  // short name, "tax.deed"
  std::vector<KeyKind> key_kinds;
  std::vector<std::string> key;     // formulas over fields of the row
  std::vector<std::string> fields;  // names, ascending; those that the key is made of among them

  auto operator<=>(const ProjectionShape&) const = default;
};

// Makes rows. Used by one thread at a time.
class Projector {
 public:
  // INVALID_OBJECT where the schema does not have what the shape names.
  static absl::StatusOr<std::unique_ptr<Projector>> Make(const ProjectionShape& shape,
                                                         std::shared_ptr<const ResourceSchema> schema);

  // The columns, in the order of the shape's fields.
  const std::vector<ColumnSpec>& columns() const { return columns_; }
  // Makes the row of a payload: key and cells, whose texts are views of the payload. False where a part of the key is
  // missing, or no key can be made of it. DATA_LOSS where the payload is damaged.
  absl::StatusOr<bool> Project(std::string_view payload, std::string* key, std::vector<Cell>* cells);

 private:
  Projector() = default;

  std::shared_ptr<const ResourceSchema> schema_;
  std::vector<KeyKind> key_kinds_;
  std::vector<ColumnSpec> columns_;
  std::vector<int> column_of_field_;  // by field index; -1: none
  std::vector<int> slot_of_field_;    // in the frame of the key's formulas; -1: they do not name it
  std::vector<Formula> key_;
  std::vector<Value> frame_;
  std::vector<FieldSlice> slices_;
};

// The projection that a side of a rule reads one of its resources from.
ProjectionShape ShapeOf(const CompiledRule& rule, size_t side, size_t resource);

// The type of a field in formulas, none where it cannot stand in one: geometries, and units with a factor.
std::optional<ValueType> TypeOfField(const FieldSchema& field);

}  // namespace hangou
