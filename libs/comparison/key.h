// Keys of comparisons as bytes that sort part by part: what projections are ordered by.
//
//   key     = { part }
//   part    = text 0x00               person, organisation, taxpayer, text; never holds 0x00
//           | number:4, big-endian    month, quarter, year, date; the highest bit turned over
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hangou/comparison/v1/rule.pb.h"
#include "libs/comparison/value.h"

namespace hangou {

using hangou::comparison::v1::KeyKind;

// Parts of a key: person within company, and period, and contract; more is no key.
constexpr int kKeyParts = 4;
// Bytes of one part: the longest text that a person compares by. Longer ones make no key.
constexpr size_t kKeyPartBytes = 256;

// The type of a part as formulas see it.
ValueType TypeOfKey(KeyKind kind);
// True where a formula of this type may make a part of this kind.
bool MakesKey(KeyKind kind, const ValueType& type);
// Appends a part; identifiers are brought to the key under which all their spellings meet. False where the value is
// not present, empty or too long: then the row has no key.
bool AppendKeyPart(KeyKind kind, const Value& value, std::string* key);
// Reads the parts of a key back; the texts are views of it. False where it is none of these kinds.
bool ReadKey(const std::vector<KeyKind>& kinds, std::string_view key, std::vector<Value>* parts);
// Bytes of the first `count` parts of a key.
size_t PrefixBytes(const std::vector<KeyKind>& kinds, std::string_view key, size_t count);

}  // namespace hangou
