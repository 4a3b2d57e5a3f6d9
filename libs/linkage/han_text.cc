#include "libs/linkage/han_text.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace hangou {
namespace {

using TextPair = std::pair<std::string_view, std::string_view>;

// Made from data/text and data/names.
constexpr TextPair kPrivateUse[] = {
#include "libs/linkage/private_use.inc"
};
constexpr TextPair kSimplified[] = {
#include "libs/linkage/simplified.inc"
};
constexpr TextPair kPinyin[] = {
#include "libs/linkage/pinyin.inc"
};
constexpr TextPair kSurnames[] = {
#include "libs/linkage/surnames.inc"
};

constexpr char32_t kReplacement = 0xFFFD;
constexpr char32_t kZero = U'〇';
constexpr char32_t kDot = U'·';

struct FreeMemory {
  void operator()(utf8proc_uint8_t* memory) const { std::free(memory); }
};

using CharacterMap = std::unordered_map<char32_t, char32_t>;

template <size_t kCount>
CharacterMap MapOf(const TextPair (&pairs)[kCount]) {
  CharacterMap map;
  for (const auto& [from, to] : pairs) map.emplace(ToCodePoints(from)[0], ToCodePoints(to)[0]);
  return map;
}

const CharacterMap& PrivateUse() {
  static const CharacterMap map = MapOf(kPrivateUse);
  return map;
}

// Simplified forms, and what looks like 〇 or the dot in a name.
const CharacterMap& Unified() {
  static const CharacterMap map = [] {
    CharacterMap all = MapOf(kSimplified);
    for (const char32_t zero : U"○◯⭕") all[zero] = kZero;
    for (const char32_t dot : U"・•‧∙⋅•●．") all[dot] = kDot;
    all.erase(U'\0');
    return all;
  }();
  return map;
}

char32_t Look(const CharacterMap& map, char32_t character) {
  const auto found = map.find(character);
  return found == map.end() ? character : found->second;
}

// NFKC in lower case; what it does not take (an unassigned code, say) stays as it is.
std::u32string NormalForm(const std::string& text) {
  utf8proc_uint8_t* out = nullptr;
  const utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &out,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE |
                                                  UTF8PROC_CASEFOLD | UTF8PROC_IGNORE));
  const std::unique_ptr<utf8proc_uint8_t, FreeMemory> owner(out);
  if (length < 0) return ToCodePoints(text);
  return ToCodePoints({reinterpret_cast<const char*>(out), static_cast<size_t>(length)});
}

}  // namespace

std::u32string ToCodePoints(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t code_point = 0;
    utf8proc_ssize_t length = utf8proc_iterate(at, left, &code_point);
    if (length <= 0) {
      code_point = static_cast<utf8proc_int32_t>(kReplacement);
      length = 1;
    }
    out.push_back(static_cast<char32_t>(code_point));
    at += length;
    left -= length;
  }
  return out;
}

std::string ToUtf8(std::u32string_view text) {
  std::string out;
  for (const char32_t character : text) {
    utf8proc_uint8_t bytes[4];
    const utf8proc_ssize_t length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), bytes);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
  }
  return out;
}

std::u32string FoldText(std::string_view text) {
  std::u32string raw = ToCodePoints(text);
  for (char32_t& character : raw) character = Look(PrivateUse(), character);
  std::u32string out;
  bool blank = false;
  for (const char32_t character : NormalForm(ToUtf8(raw))) {
    if (character <= U' ' || character == 0x7F) {
      blank = !out.empty();
      continue;
    }
    if (blank) out.push_back(U' ');
    blank = false;
    out.push_back(Look(Unified(), character));
  }
  return out;
}

std::u32string SoundOf(std::u32string_view folded) {
  static const auto sounds = [] {
    std::unordered_map<char32_t, std::u32string> map;
    for (const auto& [character, sound] : kPinyin)
      map.emplace(ToCodePoints(character)[0], ToCodePoints(sound));
    return map;
  }();
  std::u32string out;
  for (const char32_t character : folded) {
    if (!out.empty()) out.push_back(U' ');
    const auto found = sounds.find(character);
    if (found == sounds.end()) {
      out.push_back(character);
    } else {
      out += found->second;
    }
  }
  return out;
}

bool BeginsWithDoubleSurname(std::u32string_view folded) {
  static const auto surnames = [] {
    std::unordered_set<std::u32string> set;
    for (const auto& [surname, weight] : kSurnames) {
      if (std::u32string text = FoldText(surname); text.size() == 2) set.insert(std::move(text));
    }
    return set;
  }();
  return folded.size() > 2 && surnames.contains(std::u32string(folded.substr(0, 2)));
}

}  // namespace hangou
