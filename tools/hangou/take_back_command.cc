// hangou recall, erase: records that should not have been there, or must not be any more.
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

struct TakeBackFlags {
  std::string resource;
  std::string id;
  std::string key;
  std::string reason;
};

// Fills what both requests have.
template <class Request>
absl::StatusOr<Request> RequestOf(Client& client, const TakeBackFlags& flags, const std::string& prefix) {
  ASSIGN_OR_RETURN(const auto schema, client.Schema(FullResourceName(flags.resource)));
  Request request;
  request.set_request_id(prefix + Hex(RandomBytes(kRandomIdBytes)));
  request.set_resource(schema->name());
  auto* item = request.add_items();
  *item->mutable_owner() = OwnerOf(*schema, flags.id);
  item->set_record_key(flags.key);
  return request;
}

absl::StatusOr<int> Recall(const TakeBackFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(auto request, RequestOf<base_library_v1::RecallRequest>(*client, flags, "recall-"));
  request.set_reason(flags.reason);
  ASSIGN_OR_RETURN(const auto response, client->Recall(request));
  return PrintOnlyOutcome(response, globals);
}

absl::StatusOr<int> Erase(const TakeBackFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(auto request, RequestOf<base_library_v1::EraseRequest>(*client, flags, "erase-"));
  request.set_legal_basis(flags.reason);
  ASSIGN_OR_RETURN(const auto response, client->Erase(request));
  return PrintOnlyOutcome(response, globals);
}

void AddNames(Flags command, TakeBackFlags* flags) {
  command.Add("RESOURCE", &flags->resource, "resource, such as psb.resident").Required();
  command.Add("--id", &flags->id, "identifier of the owner entity").Required();
  command.Add("--key", &flags->key, "record key, where the resource has one");
}

}  // namespace

void AddRecallCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<TakeBackFlags>();
  const Flags command =
      app.Sub("recall", "Take back a record that should not have been published (role publisher)");
  AddNames(command, flags.get());
  command.Add("--reason", &flags->reason, "why, for those who received it").Required();
  command.Footer(
      "It is not served any more, nor is any revision before it; those who received it are told and confirm\n"
      "(see hangou recalls). It is kept for the audit. What is right may be published again, under the same "
      "version.\n\n"
      "Example:\n"
      "  hangou recall psb.resident --id 321002199001011234 --reason '登记对象有误'");
  command.Callback([flags, line] { line->action = [flags, line] { return Recall(*flags, line->globals); }; });
}

void AddEraseCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<TakeBackFlags>();
  const Flags command = app.Sub("erase", "Erase a record with all its history (role publisher)");
  AddNames(command, flags.get());
  command.Add("--legal-basis", &flags->reason, "law or decision that it rests on").Required();
  command.Footer(
      "Its bytes leave the views at once and the log within a day; those who received it are told and "
      "confirm.\n"
      "This cannot be undone.\n\n"
      "Example:\n"
      "  hangou erase psb.resident --id 321002199001011234 --legal-basis '《个人信息保护法》第四十七条'");
  command.Callback([flags, line] { line->action = [flags, line] { return Erase(*flags, line->globals); }; });
}

}  // namespace hangou
