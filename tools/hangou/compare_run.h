// Runs under way, and clues as they change: what `hangou compare run` and `watch` show.
#pragma once

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/comparison.pb.h"
#include "tools/hangou/command.h"

namespace hangou {

// Runs a rule and shows how far it is, where standard error is a terminal and no JSON is wanted; then the run. Ctrl-C
// cancels it.
absl::StatusOr<int> RunWithProgress(const hangou::comparison::v1::RunRuleRequest& request,
                                    const Globals& globals);
// Follows a rule and shows its first run; with `clues`, prints what changes behind it, until Ctrl-C.
absl::StatusOr<int> FollowAndWatch(const hangou::comparison::v1::FollowRuleRequest& request,
                                   const hangou::comparison::v1::WatchCluesRequest* clues,
                                   const Globals& globals);
// Prints clues as they change, until Ctrl-C.
absl::StatusOr<int> PrintClueChanges(const hangou::comparison::v1::WatchCluesRequest& request,
                                     const Globals& globals);
// Prints what a run is expected to need, and what the last one did.
void ShowEstimate(const hangou::comparison::v1::ExplainRuleResponse& plan);

}  // namespace hangou
