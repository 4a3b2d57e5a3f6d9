// Formulas, compiled against the types of what they name, and evaluated.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/comparison/expression.h"
#include "libs/comparison/parameters.h"
#include "libs/comparison/value.h"

namespace hangou {

// What a name stands for: a slot of the frame that a formula is evaluated over, or a parameter.
struct Symbol {
  ValueType type;
  int slot = -1;
  int parameter = -1;  // index into the set of parameters
};

// The names that a formula may use.
class FormulaScope {
 public:
  virtual ~FormulaScope() = default;
  // What a name is, behind a side or alone; none where there is none.
  virtual std::optional<Symbol> Find(std::string_view side, std::string_view name) const = 0;
  // The slot with the number of rows of a side, which present(SIDE) looks at.
  virtual std::optional<int> FindRows(std::string_view side) const = 0;
};

// What a formula is evaluated over. The pointers outlive the evaluation.
struct Frame {
  const Value* slots = nullptr;
  const ParameterSet* parameters = nullptr;
  int32_t rates_day = 0;  // the day whose parameters count
};

// A compiled formula. Immutable, thread-safe.
//
// Numbers are exact. A sum has as many digits behind the point as the longer of its numbers, a product as many as
// both together; what has more than 18 must be rounded before. A division is written inside the function that
// rounds it: floor(a / b), round(a / b, 2), and is exact until then. Addition and comparison want equal units; a
// product has the product of the units. Missing with anything is missing, withheld with anything is withheld;
// "false and missing" is false, "true or missing" is true.
class Formula {
 public:
  // Compiles what was parsed. INVALID_OBJECT with the column: unknown names and functions, types, units, digits.
  static absl::StatusOr<Formula> Compile(const FormulaPart& part, const FormulaScope& scope,
                                         const ParameterSet& parameters);

  const ValueType& type() const { return type_; }
  // The value. A text in it is a view of a slot's text or of the formula.
  Value Evaluate(const Frame& frame) const { return Run(root_, frame); }
  // Slots that it looks at, ascending.
  std::vector<int> Slots() const;
  // Those of them whose values it may give as they are, perhaps rounded or without their sign; ascending.
  std::vector<int> PassedSlots() const;
  // True where it cannot hold while `slot` is missing, whatever the other slots have.
  bool NeedsSlot(int slot) const { return CannotHoldWithout(root_, slot); }
  // Slots of numbers of rows, that present(SIDE) looks at: it is false where one of `needed` is 0, and where one of
  // `excluded` is more, whatever the other slots have.
  struct RowsDemanded {
    std::vector<int> needed, excluded;
  };
  RowsDemanded DemandedRows() const;
  // Parameters that it looks at, ascending.
  std::vector<int> UsedParameters() const;

 private:
  friend class FormulaCompiler;
  friend class LaneFormula;

  enum class Op : uint8_t {
    kConstant,
    kSlot,
    kParameter,
    kPresent,
    kRowsPresent,
    kDefault,
    kIf,
    kAnd,
    kOr,
    kNot,
    kCompare,
    kCompareText,
    kAdd,
    kSubtract,
    kMultiply,
    kNegate,
    kScaleUp,
    kRound,
    kDivide,
    kLeast,
    kGreatest,
    kAbsolute,
    kPeriod,
    kFirstDay,
    kLastDay,
    kLeft,
  };
  enum class Rounding : uint8_t { kFloor, kCeil, kHalfUp, kHalfEven };
  // One step; its arguments are other steps.
  struct Step {
    Op op;
    Rounding rounding = Rounding::kFloor;
    Form form = Form::kEqual;             // of kCompare
    ValueKind from = ValueKind::kNumber;  // of kPeriod, kFirstDay, kLastDay
    ValueKind to = ValueKind::kNumber;    // of kPeriod
    uint16_t place = 0;
    int index = 0;  // slot, parameter, or a power of ten
    Wide constant = 0;
    std::string text;
    std::vector<int> arguments;
  };

  void AddPassed(int step, std::set<int>* slots) const;
  void AddDemanded(int step, RowsDemanded* demanded) const;
  bool IsMissingWithout(int step, int slot) const;
  bool CannotHoldWithout(int step, int slot) const;
  Value Run(int step, const Frame& frame) const;
  Value RunLogic(const Step& step, const Frame& frame) const;
  Value RunChoice(const Step& step, const Frame& frame) const;
  Value RunParameter(const Step& step, const Frame& frame) const;
  Value RunArithmetic(const Step& step, const Frame& frame) const;
  static Value Combine(const Step& step, const Value& a, const Value& b);
  static Value Convert(const Step& step, const Value& a);
  // A step of arithmetic with the values of its arguments; `b` is not looked at where there is one.
  Value RunOnNumbers(int step, int64_t a, int64_t b) const;
  Value RunOnText(int step, std::string_view text) const;

  std::vector<Step> steps_;
  int root_ = 0;
  ValueType type_;
};

}  // namespace hangou
