#include "services/comparison/money_once.h"

#include <algorithm>

#include "hangou/comparison/v1/rule.pb.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// A period as figures write it: 2024, 2024Q3, 2024-07.
bool IsPeriodText(const std::string& text) {
  const auto is_digits = [&](size_t begin, size_t end) {
    return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(begin),
                       text.begin() + static_cast<std::ptrdiff_t>(end),
                       [](char c) { return c >= '0' && c <= '9'; });
  };
  if (text.size() < 4 || !is_digits(0, 4)) return false;
  return text.size() == 4 || (text.size() == 6 && text[4] == 'Q' && is_digits(5, 6)) ||
         (text.size() == 7 && text[4] == '-' && is_digits(5, 7));
}

// The period of the money: that of the run, or else the part of the key that is one.
std::string PeriodOf(const v1::Clue& clue) {
  if (!clue.period().empty()) return clue.period();
  for (const v1::Figure& part : clue.key()) {
    if (IsPeriodText(part.value())) return part.value();
  }
  return "";
}

}  // namespace

void MoneyOnce::Add(const v1::Clue& clue, int64_t amount_fen) {
  plain_fen_ += amount_fen;
  if (clue.tax().empty()) {
    alone_fen_ += amount_fen;
    return;
  }
  std::string money = clue.tax();
  for (const std::string& part : {clue.subject(), clue.tax_object(), PeriodOf(clue)}) money += "|" + part;
  money_[std::move(money)].amounts[clue.rule()] += amount_fen;
}

int64_t MoneyOnce::once_fen() const {
  int64_t once_fen = alone_fen_;
  for (const auto& [money, of] : money_) {
    int64_t most = INT64_MIN;
    for (const auto& [rule, amount_fen] : of.amounts) most = std::max(most, amount_fen);
    once_fen += most;
  }
  return once_fen;
}

}  // namespace hangou
