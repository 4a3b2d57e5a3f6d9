#include "libs/policy/code_file.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "libs/base/file.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

// Takes the cells of the next line off `text`; a quoted cell may hold commas, doubled quotes and line ends. False
// where a quote is not closed.
bool TakeLine(std::string_view* text, std::vector<std::string>* cells) {
  cells->assign(1, "");
  bool quoted = false;
  size_t at = 0;
  for (; at < text->size(); ++at) {
    const char c = (*text)[at];
    if (quoted) {
      if (c != '"') {
        cells->back() += c;
      } else if (at + 1 < text->size() && (*text)[at + 1] == '"') {
        cells->back() += '"';
        ++at;
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      cells->emplace_back();
    } else if (c == '\n') {
      ++at;
      break;
    } else if (c != '\r') {
      cells->back() += c;
    }
  }
  text->remove_prefix(at);
  return !quoted;
}

}  // namespace

absl::Status ReadCodeFile(const std::string& path, hangou::catalog::v1::CodeList* list) {
  const auto error_at = [&](int line, const std::string& what) {
    return MakeError(Reason::kInvalidObject, path + ":" + std::to_string(line) + ": " + what);
  };
  ASSIGN_OR_RETURN(const std::string content, ReadFile(path, limits::kApplyBytes));
  std::string_view text = content;
  if (!IsValidUtf8(text)) return error_at(1, "not UTF-8");
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::string> cells;
  if (!TakeLine(&text, &cells)) return error_at(1, "a quote is not closed");
  const auto code = static_cast<size_t>(std::find(cells.begin(), cells.end(), "code") - cells.begin());
  const auto title = static_cast<size_t>(std::find(cells.begin(), cells.end(), "title") - cells.begin());
  if (code == cells.size() || title == cells.size())
    return error_at(1, "the columns code and title are needed");
  const size_t columns = cells.size();
  for (int line = 2; !text.empty(); ++line) {
    if (!TakeLine(&text, &cells)) return error_at(line, "a quote is not closed");
    if (cells.size() == 1 && cells[0].empty()) continue;
    if (cells.size() != columns) return error_at(line, "as many cells are needed as the first line has");
    auto* item = list->add_codes();
    item->set_code(cells[code]);
    item->set_title(cells[title]);
  }
  return absl::OkStatus();
}

}  // namespace hangou
