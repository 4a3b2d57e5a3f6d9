// The progress line of a long command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hangou {

// What a progress line says.
struct ProgressView {
  std::string what;                // "comparing"
  std::optional<double> part;      // of the work, from 0 to 1; none: not known, and no bar
  std::vector<std::string> notes;  // "18.3 M of 30.0 M rows", the most telling first
  std::optional<int64_t> left_ms;  // an estimate
};

// The line in at most `columns` columns: what does not fit is left out, notes from the last, then the bar.
//   comparing  ███████░░░░░  61 %  18.3 M of 30.0 M rows  112 findings  0:04 left
std::string ProgressText(const ProgressView& view, size_t columns);
// "9,999" as "9999", "18.3 M": a count as a progress line has it.
std::string ShortCount(uint64_t count);

// Shows a line on standard error, where that is a terminal, some times a second. Not thread-safe.
class Progress {
 public:
  explicit Progress(const char* what, const char* unit = "rows");
  // Shows how far it is: rows (or what `unit` says) so far, and the part of the input that they are, 0 where not known.
  void Show(uint64_t rows, double part);
  // Shows a view.
  void Show(const ProgressView& view);
  // Clears the line, so that something else can be written.
  void Clear();
  // Seconds since the start.
  double seconds() const;

 private:
  bool IsDue();

  const char* const what_;  // both live for ever
  const char* const unit_;
  const bool terminal_;
  const int64_t started_us_;
  int64_t shown_us_ = 0;  // 0: nothing is shown
};

}  // namespace hangou
