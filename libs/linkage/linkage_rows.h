// The records of a linkage: the values of a rule's fields, each text stored once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "libs/linkage/distance.h"
#include "libs/linkage/linkage_rule.h"
#include "libs/linkage/value_form.h"

namespace hangou {

// Records of both tables together: a record has some 5 bytes per field beside the texts that no other has.
constexpr uint32_t kLinkageRows = 50'000'000;

// Which table a record is of.
enum class LinkageSide : uint8_t { kLeft, kRight };

// Records are numbered from 0, those of the left table first. Immutable once filled; then thread-safe.
class LinkageRows {
 public:
  // `rule` outlives the rows; `today` is a day number (UTC+8).
  LinkageRows(const CompiledLinkage& rule, int32_t today);

  // Adds a record: a cell per field of the rule. All of the left table come first. INVALID_REQUEST where there are too
  // many.
  absl::Status Add(LinkageSide side, const std::vector<std::string_view>& cells);
  // Takes the trust from an identifier: nobody is linked by it alone.
  void Distrust(size_t field, uint32_t record) { columns_[field].valid[record] = false; }

  uint32_t count() const { return count_; }
  uint32_t left_count() const { return left_count_; }
  uint32_t right_count() const { return count_ - left_count_; }
  // The number of the value of a record in a field, the same for the same text; 0: missing.
  uint32_t Value(size_t field, uint32_t record) const { return columns_[field].values[record]; }
  bool IsValid(size_t field, uint32_t record) const { return columns_[field].valid[record]; }
  // The text of a value.
  const std::u32string& Text(size_t field, uint32_t value) const { return columns_[field].texts[value]; }
  const TextOutline& Outline(size_t field, uint32_t value) const { return columns_[field].outlines[value]; }
  // A hash of the text of a value, which does not depend on the order of the records.
  uint64_t HashOf(size_t field, uint32_t value) const { return columns_[field].hashes[value]; }
  // How many records have the value.
  uint32_t Frequency(size_t field, uint32_t value) const { return columns_[field].frequencies[value]; }
  // A hash of all values of a record.
  uint64_t RecordHash(uint32_t record) const;

 private:
  // Values of a field. The texts are numbered as they come; the first is the missing one.
  struct Column {
    std::vector<uint32_t> values;
    std::vector<bool> valid;
    std::vector<std::u32string> texts;
    std::vector<uint64_t> hashes;
    std::vector<TextOutline> outlines;
    std::vector<uint32_t> frequencies;
    std::unordered_map<uint64_t, uint32_t>
        numbers;  // by hash, or by the next free one where two texts have the same
  };

  static uint32_t NumberOf(std::u32string text, Column* column);

  const CompiledLinkage& rule_;
  const FormContext context_;
  std::vector<Column> columns_;
  uint32_t count_ = 0;
  uint32_t left_count_ = 0;
};

// Mixes hashes, in their order.
uint64_t MixHash(uint64_t hash, uint64_t other);

}  // namespace hangou
