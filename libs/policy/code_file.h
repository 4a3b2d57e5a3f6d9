// Code lists from CSV files.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "hangou/catalog/v1/objects.pb.h"

namespace hangou {

// Appends the codes of a CSV file (RFC 4180, UTF-8) to `list`. Its first line names the columns; those called code
// and title are taken, others are passed over. INVALID_OBJECT with file and line where something is wrong.
absl::Status ReadCodeFile(const std::string& path, hangou::catalog::v1::CodeList* list);

}  // namespace hangou
