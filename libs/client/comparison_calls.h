// Calls about comparison: rules, runs and clues.
#pragma once

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/comparison.pb.h"

namespace hangou {

class Client;

// Calls comparison of an installation; errors are those of the service. Thread-safe; `client` outlives it.
class ComparisonCalls {
 public:
  explicit ComparisonCalls(Client& client) : client_(client) {}

  absl::StatusOr<hangou::comparison::v1::ApplyRulesResponse> Apply(
      const hangou::comparison::v1::ApplyRulesRequest& request);
  // A page.
  absl::StatusOr<hangou::comparison::v1::ListRulesResponse> ListRules(
      const hangou::comparison::v1::ListRulesRequest& request);
  absl::StatusOr<hangou::comparison::v1::Run> Run(const hangou::comparison::v1::RunRuleRequest& request);
  // A page.
  absl::StatusOr<hangou::comparison::v1::ListCluesResponse> ListClues(
      const hangou::comparison::v1::ListCluesRequest& request);

 private:
  Client& client_;
};

}  // namespace hangou
