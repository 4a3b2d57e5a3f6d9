#include "libs/metrics/metrics_page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <sstream>
#include <vector>

#include "libs/base/clock.h"

namespace hangou {
namespace {

const char* NameOf(MetricLabel label) {
  switch (label) {
    case MetricLabel::kAction:
      return "action";
    case MetricLabel::kCode:
      return "code";
    case MetricLabel::kGroup:
      return "group";
    case MetricLabel::kLibrary:
      return "library";
    case MetricLabel::kMethod:
      return "method";
    case MetricLabel::kOutcome:
      return "outcome";
    case MetricLabel::kReason:
      return "reason";
    case MetricLabel::kVersion:
      return "version";
  }
  return "";
}

double Seconds(int64_t us) { return static_cast<double>(us) / kUsPerSecond; }

}  // namespace

struct MetricsPage::Families {
  // A new sample of a family.
  prometheus::ClientMetric& Add(std::string_view name, std::string_view help, prometheus::MetricType type,
                                MetricLabels labels) {
    prometheus::MetricFamily& family = by_name[std::string(name)];
    family.name = name;
    family.help = help;
    family.type = type;
    prometheus::ClientMetric& sample = family.metric.emplace_back();
    for (const auto& [label, value] : labels) sample.label.push_back({NameOf(label), std::string(value)});
    return sample;
  }

  std::map<std::string, prometheus::MetricFamily> by_name;
};

MetricsPage::MetricsPage() : families_(std::make_unique<Families>()) {}
MetricsPage::~MetricsPage() = default;

void MetricsPage::Counter(std::string_view name, std::string_view help, MetricLabels labels, double value) {
  families_->Add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

void MetricsPage::Gauge(std::string_view name, std::string_view help, MetricLabels labels, double value) {
  families_->Add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void MetricsPage::Histogram(std::string_view name, std::string_view help, MetricLabels labels,
                            const DurationCounts& counts) {
  auto& histogram = families_->Add(name, help, prometheus::MetricType::Histogram, labels).histogram;
  histogram.sample_count = counts.count;
  histogram.sample_sum = Seconds(counts.sum_us);
  uint64_t below = 0;
  for (size_t i = 0; i < kDurationBoundsUs.size(); ++i) {
    below += counts.buckets[i];
    histogram.bucket.push_back({below, Seconds(kDurationBoundsUs[i])});
  }
}

std::string MetricsPage::Text() const {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(families_->by_name.size());
  for (const auto& [name, family] : families_->by_name) families.push_back(family);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace hangou
