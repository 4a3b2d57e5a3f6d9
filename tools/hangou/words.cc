#include "tools/hangou/words.h"

#include <algorithm>

namespace hangou {

using namespace hangou::catalog::v1;  // NOLINT: this file is about these enums

std::string Word(std::string_view enum_name, std::string_view prefix) {
  if (enum_name.starts_with(prefix)) enum_name.remove_prefix(prefix.size());
  std::string word(enum_name);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return word;
}

std::string SharingWord(SharingType sharing) {
  switch (sharing) {
    case SHARING_TYPE_UNCONDITIONAL:
      return "unconditional 无条件共享";
    case SHARING_TYPE_CONDITIONAL:
      return "conditional 有条件共享";
    case SHARING_TYPE_NOT_SHARED:
      return "not_shared 不予共享";
    default:
      return "";
  }
}

std::string KindWord(ObjectKind kind) {
  switch (kind) {
    case OBJECT_KIND_CODE_LIST:
      return "code-list";
    case OBJECT_KIND_NEGATIVE_LIST_ENTRY:
      return "negative-list";
    default:
      return Word(ObjectKind_Name(kind), "OBJECT_KIND_");
  }
}

std::optional<ObjectKind> KindFromWord(std::string_view word) {
  if (word.ends_with('s')) word.remove_suffix(1);
  for (int kind = OBJECT_KIND_DEPARTMENT; kind <= OBJECT_KIND_GRANT; ++kind) {
    if (KindWord(static_cast<ObjectKind>(kind)) == word) return static_cast<ObjectKind>(kind);
  }
  return std::nullopt;
}

}  // namespace hangou
