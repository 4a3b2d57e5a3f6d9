// A peer's part of comparisons over tables.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/benchmarks/compare/table_runs.h"

namespace hangou {

// A process of its own that keeps its tables in memory: a line "QUESTION" gives "KEYS AMOUNT SECONDS PEAK_MIB". Not
// thread-safe.
class TablePeer {
 public:
  // Starts a Python script with these arguments; `folder` is for the pipe that it is asked by.
  static absl::StatusOr<std::unique_ptr<TablePeer>> Start(const std::string& script,
                                                          const std::vector<std::string>& arguments,
                                                          const std::string& folder);
  // UNAVAILABLE where the process has ended.
  absl::StatusOr<TableAnswer> Ask(const std::string& question);

 private:
  struct CloseFile {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  struct CloseProcess {
    void operator()(FILE* file) const;
  };
  std::string questions_;
  std::unique_ptr<FILE, CloseProcess> answers_;
  std::unique_ptr<FILE, CloseFile> asks_;
};

}  // namespace hangou
