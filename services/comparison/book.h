// Rules, parameters, runs and clues as the topic of comparison has them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/comparison.pb.h"
#include "libs/base/mutex.h"
#include "libs/log/log.h"

namespace hangou {

// The topic: one partition, compacted by the names of what stands in it.
inline constexpr char kComparisonTopic[] = "hangou.comparison";

// What is written of one kind of event is kept under its name and department. Thread-safe; `log` must outlive it.
// There is one process that writes.
class ComparisonBook {
 public:
  explicit ComparisonBook(Log& log) : log_(log) {}

  // Reads the topic to the end that it has now. Once, before anything else.
  absl::Status Open();
  // Writes events durably, in their order, and takes them in. LOG_UNAVAILABLE: they may be there or not.
  absl::Status Write(const std::vector<hangou::comparison::v1::ComparisonEvent>& events, int64_t timeout_ms);

  // The rules and parameters of a department, in the order of their names.
  std::vector<hangou::comparison::v1::StoredRule> Rules(const std::string& department) const;
  std::vector<hangou::comparison::v1::ComparisonParameter> Parameters(const std::string& department) const;
  // Departments that have rules.
  std::vector<std::string> Departments() const;
  // Clues of a department for which `wanted` is true.
  std::vector<hangou::comparison::v1::Clue> Clues(
      const std::string& department,
      const std::function<bool(const hangou::comparison::v1::Clue&)>& wanted) const;
  // How many runs there were.
  uint64_t runs() const;

 private:
  struct OfDepartment {
    std::map<std::string, hangou::comparison::v1::StoredRule> rules;
    std::map<std::string, hangou::comparison::v1::ComparisonParameter> parameters;
    std::map<std::string, hangou::comparison::v1::Clue> clues;
  };

  void Take(const hangou::comparison::v1::ComparisonEvent& event) HANGOU_REQUIRES(mutex_);

  Log& log_;
  mutable Mutex mutex_;
  std::map<std::string, OfDepartment> departments_ HANGOU_GUARDED_BY(mutex_);
  uint64_t runs_ HANGOU_GUARDED_BY(mutex_) = 0;
};

}  // namespace hangou
