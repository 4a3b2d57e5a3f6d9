// Tables for people: columns aligned by the width that text takes in a terminal, Chinese included.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hangou {

// `text` with blanks behind it, so that it takes `columns` columns; unchanged where it is wider.
std::string PadRight(std::string_view text, size_t columns);

// `text` fit for one line of a terminal: control characters become "\n"-like escapes, and bytes that are not
// UTF-8 become "\xNN", so that data cannot move the cursor or hide.
std::string OneLine(std::string_view text);

// A table with a head. Not thread-safe.
class Table {
 public:
  // `head` has the title of each column.
  explicit Table(std::vector<std::string> head);
  // Adds a row; missing cells are empty, surplus ones are left out.
  void AddRow(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // Columns that the table takes in a terminal.
  size_t width() const;
  // The table, every line ended with "\n" and without blanks at its end.
  std::string ToText() const;
  // The same turned around, for tables wider than the terminal: a block per row, a line "title  value" per
  // cell that is not empty, an empty line between blocks.
  std::string ToBlocks() const;

 private:
  std::vector<size_t> Widths() const;

  std::vector<std::string> head_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace hangou
