#include "services/base_library/library_metrics.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "libs/base/clock.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;

// "OUTCOME_ACCEPTED" is written as "accepted".
std::string OutcomeLabel(int outcome) {
  constexpr std::string_view kPrefix = "OUTCOME_";
  const std::string name = v1::Outcome_Name(static_cast<v1::Outcome>(outcome));
  return absl::AsciiStrToLower(name.substr(std::min(kPrefix.size(), name.size())));
}

}  // namespace

void CollectLibrary(MetricsPage& page, const Library& library) {
  int number = 0;
  for (const GroupFigures& group : library.figures()) {
    const std::string group_label = std::to_string(number++);
    const MetricLabels labels = {{MetricLabel::kLibrary, library.name()}, {MetricLabel::kGroup, group_label}};
    page.Gauge("hangou_library_group_serves",
               "1 where this process owns the partition group and serves it, else 0.", labels,
               group.serves ? 1 : 0);
    page.Gauge("hangou_library_apply_lag_seconds",
               "Age of the oldest change that is appended and not yet applied; 0 where all are.", labels,
               static_cast<double>(group.lag_us) / kUsPerSecond);
    page.Counter("hangou_library_applied_records_total",
                 "Log records applied since the start, as owner or copy.", labels,
                 static_cast<double>(group.applied));
  }
  for (int outcome = v1::OUTCOME_ACCEPTED; outcome < v1::Outcome_ARRAYSIZE; ++outcome) {
    page.Counter("hangou_library_published_records_total",
                 "Records of publications and deletions, by outcome.",
                 {{MetricLabel::kLibrary, library.name()}, {MetricLabel::kOutcome, OutcomeLabel(outcome)}},
                 static_cast<double>(library.outcome_count(outcome)));
  }
}

}  // namespace hangou
