// The metrics of a process at one instant, in Prometheus' terms.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "libs/metrics/duration_histogram.h"

namespace hangou {

// Every label that a metric may carry. The values of each come from a closed set, so that the number of series is
// bounded; nothing here can name a department, a person, an organisation, a resource or a case.
enum class MetricLabel {
  kAction,   // of an audit entry
  kCode,     // canonical code of a status
  kGroup,    // number of a partition group
  kLibrary,  // base library
  kMethod,   // "hangou.base_library.v1.BaseLibrary/Get"
  kOutcome,  // of a record, or of a decision
  kReason,   // libs/base/reason.h; "NONE" where an error has none
  kVersion,  // of the program
};

using MetricLabels = std::initializer_list<std::pair<MetricLabel, std::string_view>>;

// What the sources of a registry write to. Names are hangou_AREA_WHAT_UNIT, counters end in _total, units are seconds
// and bytes; `help` says in one sentence what is counted. Samples of one name stand in one family, whoever adds them,
// and differ in their labels. Not thread-safe.
class MetricsPage {
 public:
  MetricsPage();
  ~MetricsPage();

  // What only grows, from 0 at the start of the process.
  void Counter(std::string_view name, std::string_view help, MetricLabels labels, double value);
  // What goes up and down.
  void Gauge(std::string_view name, std::string_view help, MetricLabels labels, double value);
  // Durations, in seconds.
  void Histogram(std::string_view name, std::string_view help, MetricLabels labels,
                 const DurationCounts& counts);
  // Everything in Prometheus' text format, families in the order of their names.
  std::string Text() const;

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace hangou
