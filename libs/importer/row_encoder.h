// Rows of a file as records of a resource.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/record/v1/record.pb.h"
#include "libs/importer/conversion.h"
#include "libs/importer/mapping.h"
#include "libs/importer/row_source.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// Why a row was not taken.
struct RowProblem {
  std::string reason;   // as in reason.h
  std::string field;    // empty: the row as a whole
  std::string message;  // for people, without the value
};

// What a column of the file is, for people.
struct ColumnUse {
  std::string column;
  std::string field;       // empty: not published
  std::string type;        // of the field, as declared
  std::string conversion;  // empty: as it is
};

// Encodes rows by the names of their columns: as the mapping says, else a field's name or its Chinese title (white
// space and full-width forms make no difference); beside them "@version" (source version), "@generation",
// "@event_time" of the record, and "@line", "@reason", "@field", "@message", which a file of refused rows has and which
// are passed over. Immutable, thread-safe.
class RowEncoder {
 public:
  // `columns` are those of a CSV file or a sheet; empty for NDJSON. FIELD_UNKNOWN where the resource lacks a column;
  // INVALID_REQUEST where two columns are the same field, or the mapping does not suit file or resource.
  static absl::StatusOr<RowEncoder> Make(std::shared_ptr<const ResourceSchema> schema,
                                         const std::vector<std::string>& columns,
                                         const ImportMapping& mapping = {});
  // Fills `record`, or returns false and says why not.
  bool Encode(const Row& row, hangou::record::v1::Record* record, RowProblem* problem) const;
  // The columns as they are used, and the constants behind them.
  std::vector<ColumnUse> Uses() const;
  const ResourceSchema& schema() const { return *schema_; }

 private:
  // What a column is: a field index, or one of these.
  enum Special : int { kUnknown = -1, kVersion = -2, kGeneration = -3, kEventTime = -4, kPassedOver = -5 };
  struct Column {
    std::string name;
    int target = kUnknown;
    std::shared_ptr<const Conversion> conversion;  // null: as it is
  };

  explicit RowEncoder(std::shared_ptr<const ResourceSchema> schema) : schema_(std::move(schema)) {}
  static int TargetOf(const ResourceSchema& schema, const std::string& name);
  absl::Status AddMapping(const ImportMapping& mapping);
  absl::Status AddConstants(const ImportMapping& mapping);
  absl::Status AddColumns(const std::vector<std::string>& columns);
  Column ColumnOf(const std::string& name) const;
  absl::Status EncodeCell(const Column& column, const std::string& text,
                          hangou::record::v1::Record* record) const;
  absl::Status EncodeText(int target, const std::string& text, hangou::record::v1::Record* record) const;
  ColumnUse UseOf(const Column& column) const;

  std::shared_ptr<const ResourceSchema> schema_;
  std::map<std::string, Column> mapped_;  // by plain title
  std::vector<Column> columns_;           // of the file
  std::vector<Column> constants_;
  std::string constant_payload_;
};

}  // namespace hangou
