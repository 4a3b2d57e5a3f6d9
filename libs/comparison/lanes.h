// Evaluates formulas for many rows, or many keys, at once: what most of them need costs some nanoseconds each so.
//
// Numbers here have 64 bits. Where a value is neither a number nor missing (withheld, a fault, wider than 64 bits) it
// is unsure, and the row is evaluated by Formula::Evaluate, which knows them all.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "libs/comparison/formula.h"

namespace hangou {

enum class LaneState : uint8_t { kMissing = 0, kPresent = 1, kUnsure = 2 };

// Numbers, one per row. `states` is null where all of them are present. What is not present has any number.
struct NumberLane {
  const int64_t* numbers = nullptr;  // null: there is none
  const LaneState* states = nullptr;

  LaneState state(size_t row) const { return states == nullptr ? LaneState::kPresent : states[row]; }
};

// Texts: row i has texts[codes[i]]; the first of them where `codes` is null.
struct TextLane {
  std::span<const std::string_view> texts;  // empty: there are none
  const uint32_t* codes = nullptr;
  const LaneState* states = nullptr;

  uint32_t code(size_t row) const { return codes == nullptr ? 0 : codes[row]; }
  LaneState state(size_t row) const { return states == nullptr ? LaneState::kPresent : states[row]; }
};

// What formulas are evaluated over: lanes by slot.
struct LaneFrame {
  size_t rows = 0;
  std::vector<NumberLane> numbers;
  std::vector<TextLane> texts;
  const ParameterSet* parameters = nullptr;
  int32_t rates_day = 0;
  const int64_t* rates_days = nullptr;  // a day per row, instead of `rates_day`
};

// What a slot is in a LaneFrame.
enum class LaneKind : uint8_t { kNone, kNumber, kText };

// One formula with the space that it needs. Not thread-safe.
class LaneFormula {
 public:
  // None where the formula cannot be evaluated so: it names a slot that is kNone in `slots`. `formula` must outlive it.
  static std::optional<LaneFormula> Make(const Formula& formula, std::span<const LaneKind> slots);
  // Of a formula that names other slots too: the largest parts of it that name `own` ones only. None where something of
  // the rest may fail: divide by zero, overflow, be no period.
  static std::optional<std::vector<LaneFormula>> MakeParts(const Formula& formula,
                                                           std::span<const LaneKind> own);

  bool is_text() const { return is_text_; }
  // The values; of a formula that gives texts EvaluateText. They live until the next call, and as long as the frame.
  NumberLane Evaluate(const LaneFrame& frame) { return Run(root_, frame); }
  TextLane EvaluateText(const LaneFrame& frame) { return RunText(root_, frame); }
  // Slots that it looks at.
  std::vector<int> Slots() const { return formula_->Slots(); }

 private:
  using Op = Formula::Op;
  using Step = Formula::Step;
  // What a step gave.
  struct Space {
    std::vector<int64_t> numbers;
    std::vector<LaneState> states;
    std::vector<std::string_view> texts;
    std::vector<uint32_t> codes;
  };

  LaneFormula(const Formula& formula, int root, bool is_text, std::span<const LaneKind> slots);

  static bool IsNumber(const Formula& formula, int step, std::span<const LaneKind> slots);
  static bool IsText(const Formula& formula, int step, std::span<const LaneKind> slots);
  static bool AddParts(const Formula& formula, int step, std::span<const LaneKind> own,
                       std::vector<LaneFormula>* parts);
  const Step& StepAt(int step) const { return formula_->steps_[static_cast<size_t>(step)]; }
  Space& SpaceAt(int step) { return spaces_[static_cast<size_t>(step)]; }
  // Of a constant that only `present` looks at it does not matter which it is.
  bool GivesText(int step) const { return gives_text_[static_cast<size_t>(step)] != 0; }
  NumberLane Run(int step, const LaneFrame& frame);
  TextLane RunText(int step, const LaneFrame& frame);
  TextLane RunTextChoice(int step, const LaneFrame& frame);
  NumberLane RunConstant(int step, const LaneFrame& frame, int64_t number);
  NumberLane RunPresence(int step, const LaneFrame& frame);
  NumberLane RunLogic(int step, const LaneFrame& frame);
  NumberLane RunChoice(int step, const LaneFrame& frame);
  NumberLane RunExtreme(int step, const LaneFrame& frame);
  NumberLane RunCompareText(int step, const LaneFrame& frame);
  NumberLane RunParameter(int step, const LaneFrame& frame);
  NumberLane RunBinary(int step, const LaneFrame& frame);
  NumberLane RunUnary(int step, const LaneFrame& frame);
  NumberLane RunOfText(int step, const LaneFrame& frame);

  const Formula* formula_;
  int root_;
  bool is_text_;
  std::vector<Space> spaces_;
  std::vector<uint8_t> gives_text_;
};

}  // namespace hangou
