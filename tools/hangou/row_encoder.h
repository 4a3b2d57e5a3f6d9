// Rows of a file as records of a resource.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/record/v1/record.pb.h"
#include "libs/schema/resource_schema.h"
#include "tools/hangou/row_source.h"

namespace hangou {

// Why a row was not taken.
struct RowProblem {
  std::string reason;   // as in reason.h
  std::string field;    // empty: the row as a whole
  std::string message;  // for people, without the value
};

// Encodes rows by the names of their columns: a field's name or its Chinese title; beside them "@version"
// (source version), "@generation", "@event_time" of the record, and "@line", "@reason", "@field", "@message",
// which a file of refused rows has and which are passed over. Immutable, thread-safe.
class RowEncoder {
 public:
  // `columns` are those of a CSV file; empty for NDJSON. FIELD_UNKNOWN where the resource lacks a column, or
  // INVALID_REQUEST where two columns are the same field.
  static absl::StatusOr<RowEncoder> Make(std::shared_ptr<const ResourceSchema> schema,
                                         const std::vector<std::string>& columns);
  // Fills `record`, or returns false and says why not.
  bool Encode(const Row& row, hangou::record::v1::Record* record, RowProblem* problem) const;

 private:
  // What a column is: a field index, or one of these.
  enum Special : int { kUnknown = -1, kVersion = -2, kGeneration = -3, kEventTime = -4, kPassedOver = -5 };

  explicit RowEncoder(std::shared_ptr<const ResourceSchema> schema) : schema_(std::move(schema)) {}
  int TargetOf(const std::string& name) const;
  absl::Status EncodeCell(int target, const std::string& text, hangou::record::v1::Record* record) const;

  std::shared_ptr<const ResourceSchema> schema_;
  std::vector<int> targets_;  // of the CSV columns
};

}  // namespace hangou
