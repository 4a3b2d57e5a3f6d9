#include "tools/hangou/table.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr size_t kGap = 2;  // blanks between columns: enough to tell them apart, none wasted

std::string Escaped(unsigned char byte) {
  switch (byte) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      std::array<char, 8> text;
      const int length = std::snprintf(text.data(), text.size(), "\\x%02x", byte);
      return {text.data(), static_cast<size_t>(length)};
  }
}

std::string Line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) line += PadRight(cells[i], widths[i] + kGap);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string PadRight(std::string_view text, size_t columns) {
  std::string padded(text);
  const size_t width = DisplayWidth(text);
  if (width < columns) padded.append(columns - width, ' ');
  return padded;
}

std::string OneLine(std::string_view text) {
  const bool valid = IsValidUtf8(text);
  std::string line;
  line.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080..U+009F are control characters too, and stand as C2 80..C2 9F.
    const bool c1 = valid && byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || (!valid && byte >= 0x80)) {
      line += Escaped(byte);
    } else if (c1) {
      line += Escaped(static_cast<unsigned char>(text[++i]));
    } else {
      line.push_back(text[i]);
    }
  }
  return line;
}

Table::Table(std::vector<std::string> head) : head_(std::move(head)) {
  for (std::string& title : head_) title = OneLine(title);
}

void Table::AddRow(std::vector<std::string> cells) {
  cells.resize(head_.size());
  for (std::string& cell : cells) cell = OneLine(cell);
  rows_.push_back(std::move(cells));
}

std::vector<size_t> Table::Widths() const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < head_.size(); ++i) {
    size_t width = DisplayWidth(head_[i]);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[i]));
    widths.push_back(width);
  }
  return widths;
}

size_t Table::width() const {
  size_t sum = 0;
  for (const size_t width : Widths()) sum += width + kGap;
  return sum < kGap ? 0 : sum - kGap;
}

std::string Table::ToText() const {
  const std::vector<size_t> widths = Widths();
  std::string text = Line(head_, widths);
  for (const auto& row : rows_) text += Line(row, widths);
  return text;
}

std::string Table::ToBlocks() const {
  size_t widest = 0;
  for (const std::string& title : head_) widest = std::max(widest, DisplayWidth(title));
  std::string text;
  for (const auto& row : rows_) {
    if (!text.empty()) text += "\n";
    for (size_t i = 0; i < head_.size(); ++i) {
      if (!row[i].empty()) text += PadRight(head_[i], widest + kGap) + row[i] + "\n";
    }
  }
  return text;
}

}  // namespace hangou
