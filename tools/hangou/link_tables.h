// The tables of `hangou link`: read into the records of a linkage, and what came of them written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/linkage/linker.h"

namespace hangou {

// How people find a record again: its text in the rule's record column, or else its line.
using RecordNames = std::vector<std::string>;

// Reads a table (CSV or a workbook) into `rows`, and adds a name per record. Returns how many rows could not be read
// and are left out. INVALID_REQUEST where a column of the rule is missing.
absl::StatusOr<uint64_t> ReadLinkageTable(const CompiledLinkage& rule, LinkageSide side,
                                          const std::string& path, LinkageRows* rows, RecordNames* names);

// Writes the pairs of a decision, with their reasons: a JSON object a line where the path ends with .json or .ndjson,
// else CSV. STORE_FULL or INTERNAL where the disk does not take them.
absl::Status WriteLinkedPairs(const std::string& path, LinkDecision decision, const Linker& linker,
                              const LinkageResult& result, const RecordNames& left, const RecordNames& right);

}  // namespace hangou
