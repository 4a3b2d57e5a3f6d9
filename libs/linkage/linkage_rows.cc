#include "libs/linkage/linkage_rows.h"

#include <xxhash.h>

#include "libs/base/status.h"

namespace hangou {

uint64_t MixHash(uint64_t hash, uint64_t other) {
  const uint64_t both[] = {hash, other};
  return XXH3_64bits(both, sizeof both);
}

LinkageRows::LinkageRows(const CompiledLinkage& rule, int32_t today)
    : rule_(rule),
      context_{rule.rule.home_division(), today},
      columns_(static_cast<size_t>(rule.rule.fields_size())) {
  for (Column& column : columns_) {
    column.texts.emplace_back();
    column.hashes.push_back(0);
    column.outlines.emplace_back();
    column.frequencies.push_back(0);
  }
}

absl::Status LinkageRows::Add(LinkageSide side, const std::vector<std::string_view>& cells) {
  HANGOU_CHECK(cells.size() == columns_.size(), "a record of a linkage has a cell per field");
  HANGOU_CHECK(side == LinkageSide::kRight || left_count_ == count_, "the left table comes first");
  if (count_ == kLinkageRows) {
    return MakeError(Reason::kInvalidRequest, "a linkage takes " + std::to_string(kLinkageRows) +
                                                  " records; split the tables, by division say");
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    const auto& field = rule_.rule.fields(static_cast<int>(i));
    FormedValue value = FormValue(field.form(), cells[i], context_);
    if (field.length() > 0) value.text.resize(std::min<size_t>(value.text.size(), field.length()));
    const uint32_t number = value.text.empty() ? 0 : NumberOf(std::move(value.text), &column);
    ++column.frequencies[number];
    column.values.push_back(number);
    column.valid.push_back(value.valid);
  }
  ++count_;
  if (side == LinkageSide::kLeft) ++left_count_;
  return absl::OkStatus();
}

uint32_t LinkageRows::NumberOf(std::u32string text, Column* column) {
  const uint64_t hash = XXH3_64bits(text.data(), text.size() * sizeof(char32_t));
  for (uint64_t key = hash;; ++key) {
    const auto [at, added] = column->numbers.try_emplace(key, static_cast<uint32_t>(column->texts.size()));
    if (!added && column->texts[at->second] != text) continue;
    if (added) {
      column->hashes.push_back(hash);
      column->frequencies.push_back(0);
      column->outlines.push_back(OutlineOf(text));
      column->texts.push_back(std::move(text));
    }
    return at->second;
  }
}

uint64_t LinkageRows::RecordHash(uint32_t record) const {
  uint64_t hash = 0;
  for (size_t i = 0; i < columns_.size(); ++i) hash = MixHash(hash, HashOf(i, Value(i, record)));
  return hash;
}

}  // namespace hangou
