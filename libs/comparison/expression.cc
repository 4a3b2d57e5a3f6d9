#include "libs/comparison/expression.h"

#include <optional>

#include "absl/strings/numbers.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

using Part = std::unique_ptr<FormulaPart>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return c >= 'a' && c <= 'z'; }
bool IsNameChar(char c) { return IsNameStart(c) || IsDigit(c) || c == '_'; }

// Digits of a written number: it fits 64 bits.
constexpr size_t kNumberDigits = 18;
constexpr size_t kDateBytes = 10;
constexpr size_t kMonthBytes = 7;

class FormulaParser {
 public:
  explicit FormulaParser(std::string_view text) : text_(text) {}

  absl::StatusOr<Part> Parse() {
    if (text_.size() > kFormulaBytes) return Error("a formula has at most 2000 bytes");
    ASSIGN_OR_RETURN(Part part, ParseOr());
    SkipBlanks();
    if (at_ != text_.size()) return Error("the formula should end here");
    return part;
  }

 private:
  absl::Status Error(const std::string& what) const {
    return MakeError(Reason::kInvalidObject, "column " + std::to_string(at_ + 1) + ": " + what);
  }
  void SkipBlanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool TakeSign(std::string_view sign) {
    SkipBlanks();
    if (text_.substr(at_, sign.size()) != sign) return false;
    at_ += sign.size();
    return true;
  }
  bool TakeWord(std::string_view word) {
    SkipBlanks();
    if (text_.substr(at_, word.size()) != word) return false;
    const size_t end = at_ + word.size();
    if (end < text_.size() && IsNameChar(text_[end])) return false;
    at_ = end;
    return true;
  }
  std::string TakeName() {
    const size_t begin = at_;
    while (at_ < text_.size() && IsNameChar(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  absl::StatusOr<Part> New(Form form, size_t begin) {
    if (++parts_ > kFormulaParts) return Error("a formula has at most 500 parts");
    auto part = std::make_unique<FormulaPart>();
    part->form = form;
    part->column = static_cast<uint16_t>(begin + 1);
    return part;
  }
  absl::StatusOr<Part> Join(Form form, size_t begin, Part left, Part right) {
    ASSIGN_OR_RETURN(Part part, New(form, begin));
    part->parts.push_back(std::move(left));
    part->parts.push_back(std::move(right));
    return part;
  }
  absl::StatusOr<Part> ParseOr();
  absl::StatusOr<Part> ParseAnd();
  absl::StatusOr<Part> ParseNot();
  absl::StatusOr<Part> ParseComparison();
  absl::StatusOr<Part> ParseSum();
  absl::StatusOr<Part> ParseProduct();
  absl::StatusOr<Part> ParseFactor();
  absl::StatusOr<Part> ParsePrimary();
  absl::StatusOr<Part> ParseDigits();
  absl::StatusOr<Part> ParseQuoted();
  absl::StatusOr<Part> ParseNamed();
  absl::Status ParseList(FormulaPart* part);
  std::optional<Form> TakeComparison();

  const std::string_view text_;
  size_t at_ = 0;
  int parts_ = 0;
  int depth_ = 0;
};

absl::StatusOr<Part> FormulaParser::ParseOr() {
  if (++depth_ > kFormulaDepth) return Error("a formula is at most 40 parts deep");
  SkipBlanks();
  const size_t begin = at_;
  ASSIGN_OR_RETURN(Part left, ParseAnd());
  while (TakeWord("or")) {
    ASSIGN_OR_RETURN(Part right, ParseAnd());
    ASSIGN_OR_RETURN(left, Join(Form::kOr, begin, std::move(left), std::move(right)));
  }
  --depth_;
  return left;
}

absl::StatusOr<Part> FormulaParser::ParseAnd() {
  SkipBlanks();
  const size_t begin = at_;
  ASSIGN_OR_RETURN(Part left, ParseNot());
  while (TakeWord("and")) {
    ASSIGN_OR_RETURN(Part right, ParseNot());
    ASSIGN_OR_RETURN(left, Join(Form::kAnd, begin, std::move(left), std::move(right)));
  }
  return left;
}

absl::StatusOr<Part> FormulaParser::ParseNot() {
  SkipBlanks();
  const size_t begin = at_;
  if (!TakeWord("not")) return ParseComparison();
  if (++depth_ > kFormulaDepth) return Error("a formula is at most 40 parts deep");
  ASSIGN_OR_RETURN(Part part, New(Form::kNot, begin));
  ASSIGN_OR_RETURN(Part inner, ParseNot());
  part->parts.push_back(std::move(inner));
  --depth_;
  return part;
}

std::optional<Form> FormulaParser::TakeComparison() {
  if (TakeSign("!=")) return Form::kNotEqual;
  if (TakeSign("<=")) return Form::kLessEqual;
  if (TakeSign(">=")) return Form::kGreaterEqual;
  if (TakeSign("=")) return Form::kEqual;
  if (TakeSign("<")) return Form::kLess;
  if (TakeSign(">")) return Form::kGreater;
  return std::nullopt;
}

absl::StatusOr<Part> FormulaParser::ParseComparison() {
  SkipBlanks();
  const size_t begin = at_;
  ASSIGN_OR_RETURN(Part left, ParseSum());
  if (const auto form = TakeComparison()) {
    ASSIGN_OR_RETURN(Part right, ParseSum());
    return Join(*form, begin, std::move(left), std::move(right));
  }
  const bool negated = TakeWord("not");
  if (!TakeWord("in")) {
    if (negated) return Error("\"in\" is needed behind \"not\" here");
    return left;
  }
  ASSIGN_OR_RETURN(Part part, New(Form::kIn, begin));
  part->parts.push_back(std::move(left));
  if (!TakeSign("(")) return Error("a list in parentheses is needed behind \"in\"");
  RETURN_IF_ERROR(ParseList(part.get()));
  if (!negated) return part;
  ASSIGN_OR_RETURN(Part outer, New(Form::kNot, begin));
  outer->parts.push_back(std::move(part));
  return outer;
}

absl::Status FormulaParser::ParseList(FormulaPart* part) {
  do {
    ASSIGN_OR_RETURN(Part item, ParseOr());
    part->parts.push_back(std::move(item));
  } while (TakeSign(","));
  return TakeSign(")") ? absl::OkStatus() : Error("\",\" or \")\" is needed here");
}

absl::StatusOr<Part> FormulaParser::ParseSum() {
  SkipBlanks();
  const size_t begin = at_;
  ASSIGN_OR_RETURN(Part left, ParseProduct());
  while (true) {
    const bool add = TakeSign("+");
    if (!add && !TakeSign("-")) return left;
    ASSIGN_OR_RETURN(Part right, ParseProduct());
    ASSIGN_OR_RETURN(left,
                     Join(add ? Form::kAdd : Form::kSubtract, begin, std::move(left), std::move(right)));
  }
}

absl::StatusOr<Part> FormulaParser::ParseProduct() {
  SkipBlanks();
  const size_t begin = at_;
  ASSIGN_OR_RETURN(Part left, ParseFactor());
  while (true) {
    const bool multiply = TakeSign("*");
    if (!multiply && !TakeSign("/")) return left;
    ASSIGN_OR_RETURN(Part right, ParseFactor());
    ASSIGN_OR_RETURN(
        left, Join(multiply ? Form::kMultiply : Form::kDivide, begin, std::move(left), std::move(right)));
  }
}

absl::StatusOr<Part> FormulaParser::ParseFactor() {
  SkipBlanks();
  const size_t begin = at_;
  if (!TakeSign("-")) return ParsePrimary();
  if (++depth_ > kFormulaDepth) return Error("a formula is at most 40 parts deep");
  ASSIGN_OR_RETURN(Part part, New(Form::kNegate, begin));
  ASSIGN_OR_RETURN(Part inner, ParseFactor());
  part->parts.push_back(std::move(inner));
  --depth_;
  return part;
}

absl::StatusOr<Part> FormulaParser::ParsePrimary() {
  SkipBlanks();
  if (at_ == text_.size()) return Error("the formula ends where a value is needed");
  if (IsDigit(text_[at_])) return ParseDigits();
  if (text_[at_] == '"') return ParseQuoted();
  if (IsNameStart(text_[at_])) return ParseNamed();
  if (!TakeSign("(")) return Error("a value is needed here");
  ASSIGN_OR_RETURN(Part part, ParseOr());
  if (!TakeSign(")")) return Error("\")\" is needed here");
  return part;
}

absl::StatusOr<Part> FormulaParser::ParseDigits() {
  const size_t begin = at_;
  while (at_ < text_.size() && (IsDigit(text_[at_]) || text_[at_] == '-')) {
    // A minus is part of a date or month only behind four digits, and before two.
    if (text_[at_] == '-' && at_ - begin != 4 && at_ - begin != kMonthBytes) break;
    if (text_[at_] == '-' && !(at_ + 2 < text_.size() && IsDigit(text_[at_ + 1]) && IsDigit(text_[at_ + 2])))
      break;
    ++at_;
  }
  std::string digits(text_.substr(begin, at_ - begin));
  if (digits.find('-') != std::string::npos) {
    const bool is_date = digits.size() == kDateBytes;
    const auto day = is_date                        ? ParseDay(digits)
                     : digits.size() == kMonthBytes ? ParseDay(digits + "-01")
                                                    : std::nullopt;
    at_ = day ? at_ : begin;
    if (!day) return Error("there is no such day or month");
    ASSIGN_OR_RETURN(Part part, New(is_date ? Form::kDate : Form::kMonth, begin));
    int32_t year = 0, month = 0;
    (void)absl::SimpleAtoi(digits.substr(0, 4), &year);
    (void)absl::SimpleAtoi(digits.substr(5, 2), &month);
    part->number = is_date ? *day : year * 12 + month - 1;
    return part;
  }
  ASSIGN_OR_RETURN(Part part, New(Form::kNumber, begin));
  if (at_ + 1 < text_.size() && text_[at_] == '.' && IsDigit(text_[at_ + 1])) {
    ++at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) {
      digits += text_[at_++];
      ++part->scale;
    }
  }
  if (digits.size() > kNumberDigits) return Error("a number has at most 18 digits");
  (void)absl::SimpleAtoi(digits, &part->number);
  SkipBlanks();
  const size_t unit = at_;
  if (at_ < text_.size() && IsNameStart(text_[at_])) part->text = TakeName();
  if (part->text == "and" || part->text == "or" || part->text == "in" || part->text == "not") {
    part->text.clear();
    at_ = unit;
  }
  return part;
}

absl::StatusOr<Part> FormulaParser::ParseQuoted() {
  const size_t begin = at_;
  const size_t end = text_.find('"', at_ + 1);
  if (end == std::string_view::npos) return Error("the text has no closing quote");
  ASSIGN_OR_RETURN(Part part, New(Form::kText, begin));
  part->text = text_.substr(begin + 1, end - begin - 1);
  at_ = end + 1;
  return part;
}

absl::StatusOr<Part> FormulaParser::ParseNamed() {
  const size_t begin = at_;
  std::string name = TakeName();
  if (name == "true" || name == "false") {
    ASSIGN_OR_RETURN(Part part, New(Form::kBoolean, begin));
    part->number = name == "true" ? 1 : 0;
    return part;
  }
  if (at_ < text_.size() && text_[at_] == '(') {
    ++at_;
    ASSIGN_OR_RETURN(Part part, New(Form::kCall, begin));
    part->text = std::move(name);
    if (TakeSign(")")) return part;
    RETURN_IF_ERROR(ParseList(part.get()));
    return part;
  }
  ASSIGN_OR_RETURN(Part part, New(Form::kName, begin));
  if (at_ + 1 < text_.size() && text_[at_] == '.' && IsNameStart(text_[at_ + 1])) {
    ++at_;
    part->side = std::move(name);
    name = TakeName();
  }
  part->text = std::move(name);
  return part;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FormulaPart>> ParseFormula(std::string_view text) {
  return FormulaParser(text).Parse();
}

}  // namespace hangou
