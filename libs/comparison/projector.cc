#include "libs/comparison/projector.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

// The fields of one resource by name.
class FieldScope final : public FormulaScope {
 public:
  FieldScope(const ResourceSchema& schema, std::vector<int>* slot_of_field)
      : schema_(schema), slot_of_field_(*slot_of_field) {}

  std::optional<Symbol> Find(std::string_view side, std::string_view name) const override {
    const int index = side.empty() ? schema_.IndexOfName(name) : -1;
    if (index < 0) return std::nullopt;
    const auto type = TypeOfField(schema_.fields()[static_cast<size_t>(index)]);
    if (!type) return std::nullopt;
    int& slot = slot_of_field_[static_cast<size_t>(index)];
    if (slot < 0) slot = count_++;
    return Symbol{*type, slot, -1};
  }
  std::optional<int> FindRows(std::string_view) const override { return std::nullopt; }
  int count() const { return count_; }

 private:
  const ResourceSchema& schema_;
  std::vector<int>& slot_of_field_;
  mutable int count_ = 0;
};

}  // namespace

std::optional<ValueType> TypeOfField(const FieldSchema& field) {
  switch (field.type) {
    case hangou::catalog::v1::FIELD_TYPE_MONEY:
      return ValueType{ValueKind::kNumber, 0, Unit::Base("fen"), false};
    case hangou::catalog::v1::FIELD_TYPE_INTEGER:
    case hangou::catalog::v1::FIELD_TYPE_DECIMAL: {
      const auto unit = ParseUnit(field.unit);
      if (!unit || unit->factor != 1) return std::nullopt;
      return ValueType{ValueKind::kNumber, static_cast<int>(field.scale), unit->unit, false};
    }
    case hangou::catalog::v1::FIELD_TYPE_DATE:
    case hangou::catalog::v1::FIELD_TYPE_TIMESTAMP:
      return ValueType{ValueKind::kDate, 0, Unit(), false};
    case hangou::catalog::v1::FIELD_TYPE_BOOL:
      return ValueType{ValueKind::kBoolean, 0, Unit(), false};
    default:
      if (field.is_geometry() || !field.is_text()) return std::nullopt;
      return ValueType{ValueKind::kText, 0, Unit(), false};
  }
}

ProjectionShape ShapeOf(const CompiledRule& rule, size_t side, size_t resource) {
  const CompiledSide& of = rule.sides()[side];
  const auto& declared = rule.declared().sides(static_cast<int>(side));
  ProjectionShape shape;
  shape.resource = declared.resources(static_cast<int>(resource));
  for (size_t i = 0; i < of.key.size(); ++i) {
    shape.key_kinds.push_back(rule.key_kinds()[i]);
    shape.key.push_back(declared.key(static_cast<int>(i)).text());
  }
  for (const SideColumn& column : of.columns) shape.fields.push_back(column.field);
  std::sort(shape.fields.begin(), shape.fields.end());
  return shape;
}

absl::StatusOr<std::unique_ptr<Projector>> Projector::Make(const ProjectionShape& shape,
                                                           std::shared_ptr<const ResourceSchema> schema) {
  std::unique_ptr<Projector> projector(new Projector());
  projector->key_kinds_ = shape.key_kinds;
  projector->column_of_field_.assign(schema->fields().size(), -1);
  projector->slot_of_field_.assign(schema->fields().size(), -1);
  for (const std::string& field : shape.fields) {
    const int index = schema->IndexOfName(field);
    const auto type = index < 0 ? std::nullopt : TypeOfField(schema->fields()[static_cast<size_t>(index)]);
    if (!type)
      return MakeError(Reason::kInvalidObject, shape.resource + " has no field " + field + " for formulas");
    projector->column_of_field_[static_cast<size_t>(index)] = static_cast<int>(projector->columns_.size());
    projector->columns_.push_back({field, type->kind == ValueKind::kText});
  }
  const FieldScope scope(*schema, &projector->slot_of_field_);
  for (const std::string& text : shape.key) {
    ASSIGN_OR_RETURN(const auto part, ParseFormula(text));
    ASSIGN_OR_RETURN(Formula formula, Formula::Compile(*part, scope, ParameterSet()));
    projector->key_.push_back(std::move(formula));
  }
  projector->frame_.resize(static_cast<size_t>(scope.count()));
  projector->schema_ = std::move(schema);
  return projector;
}

absl::StatusOr<bool> Projector::Project(std::string_view payload, std::string* key,
                                        std::vector<Cell>* cells) {
  RETURN_IF_ERROR(WalkPayload(*schema_, payload, &slices_));
  cells->assign(columns_.size(), Cell());
  for (Value& value : frame_) value = Value();
  for (const FieldSlice& slice : slices_) {
    const auto index = static_cast<size_t>(slice.index);
    const FieldSchema& field = schema_->fields()[index];
    const int64_t number =
        field.type == hangou::catalog::v1::FIELD_TYPE_TIMESTAMP ? DayInChina(slice.scalar) : slice.scalar;
    const bool text = field.is_text();
    if (const int column = column_of_field_[index]; column >= 0)
      (*cells)[static_cast<size_t>(column)] = {true, text ? 0 : number,
                                               text ? slice.text : std::string_view()};
    if (const int slot = slot_of_field_[index]; slot >= 0)
      frame_[static_cast<size_t>(slot)] = text ? TextValue(slice.text) : NumberValue(number);
  }
  key->clear();
  const Frame frame{frame_.data(), nullptr, 0};
  for (size_t i = 0; i < key_.size(); ++i) {
    if (!AppendKeyPart(key_kinds_[i], key_[i].Evaluate(frame), key)) return false;
  }
  return true;
}

}  // namespace hangou
