// Names of divisions (GB/T 2260, past and present) where texts begin with them, and codes that were renamed.
#pragma once

#include <string>
#include <string_view>

namespace hangou {

// A division code under which its former codes meet, as long as city and name stayed: "3210邗江" of 321027 (邗江县) and
// of 321003 (邗江区). Of a city its four digits, of a province its two; a code that is in no list stays.
std::u32string DivisionKey(std::string_view code);

// The divisions that a text begins with.
struct RegionPrefix {
  size_t length = 0;   // characters; 0: it begins with none
  std::u32string key;  // DivisionKey of the lowest of them
};

// Reads the divisions that folded text without blanks begins with, from the highest down: 江苏省扬州市邗江区, 扬州邗江, 江苏.
// Provinces and cities may lack their kind (扬州), and so may what lies below one that stands before it, or below the
// division `home` (code, may be empty); a county's bare name alone is part of another name (东方, 平安).
RegionPrefix ReadRegionPrefix(std::u32string_view text, std::string_view home);

}  // namespace hangou
