// From parsed formulas to typed steps.
#include <algorithm>
#include <array>
#include <set>

#include "libs/base/status.h"
#include "libs/comparison/formula.h"

namespace hangou {
namespace {

constexpr int kLeftCharacters = 64;

ValueType Plain(ValueKind kind) { return {kind, 0, Unit(), false}; }

// How a period is counted: what is added to it has this unit.
std::optional<std::string_view> CountUnit(ValueKind kind) {
  switch (kind) {
    case ValueKind::kDate:
      return "day";
    case ValueKind::kMonth:
      return "month";
    case ValueKind::kQuarter:
      return "quarter";
    case ValueKind::kYear:
      return "year";
    default:
      return std::nullopt;
  }
}

}  // namespace

// Compiles one formula. Not thread-safe.
class FormulaCompiler {
 public:
  FormulaCompiler(const FormulaScope& scope, const ParameterSet& parameters)
      : scope_(scope), parameters_(parameters) {}

  absl::StatusOr<Formula> Compile(const FormulaPart& part) {
    ASSIGN_OR_RETURN(const Typed root, Visit(part));
    formula_.root_ = root.step;
    formula_.type_ = root.type;
    return std::move(formula_);
  }

 private:
  using Op = Formula::Op;
  using Step = Formula::Step;
  using Rounding = Formula::Rounding;

  // A step and what it gives.
  struct Typed {
    int step = 0;
    ValueType type;
  };

  static absl::Status Error(const FormulaPart& part, const std::string& what) {
    return MakeError(Reason::kInvalidObject, "column " + std::to_string(part.column) + ": " + what);
  }
  Step& Add(Op op, const FormulaPart& part, std::vector<int> arguments) {
    Step& step = formula_.steps_.emplace_back();
    step.op = op;
    step.place = part.column;
    step.arguments = std::move(arguments);
    return step;
  }
  int last() const { return static_cast<int>(formula_.steps_.size()) - 1; }

  absl::StatusOr<Typed> Visit(const FormulaPart& part);
  absl::StatusOr<Typed> VisitNumber(const FormulaPart& part);
  absl::StatusOr<Typed> VisitName(const FormulaPart& part);
  absl::StatusOr<Typed> VisitLogic(const FormulaPart& part);
  absl::StatusOr<Typed> VisitComparison(const FormulaPart& part, Form form, const FormulaPart& left,
                                        const FormulaPart& right);
  absl::StatusOr<Typed> VisitIn(const FormulaPart& part);
  absl::StatusOr<Typed> VisitSum(const FormulaPart& part);
  absl::StatusOr<Typed> VisitProduct(const FormulaPart& part);
  absl::StatusOr<Typed> VisitCall(const FormulaPart& part);
  absl::StatusOr<Typed> VisitParameter(const FormulaPart& part, int parameter, const FormulaPart* code,
                                       const FormulaPart* day);
  absl::StatusOr<Typed> VisitPresent(const FormulaPart& part, bool present);
  absl::StatusOr<Typed> VisitRounding(const FormulaPart& part, Rounding rounding);
  absl::StatusOr<Typed> VisitDivision(const FormulaPart& division, Rounding rounding, int scale);
  absl::StatusOr<Typed> VisitAlternatives(const FormulaPart& part, Op op, size_t first, size_t least);
  absl::StatusOr<Typed> VisitPeriod(const FormulaPart& part, ValueKind to);
  absl::StatusOr<Typed> VisitDayOf(const FormulaPart& part, Op op);
  absl::StatusOr<Typed> VisitAt(const FormulaPart& part);
  absl::StatusOr<Typed> VisitLeft(const FormulaPart& part);
  absl::StatusOr<Typed> VisitBoolean(const FormulaPart& part);
  // Brings numbers of one unit to one scale, other types to each other.
  absl::Status Align(const FormulaPart& part, Typed* a, Typed* b);
  void ScaleUp(const FormulaPart& part, int scale, Typed* typed);
  absl::Status WantArguments(const FormulaPart& part, size_t least, size_t most) const;
  absl::StatusOr<int> WantScale(const FormulaPart& part) const;

  const FormulaScope& scope_;
  const ParameterSet& parameters_;
  Formula formula_;
};

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::Visit(const FormulaPart& part) {
  switch (part.form) {
    case Form::kNumber:
      return VisitNumber(part);
    case Form::kText:
      Add(Op::kConstant, part, {}).text = part.text;
      return Typed{last(), Plain(ValueKind::kText)};
    case Form::kDate:
    case Form::kMonth:
    case Form::kBoolean: {
      Add(Op::kConstant, part, {}).constant = part.number;
      const ValueKind kind = part.form == Form::kDate    ? ValueKind::kDate
                             : part.form == Form::kMonth ? ValueKind::kMonth
                                                         : ValueKind::kBoolean;
      return Typed{last(), Plain(kind)};
    }
    case Form::kName:
      return VisitName(part);
    case Form::kCall:
      return VisitCall(part);
    case Form::kOr:
    case Form::kAnd:
    case Form::kNot:
      return VisitLogic(part);
    case Form::kIn:
      return VisitIn(part);
    case Form::kAdd:
    case Form::kSubtract:
      return VisitSum(part);
    case Form::kMultiply:
      return VisitProduct(part);
    case Form::kDivide:
      return Error(part,
                   "say how the division is rounded, with nothing around it: floor(a / b), round(a / b, 2)");
    case Form::kNegate: {
      ASSIGN_OR_RETURN(Typed inner, Visit(*part.parts[0]));
      if (inner.type.kind != ValueKind::kNumber) return Error(part, "a minus stands before numbers only");
      Add(Op::kNegate, part, {inner.step});
      return Typed{last(), inner.type};
    }
    default:
      return VisitComparison(part, part.form, *part.parts[0], *part.parts[1]);
  }
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitNumber(const FormulaPart& part) {
  ValueType type = {ValueKind::kNumber, part.scale, Unit(), part.number == 0 && part.text.empty()};
  Wide constant = part.number;
  if (!part.text.empty()) {
    const auto unit = ParseUnit(part.text);
    if (!unit) return Error(part, "there is no unit \"" + part.text + "\"");
    type.unit = unit->unit;
    int64_t factor = unit->factor;
    for (; type.scale > 0 && factor % 10 == 0; factor /= 10) --type.scale;
    constant *= factor;
  }
  Add(Op::kConstant, part, {}).constant = constant;
  return Typed{last(), type};
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitName(const FormulaPart& part) {
  const auto symbol = scope_.Find(part.side, part.text);
  const std::string name = part.side.empty() ? part.text : part.side + "." + part.text;
  if (!symbol) return Error(part, "there is no \"" + name + "\" here");
  if (symbol->parameter >= 0) return VisitParameter(part, symbol->parameter, nullptr, nullptr);
  Add(Op::kSlot, part, {}).index = symbol->slot;
  return Typed{last(), symbol->type};
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitParameter(const FormulaPart& part, int parameter,
                                                                       const FormulaPart* code,
                                                                       const FormulaPart* day) {
  const CompiledParameter& of = parameters_[static_cast<size_t>(parameter)];
  if (of.has_codes() != (code != nullptr)) {
    return Error(part, of.has_codes() ? "the parameter has a value per code: write " + of.name() + "(CODE)"
                                      : "the parameter has no codes");
  }
  std::vector<int> arguments = {-1, -1};
  if (code != nullptr) {
    ASSIGN_OR_RETURN(const Typed inner, Visit(*code));
    if (inner.type.kind != ValueKind::kText) return Error(*code, "a code is a text");
    arguments[0] = inner.step;
  }
  if (day != nullptr) {
    ASSIGN_OR_RETURN(const Typed inner, Visit(*day));
    if (inner.type.kind != ValueKind::kDate) return Error(*day, "a date is needed here");
    arguments[1] = inner.step;
  }
  Add(Op::kParameter, part, std::move(arguments)).index = parameter;
  return Typed{last(), of.type()};
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitBoolean(const FormulaPart& part) {
  ASSIGN_OR_RETURN(Typed inner, Visit(part));
  if (inner.type.kind != ValueKind::kBoolean)
    return Error(part, "true or false is needed here, not a " + TypeName(inner.type));
  return inner;
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitLogic(const FormulaPart& part) {
  std::vector<int> arguments;
  for (const auto& inner : part.parts) {
    ASSIGN_OR_RETURN(const Typed typed, VisitBoolean(*inner));
    arguments.push_back(typed.step);
  }
  Add(part.form == Form::kOr    ? Op::kOr
      : part.form == Form::kAnd ? Op::kAnd
                                : Op::kNot,
      part, std::move(arguments));
  return Typed{last(), Plain(ValueKind::kBoolean)};
}

void FormulaCompiler::ScaleUp(const FormulaPart& part, int scale, Typed* typed) {
  if (typed->type.scale == scale) return;
  Add(Op::kScaleUp, part, {typed->step}).index = scale - typed->type.scale;
  typed->step = last();
  typed->type.scale = scale;
}

absl::Status FormulaCompiler::Align(const FormulaPart& part, Typed* a, Typed* b) {
  if (a->type.kind != b->type.kind)
    return Error(part, "a " + TypeName(a->type) + " and a " + TypeName(b->type) + " do not go together");
  if (a->type.kind != ValueKind::kNumber) return absl::OkStatus();
  if (a->type.any_unit) a->type.unit = b->type.unit;
  if (b->type.any_unit) b->type.unit = a->type.unit;
  a->type.any_unit = b->type.any_unit = a->type.any_unit && b->type.any_unit;
  if (!(a->type.unit == b->type.unit))
    return Error(part, "the units differ: a " + TypeName(a->type) + " and a " + TypeName(b->type));
  const int scale = std::max(a->type.scale, b->type.scale);
  ScaleUp(part, scale, a);
  ScaleUp(part, scale, b);
  return absl::OkStatus();
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitComparison(const FormulaPart& part, Form form,
                                                                        const FormulaPart& left,
                                                                        const FormulaPart& right) {
  ASSIGN_OR_RETURN(Typed a, Visit(left));
  ASSIGN_OR_RETURN(Typed b, Visit(right));
  RETURN_IF_ERROR(Align(part, &a, &b));
  const bool text = a.type.kind == ValueKind::kText;
  if ((text || a.type.kind == ValueKind::kBoolean) && form != Form::kEqual && form != Form::kNotEqual)
    return Error(part, "texts and booleans are equal or not, and have no order");
  Add(text ? Op::kCompareText : Op::kCompare, part, {a.step, b.step}).form = form;
  return Typed{last(), Plain(ValueKind::kBoolean)};
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitIn(const FormulaPart& part) {
  std::vector<int> arguments;
  for (size_t i = 1; i < part.parts.size(); ++i) {
    ASSIGN_OR_RETURN(const Typed equal,
                     VisitComparison(*part.parts[i], Form::kEqual, *part.parts[0], *part.parts[i]));
    arguments.push_back(equal.step);
  }
  Add(Op::kOr, part, std::move(arguments));
  return Typed{last(), Plain(ValueKind::kBoolean)};
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitSum(const FormulaPart& part) {
  ASSIGN_OR_RETURN(Typed a, Visit(*part.parts[0]));
  ASSIGN_OR_RETURN(Typed b, Visit(*part.parts[1]));
  const Op op = part.form == Form::kAdd ? Op::kAdd : Op::kSubtract;
  ValueType type = a.type;
  if (const auto unit = CountUnit(a.type.kind)) {
    if (b.type.kind == a.type.kind && op == Op::kSubtract) {
      type = {ValueKind::kNumber, 0, Unit::Base(*unit), false};
    } else if (b.type.kind != ValueKind::kNumber || b.type.scale != 0 ||
               !(b.type.unit == Unit::Base(*unit))) {
      return Error(part, "to a " + TypeName(a.type) + " a whole number of " + std::string(*unit) +
                             "s is added, not a " + TypeName(b.type));
    }
  } else if (a.type.kind != ValueKind::kNumber) {
    return Error(part, "numbers and dates are added, not a " + TypeName(a.type));
  } else {
    RETURN_IF_ERROR(Align(part, &a, &b));
    type = a.type;
  }
  Add(op, part, {a.step, b.step});
  return Typed{last(), type};
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitProduct(const FormulaPart& part) {
  ASSIGN_OR_RETURN(const Typed a, Visit(*part.parts[0]));
  ASSIGN_OR_RETURN(const Typed b, Visit(*part.parts[1]));
  if (a.type.kind != ValueKind::kNumber || b.type.kind != ValueKind::kNumber)
    return Error(part, "numbers are multiplied only");
  const int scale = a.type.scale + b.type.scale;
  if (scale > kMostScale) return Error(part, "more than 18 digits behind the point: round before");
  Add(Op::kMultiply, part, {a.step, b.step});
  return Typed{last(), {ValueKind::kNumber, scale, a.type.unit * b.type.unit, false}};
}

absl::Status FormulaCompiler::WantArguments(const FormulaPart& part, size_t least, size_t most) const {
  if (part.parts.size() >= least && part.parts.size() <= most) return absl::OkStatus();
  return Error(part, part.text + " takes " + std::to_string(least) +
                         (most == least          ? ""
                          : most > kFormulaParts ? " or more"
                                                 : " to " + std::to_string(most)) +
                         " arguments");
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitCall(const FormulaPart& part) {
  struct Function {
    std::string_view name;
    absl::StatusOr<Typed> (*visit)(FormulaCompiler&, const FormulaPart&);
  };
  using C = FormulaCompiler;
  using P = const FormulaPart&;
  static constexpr Function kFunctions[] = {
      {"if", [](C& c, P p) { return c.VisitAlternatives(p, Op::kIf, 1, 3); }},
      {"default", [](C& c, P p) { return c.VisitAlternatives(p, Op::kDefault, 0, 2); }},
      {"least", [](C& c, P p) { return c.VisitAlternatives(p, Op::kLeast, 0, 2); }},
      {"greatest", [](C& c, P p) { return c.VisitAlternatives(p, Op::kGreatest, 0, 2); }},
      {"abs", [](C& c, P p) { return c.VisitAlternatives(p, Op::kAbsolute, 0, 1); }},
      {"present", [](C& c, P p) { return c.VisitPresent(p, true); }},
      {"missing", [](C& c, P p) { return c.VisitPresent(p, false); }},
      {"floor", [](C& c, P p) { return c.VisitRounding(p, Rounding::kFloor); }},
      {"ceil", [](C& c, P p) { return c.VisitRounding(p, Rounding::kCeil); }},
      {"round", [](C& c, P p) { return c.VisitRounding(p, Rounding::kHalfUp); }},
      {"round_even", [](C& c, P p) { return c.VisitRounding(p, Rounding::kHalfEven); }},
      {"month", [](C& c, P p) { return c.VisitPeriod(p, ValueKind::kMonth); }},
      {"quarter", [](C& c, P p) { return c.VisitPeriod(p, ValueKind::kQuarter); }},
      {"year", [](C& c, P p) { return c.VisitPeriod(p, ValueKind::kYear); }},
      {"first_day", [](C& c, P p) { return c.VisitDayOf(p, Op::kFirstDay); }},
      {"last_day", [](C& c, P p) { return c.VisitDayOf(p, Op::kLastDay); }},
      {"at", [](C& c, P p) { return c.VisitAt(p); }},
      {"left", [](C& c, P p) { return c.VisitLeft(p); }},
  };
  for (const Function& function : kFunctions) {
    if (function.name == part.text) return function.visit(*this, part);
  }
  const auto symbol = scope_.Find("", part.text);
  if (!symbol || symbol->parameter < 0)
    return Error(part, "there is no function or parameter \"" + part.text + "\"");
  RETURN_IF_ERROR(WantArguments(part, 1, 1));
  return VisitParameter(part, symbol->parameter, part.parts[0].get(), nullptr);
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitAlternatives(const FormulaPart& part, Op op,
                                                                          size_t first, size_t least) {
  const bool any_number = op == Op::kLeast || op == Op::kGreatest;
  RETURN_IF_ERROR(WantArguments(part, least, any_number ? kFormulaParts + 1 : least));
  std::vector<Typed> all;
  for (size_t i = 0; i < part.parts.size(); ++i) {
    ASSIGN_OR_RETURN(Typed inner, i < first ? VisitBoolean(*part.parts[i]) : Visit(*part.parts[i]));
    all.push_back(inner);
  }
  if (any_number && all[0].type.kind == ValueKind::kText) return Error(part, "texts have no order");
  if (op == Op::kAbsolute && all[0].type.kind != ValueKind::kNumber)
    return Error(part, "a number is needed here");
  // Twice, because the last may have brought in the longest scale.
  for (int round = 0; round < 2; ++round) {
    for (size_t i = first; i + 1 < all.size(); ++i) RETURN_IF_ERROR(Align(part, &all[i], &all[i + 1]));
    for (size_t i = all.size() - 1; i > first; --i) RETURN_IF_ERROR(Align(part, &all[i - 1], &all[i]));
  }
  std::vector<int> arguments;
  for (const Typed& typed : all) arguments.push_back(typed.step);
  Add(op, part, std::move(arguments));
  return Typed{last(), all.back().type};
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitPresent(const FormulaPart& part, bool present) {
  RETURN_IF_ERROR(WantArguments(part, 1, 1));
  const FormulaPart& of = *part.parts[0];
  const auto rows = of.form == Form::kName && of.side.empty() ? scope_.FindRows(of.text) : std::nullopt;
  if (rows) {
    Add(Op::kRowsPresent, part, {}).index = *rows;
  } else {
    ASSIGN_OR_RETURN(const Typed inner, Visit(of));
    Add(Op::kPresent, part, {inner.step});
  }
  if (!present) {
    const int found = last();
    Add(Op::kNot, part, {found});
  }
  return Typed{last(), Plain(ValueKind::kBoolean)};
}

absl::StatusOr<int> FormulaCompiler::WantScale(const FormulaPart& part) const {
  if (part.form != Form::kNumber || part.scale != 0 || !part.text.empty() || part.number > kMostScale)
    return Error(part, "the digits behind the point are a number from 0 to 18");
  return static_cast<int>(part.number);
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitRounding(const FormulaPart& part,
                                                                      Rounding rounding) {
  RETURN_IF_ERROR(WantArguments(part, 1, 2));
  int scale = 0;
  if (part.parts.size() == 2) {
    ASSIGN_OR_RETURN(scale, WantScale(*part.parts[1]));
  }
  if (part.parts[0]->form == Form::kDivide) return VisitDivision(*part.parts[0], rounding, scale);
  ASSIGN_OR_RETURN(Typed inner, Visit(*part.parts[0]));
  if (inner.type.kind != ValueKind::kNumber) return Error(part, "numbers are rounded only");
  if (inner.type.scale <= scale) return inner;
  Step& step = Add(Op::kRound, part, {inner.step});
  step.rounding = rounding;
  step.index = inner.type.scale - scale;
  inner.type.scale = scale;
  return Typed{last(), inner.type};
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitDivision(const FormulaPart& division,
                                                                      Rounding rounding, int scale) {
  ASSIGN_OR_RETURN(Typed a, Visit(*division.parts[0]));
  ASSIGN_OR_RETURN(Typed b, Visit(*division.parts[1]));
  if (a.type.kind != ValueKind::kNumber || b.type.kind != ValueKind::kNumber)
    return Error(division, "numbers are divided only");
  // The quotient of the mantissas is the quotient times 10^(scale of b - scale of a).
  const int power = scale + b.type.scale - a.type.scale;
  if (power >= 0) {
    ScaleUp(division, a.type.scale + power, &a);
  } else {
    ScaleUp(division, b.type.scale - power, &b);
  }
  Add(Op::kDivide, division, {a.step, b.step}).rounding = rounding;
  return Typed{last(), {ValueKind::kNumber, scale, a.type.unit / b.type.unit, false}};
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitPeriod(const FormulaPart& part, ValueKind to) {
  RETURN_IF_ERROR(WantArguments(part, 1, 1));
  ASSIGN_OR_RETURN(const Typed inner, Visit(*part.parts[0]));
  const ValueKind from = inner.type.kind;
  const bool number = to == ValueKind::kYear && from == ValueKind::kNumber && inner.type.scale == 0 &&
                      inner.type.unit.plain();
  const bool longer = (from == ValueKind::kMonth && to != ValueKind::kMonth) ||
                      (from == ValueKind::kQuarter && to == ValueKind::kYear);
  if (from != to && from != ValueKind::kDate && from != ValueKind::kText && !number && !longer)
    return Error(part, "no " + part.text + " is made of a " + TypeName(inner.type));
  Step& step = Add(Op::kPeriod, part, {inner.step});
  step.from = from;
  step.to = to;
  return Typed{last(), Plain(to)};
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitDayOf(const FormulaPart& part, Op op) {
  RETURN_IF_ERROR(WantArguments(part, 1, 1));
  ASSIGN_OR_RETURN(const Typed inner, Visit(*part.parts[0]));
  if (!CountUnit(inner.type.kind) || inner.type.kind == ValueKind::kDate)
    return Error(part, "a month, quarter or year has a first and a last day");
  Add(op, part, {inner.step}).from = inner.type.kind;
  return Typed{last(), Plain(ValueKind::kDate)};
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitAt(const FormulaPart& part) {
  RETURN_IF_ERROR(WantArguments(part, 2, 2));
  const FormulaPart& of = *part.parts[0];
  const auto symbol = of.side.empty() ? scope_.Find("", of.text) : std::nullopt;
  const bool call = of.form == Form::kCall && of.parts.size() == 1;
  if (!symbol || symbol->parameter < 0 || (of.form != Form::kName && !call))
    return Error(of, "a parameter is needed here: at(PARAMETER, DATE)");
  return VisitParameter(part, symbol->parameter, call ? of.parts[0].get() : nullptr, part.parts[1].get());
}

absl::StatusOr<FormulaCompiler::Typed> FormulaCompiler::VisitLeft(const FormulaPart& part) {
  RETURN_IF_ERROR(WantArguments(part, 2, 2));
  ASSIGN_OR_RETURN(const Typed inner, Visit(*part.parts[0]));
  const FormulaPart& count = *part.parts[1];
  if (inner.type.kind != ValueKind::kText) return Error(part, "a text is needed here");
  if (count.form != Form::kNumber || count.scale != 0 || count.number > kLeftCharacters)
    return Error(count, "the number of characters is 0 to 64");
  Add(Op::kLeft, part, {inner.step}).index = static_cast<int>(count.number);
  return Typed{last(), Plain(ValueKind::kText)};
}

absl::StatusOr<Formula> Formula::Compile(const FormulaPart& part, const FormulaScope& scope,
                                         const ParameterSet& parameters) {
  return FormulaCompiler(scope, parameters).Compile(part);
}

std::vector<int> Formula::Slots() const {
  std::set<int> slots;
  for (const Step& step : steps_) {
    if (step.op == Op::kSlot || step.op == Op::kRowsPresent) slots.insert(step.index);
  }
  return {slots.begin(), slots.end()};
}

void Formula::AddDemanded(int at, RowsDemanded* demanded) const {
  const Step& step = steps_[static_cast<size_t>(at)];
  if (step.op == Op::kAnd) {
    for (const int argument : step.arguments) AddDemanded(argument, demanded);
  } else if (step.op == Op::kRowsPresent) {
    demanded->needed.push_back(step.index);
  } else if (step.op == Op::kNot) {
    const Step& negated = steps_[static_cast<size_t>(step.arguments[0])];
    if (negated.op == Op::kRowsPresent) demanded->excluded.push_back(negated.index);
  }
}

Formula::RowsDemanded Formula::DemandedRows() const {
  RowsDemanded demanded;
  AddDemanded(root_, &demanded);
  return demanded;
}

void Formula::AddPassed(int step, std::set<int>* slots) const {
  const Step& of = steps_[static_cast<size_t>(step)];
  switch (of.op) {
    case Op::kSlot:
      slots->insert(of.index);
      return;
    case Op::kIf:
      for (size_t i = 1; i < of.arguments.size(); ++i) AddPassed(of.arguments[i], slots);
      return;
    case Op::kDefault:
    case Op::kLeast:
    case Op::kGreatest:
    case Op::kNegate:
    case Op::kAbsolute:
    case Op::kScaleUp:
    case Op::kRound:
    case Op::kLeft:
      for (const int argument : of.arguments) AddPassed(argument, slots);
      return;
    default:
      return;  // what is computed of several values, or says less than they do
  }
}

std::vector<int> Formula::PassedSlots() const {
  std::set<int> slots;
  AddPassed(root_, &slots);
  return {slots.begin(), slots.end()};
}

std::vector<int> Formula::UsedParameters() const {
  std::set<int> used;
  for (const Step& step : steps_) {
    if (step.op == Op::kParameter) used.insert(step.index);
  }
  return {used.begin(), used.end()};
}

}  // namespace hangou
