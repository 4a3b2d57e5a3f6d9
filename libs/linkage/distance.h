// How far two texts are apart, over characters.
#pragma once

#include <cstddef>
#include <string_view>

namespace hangou {

// Longer texts are compared by their first so many characters: no name is longer.
constexpr size_t kComparedCharacters = 64;

// Jaro-Winkler similarity, 0 to 1: Winkler's weight 0.1 for up to 4 equal characters at the beginning. Allocates
// nothing.
double JaroWinkler(std::u32string_view a, std::u32string_view b);

// True where at most `most` characters are wrong, missing, too many, or swapped with their neighbour (restricted
// Damerau-Levenshtein distance). Allocates nothing.
bool WithinEdits(std::u32string_view a, std::u32string_view b, size_t most);

}  // namespace hangou
