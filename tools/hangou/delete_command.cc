// hangou delete: states that a record is no longer valid.
#include <optional>

#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/outcome_view.h"
#include "tools/hangou/read_flags.h"

namespace hangou {

namespace base_library_v1 = hangou::base_library::v1;

namespace {

struct DeleteFlags {
  std::string resource;
  std::string id;
  std::string key;
  uint64_t version = 0;
  uint64_t generation = 0;
  std::string until;
  std::string request_id;
};

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
  return PrintOnlyOutcome(response, globals);
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
