// Records, changes and decisions as people and scripts see them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/record/v1/record.pb.h"
#include "libs/schema/resource_schema.h"
#include "tools/hangou/table.h"

namespace hangou {

// The texts of a record's fields, one per field index; empty where the record does not carry the field.
// Errors are those of WalkPayload: a FIELD_UNKNOWN says that the schema is older than the record.
absl::StatusOr<std::vector<std::string>> FieldTexts(const ResourceSchema& schema,
                                                    const hangou::record::v1::Record& record);

// A table of records: owner, record key where the resource has one, then every field that the decision does
// not withhold, under its Chinese title. A field that a record does not carry is "-".
class RecordTable {
 public:
  RecordTable(const ResourceSchema& schema, const hangou::record::v1::Decision& decision);
  absl::Status Add(const hangou::record::v1::Record& record);
  // The table; in blocks where it is wider than `columns`.
  std::string ToText(size_t columns) const;
  bool empty() const { return table_.empty(); }

 private:
  static std::vector<std::string> Head(const ResourceSchema& schema, const std::vector<int>& shown);

  const ResourceSchema& schema_;
  const std::vector<int> shown_;  // field indexes
  Table table_;
};

// A record as a JSON object: resource, owner, record_key, fields (money and decimals as text, so that nothing
// is rounded), provider, received, revision, position.
absl::StatusOr<nlohmann::ordered_json> RecordJson(const ResourceSchema& schema,
                                                  const hangou::record::v1::Record& record);

// A line per field that is masked or withheld: "withheld: name 标题 (NEGATIVE_LIST entry: legal basis)".
std::string DecisionText(const ResourceSchema& schema, const hangou::record::v1::Decision& decision);
// The same as a JSON object: epoch, masked and withheld.
nlohmann::ordered_json DecisionJson(const ResourceSchema& schema,
                                    const hangou::record::v1::Decision& decision);
// "NEGATIVE_LIST entry: legal basis", as far as it is set; `given`: the field is given in part, by a grant.
std::string BasisText(const hangou::record::v1::FieldBasis& basis, bool given);
// "population/17@4711".
std::string PositionText(const hangou::record::v1::Position& position);

}  // namespace hangou
