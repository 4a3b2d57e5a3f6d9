// Units of measure, checked where formulas are compiled.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace hangou {

// A product of powers of base units: fen, square_metre, fen/square_metre. The empty product is a plain number. A
// value type.
class Unit {
 public:
  Unit() = default;
  // A unit by its name, [a-z][a-z0-9_]*, as its own base. What is an alias of another unit is that one: see Parse.
  static Unit Base(std::string_view name);

  Unit operator*(const Unit& other) const;
  Unit operator/(const Unit& other) const;
  bool operator==(const Unit& other) const = default;
  bool plain() const { return powers_.empty(); }
  // "fen/square_metre"; "" of a plain number.
  std::string ToText() const;

 private:
  std::map<std::string, int> powers_;  // never 0
};

// A unit as it is written, and by what a number in it is multiplied to be in the base units: yuan is 100 fen,
// wan_yuan 1,000,000 fen; day, month and year may be in the plural.
struct WrittenUnit {
  Unit unit;
  int64_t factor = 1;
};

// Reads "yuan/square_metre": names joined by '*' and '/', each divisor behind a '/' of its own. A unit below '/' must
// not be an alias with a factor. None where it is not understood.
std::optional<WrittenUnit> ParseUnit(std::string_view text);

}  // namespace hangou
