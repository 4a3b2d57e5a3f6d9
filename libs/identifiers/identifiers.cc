#include "libs/identifiers/identifiers.h"

#include "libs/base/text.h"

namespace hangou {
namespace {

// UTF-8 of U+3000, and of the full-width forms U+FF01 to U+FF5E of the visible ASCII characters.
constexpr std::string_view kWideBlank = "\xE3\x80\x80";
constexpr char kWideLead = '\xEF';

// The half-width character of a full-width one at the head of well-formed `text`; 0 where it is none.
char HalfWidth(std::string_view text) {
  if (text.size() < 3 || text[0] != kWideLead) return 0;
  const int second = static_cast<uint8_t>(text[1]);
  const int third = static_cast<uint8_t>(text[2]);
  if (second == 0xBC && third >= 0x81) return static_cast<char>(third - 0x81 + '!');
  if (second == 0xBD && third <= 0x9E) return static_cast<char>(third - 0x80 + '`');
  return 0;
}

bool IsDropped(char c) { return c == '-' || c == ' ' || (c >= '\t' && c <= '\r'); }

void AppendNormal(char c, std::string* out) {
  if (IsDropped(c)) return;
  out->push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
}

}  // namespace

std::string_view RuleName(IdentifierRule rule) {
  switch (rule) {
    case IdentifierRule::kNone:
      return "";
    case IdentifierRule::kLength:
      return "length";
    case IdentifierRule::kCharset:
      return "charset";
    case IdentifierRule::kRegion:
      return "region";
    case IdentifierRule::kBirthdate:
      return "birthdate";
    case IdentifierRule::kCategory:
      return "category";
    case IdentifierRule::kCheck:
      return "check";
    case IdentifierRule::kOrgCode:
      return "orgcode";
  }
  return "";
}

std::string NormalizeIdentifierText(std::string_view raw) {
  // Malformed text stays as it is: dropping a byte could join its neighbours to another character.
  if (!IsValidUtf8(raw)) return std::string(raw);
  std::string out;
  out.reserve(raw.size());
  for (size_t i = 0; i < raw.size();) {
    if (raw.substr(i, kWideBlank.size()) == kWideBlank) {
      i += kWideBlank.size();
    } else if (const char half = HalfWidth(raw.substr(i)); half != 0) {
      AppendNormal(half, &out);
      i += 3;
    } else {
      AppendNormal(raw[i++], &out);
    }
  }
  return out;
}

}  // namespace hangou
