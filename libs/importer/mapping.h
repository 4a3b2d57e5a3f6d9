// What a department says about the columns of its file. The keys are documented in README.md, "Files of departments".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/importer/encoding.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// Bytes of a mapping: some hundred columns with some thousand values fit.
constexpr size_t kMappingBytes = 1 << 20;

// One column of the file.
struct ColumnMapping {
  std::string column;              // its title, or its name in NDJSON
  std::string field;               // name of the field; empty: the column is ignored
  bool trim = false;               // white space around the value is taken off
  std::string unit;                // of the values; empty: that of the field
  std::string to;                  // unit of the field; money is in yuan anyway
  std::vector<std::string> dates;  // patterns of DateByPattern, or "excel"; the first that matches counts
  std::map<std::string, std::string>
      values;  // value of the file to value of the field; empty: all as they are
};

// A mapping.
struct ImportMapping {
  std::string resource;                  // empty: for any
  std::string sheet;                     // empty: the first
  std::optional<TextEncoding> encoding;  // none: detected
  std::vector<ColumnMapping> columns;
  std::vector<std::pair<std::string, std::string>> constants;  // field and value
};

// Reads a mapping. INVALID_REQUEST with `name` and the line where it is not one.
absl::StatusOr<ImportMapping> ParseMapping(const std::string& yaml, const std::string& name);
// The same of a file.
absl::StatusOr<ImportMapping> LoadMapping(const std::string& path);

// A title without white space, in lower-width forms: what is left is what people mean by it.
std::string PlainTitle(std::string_view title);

// Index of the field of this name or title, white space and full-width forms set aside; -1 where there is none, or
// more than one.
int IndexOfTitle(const ResourceSchema& schema, std::string_view title);

// A mapping to start from: the columns of a file, with the fields where they are known and as ignored where not.
std::string MappingToStartFrom(const ResourceSchema& schema, const std::vector<std::string>& columns);

}  // namespace hangou
