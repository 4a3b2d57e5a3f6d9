// hangou recalls: what was recalled or erased after it had been delivered, and who has confirmed.
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/client/topic_subscriptions.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/record_view.h"
#include "tools/hangou/table.h"
#include "tools/hangou/words.h"

namespace hangou {

namespace exchange_v1 = hangou::exchange::v1;

namespace {

struct RecallsFlags {
  bool unconfirmed = false;
  std::string confirm;
};

// Positions of one confirmation.
constexpr int kConfirmedAtOnce = 256;

std::string TimeText(bool set, const google::protobuf::Timestamp& time) {
  return set ? FormatInstant(time.seconds() * kUsPerSecond) : "-";
}

std::string RecallWord(const exchange_v1::ListRecallsResponse::Item& item) {
  return Word(exchange_v1::Change_Kind_Name(item.kind()), "KIND_");
}

// Confirms all that a subscription was told of and has not confirmed.
absl::StatusOr<int> ConfirmAll(Client& client, const std::string& subscription, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto recalls, ListRecalls(client, /*unconfirmed=*/true));
  exchange_v1::ConfirmRecallRequest request;
  request.set_subscription(subscription);
  int64_t confirmed = 0;
  const auto send = [&]() -> absl::Status {
    if (request.positions().empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const auto response, ConfirmRecall(client, request));
    confirmed += response.confirmed();
    request.clear_positions();
    return absl::OkStatus();
  };
  for (const auto& item : recalls) {
    if (!item.subscription().ends_with("." + subscription)) continue;
    *request.add_positions() = item.position();
    if (request.positions_size() == kConfirmedAtOnce) RETURN_IF_ERROR(send());
  }
  RETURN_IF_ERROR(send());
  Print(globals.json() ? nlohmann::ordered_json({{"confirmed", confirmed}}).dump() + "\n"
                       : std::to_string(confirmed) + " confirmed\n");
  return kExitDone;
}

absl::StatusOr<int> Recalls(const RecallsFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  if (!flags.confirm.empty()) return ConfirmAll(*client, flags.confirm, globals);
  ASSIGN_OR_RETURN(const auto recalls, ListRecalls(*client, flags.unconfirmed));
  Table table({"SUBSCRIPTION", "RESOURCE", "WHAT", "POSITION", "DELIVERED", "CONFIRMED"});
  for (const auto& item : recalls) {
    const std::string delivered = TimeText(item.has_delivery_time(), item.delivery_time());
    const std::string confirmed = TimeText(item.has_confirm_time(), item.confirm_time());
    table.AddRow({item.subscription(), item.resource(), RecallWord(item), PositionText(item.position()),
                  delivered, confirmed});
    if (!globals.json()) continue;
    Print(nlohmann::ordered_json({{"subscription", item.subscription()},
                                  {"resource", item.resource()},
                                  {"kind", RecallWord(item)},
                                  {"position", PositionText(item.position())},
                                  {"delivered", delivered},
                                  {"confirmed", confirmed}})
              .dump() +
          "\n");
  }
  if (!globals.json()) Print(table.ToText());
  return kExitDone;
}

}  // namespace

void AddRecallsCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<RecallsFlags>();
  const Flags command = app.Sub("recalls", "List recalls and erasures that were delivered, or confirm them");
  command.Add("--unconfirmed", &flags->unconfirmed, "only those that wait for a confirmation");
  command.Add("--confirm", &flags->confirm,
              "confirm that all that this subscription was told of is removed (role consumer)");
  command.Footer(
      "A consumer sees those of its subscriptions, a publisher those of what its department provided.\n\n"
      "Examples:\n"
      "  hangou recalls --unconfirmed\n"
      "  hangou recalls --confirm residents");
  command.Callback(
      [flags, line] { line->action = [flags, line] { return Recalls(*flags, line->globals); }; });
}

}  // namespace hangou
