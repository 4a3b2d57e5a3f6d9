// Clues as sheets that offices fill in, and what they have filled in.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/clue.pb.h"
#include "tools/hangou/compare_view.h"

namespace hangou {

// An empty sheet of clues; `titles` has the Chinese titles of rules and offices by name.
ListReport MakeClueSheet();
// Adds a clue to a sheet.
void AddClueRow(const hangou::comparison::v1::Clue& clue, const std::map<std::string, std::string>& titles,
                ListReport* sheet);

// A row that was filled in.
struct FeedbackRow {
  uint64_t line = 0;
  hangou::comparison::v1::ClueAnswer answer;
  std::string problem;  // why it cannot be sent; empty: it can
};

// The result that a person wrote, in Chinese or as `verified`; unspecified where it is none.
hangou::comparison::v1::ClueState ResultOf(const std::string& text);
// Reads a sheet, CSV or workbook; rows without a result are left out. INVALID_REQUEST where columns are missing.
absl::StatusOr<std::vector<FeedbackRow>> ReadFeedback(const std::string& path);

}  // namespace hangou
