#include "tests/benchmarks/effective.h"

#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "tests/benchmarks/figures.h"

namespace hangou {

absl::StatusOr<std::string> MeasureEffective(const ClientOptions& options, const std::string& resource,
                                             const std::string& field, int changes) {
  ASSIGN_OR_RETURN(const auto client, Client::Connect(options));
  const std::string run = "measured-" + std::to_string(SystemClock().UtcUs()) + "-";
  std::vector<int64_t> samples;
  const int64_t begin_us = SystemClock().BootUs();
  for (int i = 0; i < changes; ++i) {
    hangou::catalog::v1::ApplyRequest request;
    auto* const entry = request.add_objects()->mutable_negative_list_entry();
    entry->set_name(run + std::to_string(i));
    entry->set_title("measured");
    entry->set_resource(FullResourceName(resource));
    entry->set_field(field);
    entry->set_legal_basis("a measurement");
    entry->set_review_date("2099-12-31");
    const int64_t sent_us = SystemClock().BootUs();
    ASSIGN_OR_RETURN(const auto applied, client->Apply(request));
    if (!applied.effective()) return MakeError(Reason::kInternal, "the change did not become effective");
    samples.push_back((SystemClock().BootUs() - sent_us) / kUsPerMs);
  }
  const double seconds =
      static_cast<double>(SystemClock().BootUs() - begin_us) / static_cast<double>(kUsPerSecond);
  const auto count = static_cast<int64_t>(samples.size());
  return FigureLine("effective", "ms", seconds, std::move(samples), count);
}

}  // namespace hangou
