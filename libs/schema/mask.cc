#include <algorithm>
#include <array>

#include "libs/base/text.h"
#include "libs/schema/walker.h"

namespace hangou {
namespace {

// Compound surnames (复姓) in use. Each has two code points of three bytes.
constexpr std::array<std::string_view, 40> kCompoundSurnames = {
    "欧阳", "上官", "司马", "诸葛", "东方", "独孤", "南宫", "夏侯", "皇甫", "尉迟",
    "公孙", "慕容", "长孙", "宇文", "司徒", "司空", "令狐", "端木", "申屠", "轩辕",
    "百里", "东郭", "西门", "南郭", "呼延", "濮阳", "淳于", "太史", "公冶", "单于",
    "万俟", "闻人", "赫连", "澹台", "钟离", "鲜于", "闾丘", "拓跋", "第五", "完颜"};
constexpr size_t kCompoundSurnameBytes = 6;

// A citizen id of the 1989 edition has 15 characters; anything shorter is none, and would show nearly all of
// it.
constexpr size_t kCitizenIdShortest = 15;

bool BeginsWithCompoundSurname(std::string_view name) {
  const std::string_view head = name.substr(0, kCompoundSurnameBytes);
  return std::find(kCompoundSurnames.begin(), kCompoundSurnames.end(), head) != kCompoundSurnames.end();
}

// Code points that stay at the head and at the end of a text of `count`.
struct Kept {
  size_t head = 0;
  size_t tail = 0;
};

Kept KeptOf(MaskKind mask, std::string_view text, size_t count) {
  switch (mask) {
    case MaskKind::kNone:
      return {};
    case MaskKind::kName:
      if (count < 2) return {};
      // A name of two characters that reads like a compound surname is a surname and a given name.
      return {.head = count > 2 && BeginsWithCompoundSurname(text) ? 2u : 1u};
    case MaskKind::kCitizenId:
      return count < kCitizenIdShortest ? Kept{} : Kept{.head = 6, .tail = 4};
    case MaskKind::kKeepFirstAndLast:
      return count < 3 ? Kept{} : Kept{.head = 1, .tail = 1};
  }
  return {};
}

}  // namespace

std::string MaskText(MaskKind mask, std::string_view text) {
  const size_t count = CodePointCount(text);
  const Kept kept = KeptOf(mask, text, count);
  std::string masked;
  masked.reserve(text.size());
  size_t ordinal = 0;  // of the code point that the byte belongs to, from 1
  for (char c : text) {
    const bool starts = (static_cast<uint8_t>(c) & 0xC0) != 0x80;
    if (starts) ++ordinal;
    if (ordinal <= kept.head || ordinal > count - kept.tail) {
      masked.push_back(c);
    } else if (starts) {
      masked.push_back('*');
    }
  }
  return masked;
}

}  // namespace hangou
