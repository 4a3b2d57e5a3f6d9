// The region table of the product: codes of GB/T 2260, past and present. Not part of the library's interface.
#pragma once

#include <cstdint>
#include <string_view>

namespace hangou {

// True where `code` is the number of a 6-digit code of GB/T 2260 that is or was in force.
bool IsRegionCode(uint32_t code);
// True where `code` is that of a statistical zone (such as a development zone): it stands beside the codes of
// GB/T 2260 in the statistical lists, and is none of them.
bool IsZoneCode(uint32_t code);
// True where the first two characters are the digits of a province, 81, 82 and 83 (the residence permits of
// Hong Kong, Macao and Taiwan residents) included. `code` has at least two characters.
bool IsProvince(std::string_view code);

// True where every character is an ASCII digit.
bool IsAllDigits(std::string_view text);
// The number of at most 9 ASCII digits.
uint32_t NumberOfDigits(std::string_view digits);

}  // namespace hangou
