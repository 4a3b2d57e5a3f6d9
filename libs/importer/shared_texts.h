// The shared texts of a workbook: each text stands once, and cells name it by its number.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/importer/zip_file.h"

namespace hangou {

// Bytes of all shared texts of a workbook, and their number: a million rows with an address and three other texts each,
// within the memory of a small process.
constexpr size_t kSharedTextBytes = 96 << 20;
constexpr size_t kSharedTexts = 6 << 20;
// Bytes of one text: what Excel lets a cell have (32,767 characters), in UTF-8.
constexpr size_t kCellTextBytes = 128 << 10;

// Packed into blocks, because one growing text would for a while take three times its bytes. Not thread-safe.
class SharedTexts {
 public:
  // INVALID_REQUEST where they are damaged or beyond the limits.
  static absl::StatusOr<SharedTexts> Read(ZipPart& part);
  SharedTexts() = default;
  size_t size() const { return places_.size(); }
  // The text of this number, which is below size().
  std::string_view At(size_t index) const;
  // Adds a text; false where it is beyond the limits.
  bool Add(std::string_view text);

 private:
  static constexpr size_t kBlockBytes = 1 << 20;

  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_used_ = kBlockBytes;
  std::deque<uint32_t> places_;  // of the length in front of each text, counted over all blocks
};

}  // namespace hangou
