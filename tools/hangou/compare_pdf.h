// Sheets that an office works with on paper: 疑点核查单.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "hangou/comparison/v1/comparison.pb.h"

namespace hangou {

// Writes a PDF of A4 pages: for each clue what was found, the rows it rests on, how it was computed, and room for the
// answer. Each clue begins on a page of its own. Fonts are those of the machine, and embedded; it needs one with
// Chinese characters. INTERNAL where the file cannot be written.
absl::Status WriteClueSheets(const std::vector<hangou::comparison::v1::GetClueResponse>& clues,
                             const std::string& path);

}  // namespace hangou
