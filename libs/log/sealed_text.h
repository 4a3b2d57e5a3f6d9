// Small text files that must not change unnoticed: lines, and a last line with their checksum.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace hangou {

// Replaces the file with `lines` (ending in a line feed) and a line "sum HEX16", durably.
absl::Status WriteSealedText(const std::string& path, const std::string& lines);
// The lines without the sum; DATA_LOSS where the file is missing, altered, or does not begin with `first_line`.
absl::StatusOr<std::string> ReadSealedText(const std::string& path, const std::string& first_line);

}  // namespace hangou
