// How far two texts are apart, over characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hangou {

// Longer texts are compared by their first so many characters: no name is longer.
constexpr size_t kComparedCharacters = 64;

// What characters a text has, a bit for each of 64 classes: tells quickly that two texts are far apart.
struct TextOutline {
  uint64_t classes = 0;
  uint32_t length = 0;  // at most kComparedCharacters
};
TextOutline OutlineOf(std::u32string_view text);
// At least the Jaro-Winkler similarity of texts with these outlines.
double MostSimilar(const TextOutline& a, const TextOutline& b);
// At most the edits between texts with these outlines.
size_t LeastEdits(const TextOutline& a, const TextOutline& b);

// Jaro-Winkler similarity, 0 to 1: Winkler's weight 0.1 for up to 4 equal characters at the beginning. Allocates
// nothing.
double JaroWinkler(std::u32string_view a, std::u32string_view b);

// True where at most `most` characters are wrong, missing, too many, or swapped with their neighbour (restricted
// Damerau-Levenshtein distance). Allocates nothing.
bool WithinEdits(std::u32string_view a, std::u32string_view b, size_t most);

}  // namespace hangou
