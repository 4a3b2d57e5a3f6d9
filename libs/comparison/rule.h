// Rules, compiled against the schemas of the resources that they name.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/rule.pb.h"
#include "libs/comparison/formula.h"
#include "libs/comparison/key.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// Sides, resources of one, measures and values of a rule: what a person can still check.
constexpr int kRuleSides = 8;
constexpr int kSideResources = 16;
constexpr int kRuleMeasures = 32;
constexpr int kRuleValues = 64;
constexpr size_t kRuleNameBytes = 64;

// How rows of a side are gathered.
enum class Aggregate : uint8_t { kCount, kSum, kCountDistinct, kMin, kMax, kFirst, kLast, kExists };

// A measure, compiled.
struct CompiledMeasure {
  Aggregate aggregate = Aggregate::kCount;
  std::optional<Formula> value;  // what is gathered; none of a plain count
  std::optional<Formula> by;     // of first and last: what orders the rows
  int slot = -1;
};

// A column of a side: a field, by name, and where its value stands in the frame.
struct SideColumn {
  std::string field;
  ValueType type;
  int slot = -1;
};

// A side, compiled.
struct CompiledSide {
  std::string name;
  std::vector<std::shared_ptr<const ResourceSchema>> resources;
  std::vector<Formula> key;
  std::optional<Formula> filter;
  bool filter_needs_rows = false;  // it names measures of other sides, so that nothing can be left out before
  std::vector<CompiledMeasure> measures;
  std::vector<SideColumn> columns;  // that its formulas name
  int rows_slot = -1;
};

// A formula that has a slot of its own.
struct CompiledValue {
  std::string name;
  Formula formula;
  int slot = -1;
};

// A compiled rule. Immutable, thread-safe. All its formulas are evaluated over one frame: slots of the run, the key,
// the columns and measures of each side, values, totals.
class CompiledRule {
 public:
  // The schema of a resource by its short name ("tax.deed"), null where there is none.
  using SchemaOf = std::function<std::shared_ptr<const ResourceSchema>(const std::string& resource)>;

  // Compiles. INVALID_OBJECT with "rule NAME, line N, column M: ..." where something is wrong.
  static absl::StatusOr<std::shared_ptr<const CompiledRule>> Compile(
      const hangou::comparison::v1::ComparisonRule& declared, const SchemaOf& schema_of,
      std::shared_ptr<const ParameterSet> parameters);

  const hangou::comparison::v1::ComparisonRule& declared() const { return declared_; }
  const std::string& name() const { return declared_.name(); }
  const ParameterSet& parameters() const { return *parameters_; }
  const std::vector<KeyKind>& key_kinds() const { return key_kinds_; }
  const std::vector<CompiledSide>& sides() const { return sides_; }
  size_t slots() const { return types_.size(); }
  const ValueType& type_of(int slot) const { return types_[static_cast<size_t>(slot)]; }

  // Slots of the run: the as-of day, and its period where the rule has one (else -1).
  int as_of_slot() const { return as_of_slot_; }
  int period_slot() const { return period_slot_; }
  int key_slot() const { return key_slot_; }  // of the first part; the others follow
  // Parts of the key that every side and the second step have: keys that begin with other ones do not touch each other.
  size_t common_key_parts() const;
  const std::vector<CompiledValue>& values() const { return values_; }
  // The second step: how many parts of the key it goes by, 0 where there is none.
  size_t rollup_parts() const { return rollup_parts_; }
  const std::vector<CompiledMeasure>& total_measures() const { return total_measures_; }
  const std::vector<CompiledValue>& totals() const { return totals_; }
  const std::optional<Formula>& peer_group() const { return peer_group_; }
  const std::optional<Formula>& peer_value() const { return peer_value_; }
  int cut_off_slot() const { return cut_off_slot_; }
  const std::optional<Formula>& due() const { return due_; }
  const std::optional<Formula>& rates_on() const { return rates_on_; }
  const Formula& when() const { return *when_; }
  const std::optional<Formula>& amount() const { return amount_; }
  const std::optional<Formula>& subject() const { return subject_; }
  const std::optional<Formula>& division() const { return division_; }
  const std::optional<Formula>& tax_object() const { return tax_object_; }
  // What the formula that begins at a line and column is about, for reports: "line 12, column 5 (floor(a / b))".
  std::string Describe(const hangou::comparison::v1::Expression& expression, uint16_t column) const;

 private:
  friend class RuleCompiler;
  CompiledRule() = default;

  hangou::comparison::v1::ComparisonRule declared_;
  std::shared_ptr<const ParameterSet> parameters_;
  std::vector<ValueType> types_;
  std::vector<KeyKind> key_kinds_;
  std::vector<CompiledSide> sides_;
  std::vector<CompiledValue> values_;
  std::vector<CompiledMeasure> total_measures_;
  std::vector<CompiledValue> totals_;
  std::optional<Formula> peer_group_, peer_value_, due_, rates_on_, when_, amount_, subject_, division_,
      tax_object_;
  size_t rollup_parts_ = 0;
  int as_of_slot_ = -1;
  int period_slot_ = -1;
  int key_slot_ = -1;
  int cut_off_slot_ = -1;
};

}  // namespace hangou
