#include <algorithm>

#include "libs/importer/row_source.h"

namespace hangou {
namespace {

constexpr size_t kReadBytes = 64 << 10;  // large enough that reads cost nothing beside parsing

}  // namespace

bool RowBuffer::FillTo(size_t at) {
  while (start_ + at >= buffer_.size()) {
    if (!Fill()) return false;
  }
  return true;
}

bool RowBuffer::Fill() {
  if (!in_.good()) return false;
  buffer_.erase(0, start_);
  start_ = 0;
  const size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  in_.read(buffer_.data() + before, kReadBytes);
  buffer_.resize(before + static_cast<size_t>(in_.gcount()));
  return buffer_.size() > before;
}

void RowBuffer::Consume(size_t length) {
  const std::string_view row = Row(length);
  line_ += static_cast<uint64_t>(std::count(row.begin(), row.end(), '\n'));
  consumed_ += length;
  start_ += length;
}

void RowBuffer::SkipLine() {
  while (At(0) >= 0) {
    const std::string_view rest = std::string_view(buffer_).substr(start_);
    const size_t end = rest.find('\n');
    Consume(end == std::string_view::npos ? rest.size() : end + 1);
    if (end != std::string_view::npos) return;
  }
}

}  // namespace hangou
