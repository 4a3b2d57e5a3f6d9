// What is to be sent, so that the records of a result's resource stand as its rows say.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "hangou/comparison/v1/comparison.pb.h"
#include "libs/schema/walker.h"

namespace hangou {

// A row that does not become a record.
struct ResultProblem {
  std::string clue;
  std::string reason;
  std::string message;  // without the value
};

// Compares rows with records that stand. Each is given once; records when all rows are there. What no row says any more
// is deleted, or erased where a record behind it was; records that carry no name of a clue are nobody's business here.
// Not thread-safe.
class ResultPlan {
 public:
  struct Send {
    std::string clue;
    bool is_change = false;  // of a record that stands
    hangou::record::v1::Record record;
  };

  // `schema` has its code lists; `clue_field` is one of `fields`.
  ResultPlan(std::shared_ptr<const ResourceSchema> schema, std::vector<std::string> fields,
             const std::string& clue_field)
      : schema_(std::move(schema)),
        fields_(std::move(fields)),
        clue_index_(schema_->IndexOfName(clue_field)) {}

  // Takes a row. FIELD_UNKNOWN where the resource lacks a field of the result: it was changed just now.
  absl::Status AddRow(const hangou::comparison::v1::ResultRow& row, int64_t now_us);
  // Takes a record that stands, with all its fields.
  absl::Status AddStanding(const hangou::record::v1::Record& record, int64_t now_us);
  // The records to send, when all that stands is there.
  std::vector<Send> TakeSends();

  const std::vector<hangou::base_library::v1::RecordName>& deletes() const { return deletes_; }
  const std::vector<hangou::base_library::v1::RecordName>& erases() const { return erases_; }
  const std::vector<ResultProblem>& problems() const { return problems_; }
  uint64_t created() const { return wanted_.size() - changed_ - unchanged_; }
  uint64_t changed() const { return changed_; }
  uint64_t unchanged() const { return unchanged_; }
  // Records that something else has published.
  uint64_t foreign() const { return foreign_; }

 private:
  struct Wanted {
    std::string clue;
    std::string payload;
    bool stands = false;     // a record of it does
    bool stands_so = false;  // and says the same
  };

  std::string ClueOf(const std::string& payload);

  const std::shared_ptr<const ResourceSchema> schema_;
  const std::vector<std::string> fields_;
  const int clue_index_;
  std::map<std::string, Wanted> wanted_;  // by identity
  std::set<std::string> erased_;          // clues
  std::set<std::string> refused_;         // clues
  std::vector<hangou::base_library::v1::RecordName> deletes_;
  std::vector<hangou::base_library::v1::RecordName> erases_;
  std::vector<ResultProblem> problems_;
  uint64_t changed_ = 0;
  uint64_t unchanged_ = 0;
  uint64_t foreign_ = 0;
  std::vector<FieldSlice> slices_;
  std::vector<FieldViolation> violations_;
};

}  // namespace hangou
