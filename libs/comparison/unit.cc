#include "libs/comparison/unit.h"

#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr size_t kUnitNameBytes = 32;

struct Alias {
  std::string_view name;
  std::string_view base;
  int64_t factor;
};
constexpr Alias kAliases[] = {
    {"yuan", "fen", 100},       {"wan_yuan", "fen", 1'000'000}, {"days", "day", 1}, {"months", "month", 1},
    {"quarters", "quarter", 1}, {"years", "year", 1},           {"person", "", 1},  {"persons", "", 1}};

}  // namespace

Unit Unit::Base(std::string_view name) {
  Unit unit;
  if (!name.empty()) unit.powers_[std::string(name)] = 1;
  return unit;
}

Unit Unit::operator*(const Unit& other) const {
  Unit product = *this;
  for (const auto& [name, power] : other.powers_) {
    if ((product.powers_[name] += power) == 0) product.powers_.erase(name);
  }
  return product;
}

Unit Unit::operator/(const Unit& other) const {
  Unit inverse;
  for (const auto& [name, power] : other.powers_) inverse.powers_[name] = -power;
  return *this * inverse;
}

std::string Unit::ToText() const {
  std::string above, below;
  for (const auto& [name, power] : powers_) {
    for (int i = 0; i < power; ++i) above += (above.empty() ? "" : "*") + name;
    for (int i = 0; i > power; --i) below += "/" + name;
  }
  return above.empty() && !below.empty() ? "1" + below : above + below;
}

std::optional<WrittenUnit> ParseUnit(std::string_view text) {
  WrittenUnit written;
  bool divide = false;
  while (!text.empty()) {
    const size_t end = text.find_first_of("*/");
    std::string_view name = text.substr(0, end);
    if (!IsName(name, kUnitNameBytes)) return std::nullopt;
    int64_t factor = 1;
    for (const Alias& alias : kAliases) {
      if (alias.name != name) continue;
      name = alias.base;
      factor = alias.factor;
      break;
    }
    if (divide && factor != 1) return std::nullopt;
    const Unit unit = Unit::Base(name);
    written.unit = divide ? written.unit / unit : written.unit * unit;
    written.factor *= factor;
    if (end == std::string_view::npos) return written;
    divide = text[end] == '/';
    text.remove_prefix(end + 1);
    if (text.empty()) return std::nullopt;
  }
  return written;
}

}  // namespace hangou
