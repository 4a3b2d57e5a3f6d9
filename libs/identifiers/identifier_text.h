// A short text that lives where it stands: checking an identifier allocates nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace hangou {

// Longest identifier in normal form, in bytes. The longest kind, a certificate id, has some 90.
inline constexpr size_t kIdentifierBytes = 256;

// Text of at most kIdentifierBytes bytes. A value type.
class IdentifierText {
 public:
  IdentifierText() = default;
  // Takes the first kIdentifierBytes bytes.
  explicit IdentifierText(std::string_view text) { Append(text); }

  std::string_view view() const { return {bytes_.data(), size_}; }
  // NOLINTNEXTLINE(google-explicit-constructor): it is a text
  operator std::string_view() const { return view(); }
  std::string str() const { return std::string(view()); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // False where there is no room: then nothing is appended.
  bool push_back(char c) {
    if (size_ == bytes_.size()) return false;
    bytes_[size_++] = c;
    return true;
  }
  // What there is room for.
  void Append(std::string_view text) {
    const size_t count = std::min(text.size(), bytes_.size() - size_);
    std::copy_n(text.data(), count, bytes_.data() + size_);
    size_ += count;
  }
  // Keeps the first `size` bytes, at most.
  void Cut(size_t size) { size_ = std::min(size_, size); }

  friend bool operator==(const IdentifierText& a, std::string_view b) { return a.view() == b; }

 private:
  std::array<char, kIdentifierBytes> bytes_;  // the first size_ are meaningful
  size_t size_ = 0;
};

}  // namespace hangou
