#include "tools/hangou/outcome_view.h"

#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "tools/hangou/record_view.h"
#include "tools/hangou/words.h"

namespace hangou {

namespace base_library_v1 = hangou::base_library::v1;

absl::StatusOr<int> PrintOnlyOutcome(const base_library_v1::PublishResponse& response,
                                     const Globals& globals) {
  if (response.has_refused()) {
    const auto& refused = response.refused();
    return MakeError(ReasonFromName(refused.reason()).value_or(Reason::kInternal), refused.message(),
                     refused.field());
  }
  if (response.outcomes().empty())
    return MakeError(Reason::kInternal, "the service answered without an outcome");
  const base_library_v1::RecordOutcome& outcome = response.outcomes(0);
  const std::string word = Word(base_library_v1::Outcome_Name(outcome.outcome()), "OUTCOME_");
  const bool taken = outcome.outcome() == base_library_v1::OUTCOME_ACCEPTED ||
                     outcome.outcome() == base_library_v1::OUTCOME_DUPLICATE ||
                     outcome.outcome() == base_library_v1::OUTCOME_STALE;
  hangou::record::v1::Position position;
  position.set_topic(response.topic());
  position.set_partition(outcome.partition());
  position.set_offset(outcome.offset());
  nlohmann::ordered_json json = {{"outcome", word}, {"violations", nlohmann::ordered_json::array()}};
  std::string text = word;
  if (outcome.outcome() == base_library_v1::OUTCOME_ACCEPTED) {
    json["position"] = PositionText(position);
    text += " at " + PositionText(position);
  }
  text += "\n";
  for (const auto& violation : outcome.violations()) {
    json["violations"].push_back(
        {{"reason", violation.reason()}, {"field", violation.field()}, {"message", violation.message()}});
    text += violation.reason() + (violation.field().empty() ? "" : " " + violation.field()) + ": " +
            violation.message() + "\n";
  }
  Print(globals.json() ? json.dump() + "\n" : text);
  return taken ? kExitDone : kExitPartly;
}

}  // namespace hangou
