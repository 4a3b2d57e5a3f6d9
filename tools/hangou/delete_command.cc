// hangou delete: states that a record is no longer valid.
#include <nlohmann/json.hpp>
#include <optional>

#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/read_flags.h"
#include "tools/hangou/record_view.h"
#include "tools/hangou/words.h"

namespace hangou {

namespace base_library_v1 = hangou::base_library::v1;

namespace {

constexpr size_t kRandomIdBytes = 16;  // as a UUID

struct DeleteFlags {
  std::string resource;
  std::string id;
  std::string key;
  uint64_t version = 0;
  uint64_t generation = 0;
  std::string until;
  std::string request_id;
};

int PrintOutcome(const base_library_v1::PublishResponse& response, const Globals& globals) {
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

absl::StatusOr<int> Delete(const DeleteFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto schema, client->Schema(FullResourceName(flags.resource)));
  base_library_v1::DeleteRequest request;
  // Random, not from the content: to delete again what was published again is another request.
  request.set_request_id(flags.request_id.empty() ? "delete-" + Hex(RandomBytes(kRandomIdBytes))
                                                  : flags.request_id);
  request.set_resource(schema->name());
  base_library_v1::DeleteRequest::Item* item = request.add_items();
  *item->mutable_owner() = OwnerOf(*schema, flags.id);
  item->set_record_key(flags.key);
  item->set_source_version(flags.version);
  item->set_generation(flags.generation);
  if (!flags.until.empty()) {
    const std::optional<int32_t> day = ParseDay(flags.until);
    if (!day) return MakeError(Reason::kInvalidRequest, "give --until as a date such as 2026-01-31");
    item->set_valid_until_day(*day);
  }
  ASSIGN_OR_RETURN(const auto response, client->Delete(request));
  if (response.has_refused()) {
    const auto& refused = response.refused();
    return MakeError(ReasonFromName(refused.reason()).value_or(Reason::kInternal), refused.message(),
                     refused.field());
  }
  if (response.outcomes().empty())
    return MakeError(Reason::kInternal, "the service answered without an outcome");
  return PrintOutcome(response, globals);
}

}  // namespace

void AddDeleteCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<DeleteFlags>();
  const Flags command = app.Sub("delete", "State that a record is no longer valid (role publisher)");
  command.Add("RESOURCE", &flags->resource, "resource, such as psb.resident").Required();
  command.Add("--id", &flags->id, "identifier of the owner entity").Required();
  command.Add("--key", &flags->key, "record key, where the resource has one");
  command.Add("--version", &flags->version,
              "version of the deletion, above the stored one (versions: source)");
  command.Add("--generation", &flags->generation, "generation of the deletion");
  command.Add("--until", &flags->until, "first day on which it is not valid; today (UTC+8)");
  command.Add("--request-id", &flags->request_id, "so that the same request sent twice counts once");
  command.Footer(
      "History stays. Exit code 0: the record is deleted or was so; 3: it was not taken.\n\n"
      "Example:\n"
      "  hangou delete psb.resident --id 321002199001011234 --version 20260131");
  command.Callback([flags, line] { line->action = [flags, line] { return Delete(*flags, line->globals); }; });
}

}  // namespace hangou
