#include "services/catalog/placement_keeper.h"

#include <google/protobuf/util/message_differencer.h>
#include <spdlog/spdlog.h>

#include "libs/base/status.h"
#include "services/catalog/placement_plan.h"

namespace hangou {
namespace {

// Leases after which a replica that has not renewed here is gone: it may have renewed at the former writer just before.
constexpr int64_t kGraceLeases = 2;

}  // namespace

PlacementKeeper::PlacementKeeper(PolicyTopic& topic, LeaseBook& leases, const Clock& clock, int64_t lease_ms,
                                 hangou::catalog::v1::Layout layout)
    : topic_(topic),
      leases_(leases),
      clock_(clock),
      lease_us_(lease_ms * kUsPerMs),
      layout_(std::move(layout)) {}

void PlacementKeeper::Begin() {
  writer_since_us_ = clock_.BootUs();
  Keep();
}

void PlacementKeeper::Keep() {
  if (!topic_.IsWriter()) return;
  hangou::catalog::v1::Placement now = topic_.state().placement();
  if (!now.has_layout()) *now.mutable_layout() = layout_;
  const bool keep_absent = clock_.BootUs() < writer_since_us_ + kGraceLeases * lease_us_;
  hangou::catalog::v1::Placement planned = PlanPlacement(now, leases_.Live(), keep_absent);
  if (google::protobuf::util::MessageDifferencer::Equals(planned, topic_.state().placement())) return;
  absl::Status status = topic_.CatchUp();
  if (status.ok()) {
    status = topic_.Append(topic_.state().PlanPlacement(std::move(planned), clock_.UtcUs()));
  }
  // It is planned again with the next look.
  if (!status.ok()) spdlog::warn("the placement could not be written: {}", Message(status));
}

}  // namespace hangou
