// Text as it is compared: one form for every way to write the same characters.
#pragma once

#include <string>
#include <string_view>

namespace hangou {

// Code points of UTF-8, and back. What is not UTF-8 becomes U+FFFD.
std::u32string ToCodePoints(std::string_view text);
std::string ToUtf8(std::u32string_view text);

// The same text in one form: NFKC and lower case (UAX #15; full-width forms become half-width), characters of the
// private use area that GB 18030 has assigned by now, traditional characters simplified, 〇 for its look-alikes, one
// dot (·) between the parts of a name, control characters dropped, and single blanks between words only.
std::u32string FoldText(std::string_view text);

// How folded text sounds: pinyin without tones, the first reading of each character of GB 2312; other characters stay.
std::u32string SoundOf(std::u32string_view folded);

// True where folded text of two characters and more begins with a surname of two.
bool BeginsWithDoubleSurname(std::u32string_view folded);

}  // namespace hangou
