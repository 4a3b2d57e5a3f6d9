// hangou subscriptions: those that deliver to topics.
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/client/topic_subscriptions.h"
#include "libs/flags/flags.h"
#include "libs/rpc/certificates.h"
#include "tools/hangou/command.h"
#include "tools/hangou/subscription_view.h"
#include "tools/hangou/table.h"

namespace hangou {

namespace exchange_v1 = hangou::exchange::v1;

namespace {

// "desk" as "subscriptions/tax.desk", of the identity in use; a full name stays.
absl::StatusOr<std::string> FullSubscriptionName(const Globals& globals, const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  ASSIGN_OR_RETURN(const ClientOptions options, OptionsOf(globals));
  ASSIGN_OR_RETURN(const IdentityInfo identity, ReadIdentityInfo(options.identity_folder));
  return "subscriptions/" + identity.caller.department + "." + name;
}

absl::StatusOr<int> ListAll(const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto all, TopicSubscriptions(*client).List());
  Table table({"NAME", "RESOURCE", "STATE", "LAG", "MESSAGES", "REASON"});
  for (const exchange_v1::Subscription& subscription : all) {
    if (globals.json()) Print(SubscriptionJson(subscription).dump() + "\n");
    table.AddRow({subscription.name(), subscription.resource(), StateWord(subscription),
                  LagText(subscription), std::to_string(subscription.delivered_messages()),
                  subscription.reason()});
  }
  if (globals.json()) return kExitDone;
  Print(table.empty() ? "no subscriptions; `hangou subscribe RESOURCE --to-topic` creates one\n"
                      : table.ToText());
  return kExitDone;
}

absl::StatusOr<int> Show(const Globals& globals, const std::string& name) {
  ASSIGN_OR_RETURN(const ClientOptions options, OptionsOf(globals));
  ASSIGN_OR_RETURN(const std::string full, FullSubscriptionName(globals, name));
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  TopicSubscriptions subscriptions(*client);
  ASSIGN_OR_RETURN(const exchange_v1::Subscription subscription, subscriptions.Get(full));
  ASSIGN_OR_RETURN(const auto topic, subscriptions.Topic(full));
  if (globals.json()) {
    nlohmann::ordered_json json = SubscriptionJson(subscription);
    json["delivery_topic"] = TopicJson(topic, options.identity_folder);
    Print(json.dump() + "\n");
  } else {
    Print(SubscriptionText(subscription) + "\n" + TopicText(topic, options.identity_folder));
  }
  return kExitDone;
}

void PrintSubscription(const Globals& globals, const exchange_v1::Subscription& subscription) {
  Print(globals.json() ? SubscriptionJson(subscription).dump() + "\n" : SubscriptionText(subscription));
}

// Pauses or resumes.
absl::StatusOr<int> ChangeDelivery(
    const Globals& globals, const std::string& name,
    absl::StatusOr<exchange_v1::Subscription> (TopicSubscriptions::*method)(const std::string&)) {
  ASSIGN_OR_RETURN(const std::string full, FullSubscriptionName(globals, name));
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  TopicSubscriptions subscriptions(*client);
  ASSIGN_OR_RETURN(const exchange_v1::Subscription subscription, (subscriptions.*method)(full));
  PrintSubscription(globals, subscription);
  return kExitDone;
}

absl::StatusOr<int> Remove(const Globals& globals, const std::string& name) {
  ASSIGN_OR_RETURN(const std::string full, FullSubscriptionName(globals, name));
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  RETURN_IF_ERROR(TopicSubscriptions(*client).Delete(full));
  Print(globals.json() ? nlohmann::ordered_json{{"deleted", full}}.dump() + "\n"
                       : full + " is deleted, with its topic\n");
  return kExitDone;
}

// A subcommand about one subscription.
template <class Run>
void AddNamed(const Flags& command, CommandLine* line, const char* word, const char* help, Run run) {
  auto name = std::make_shared<std::string>();
  const Flags sub = command.Sub(word, help);
  sub.Add("NAME", name.get(), "name, such as desk").Required();
  sub.Callback([name, line, run] { line->action = [name, line, run] { return run(line->globals, *name); }; });
}

}  // namespace

void AddSubscriptionsCommand(Flags app, CommandLine* line) {
  const Flags command = app.Sub(
      "subscriptions", "Subscriptions of your department that deliver to Kafka topics (role consumer)");
  command.NeedsSub();
  command.Footer(
      "`hangou subscribe RESOURCE --to-topic` creates one.\n\nExamples:\n"
      "  hangou subscriptions list --context tax\n"
      "  hangou subscriptions show desk --context tax");
  const Flags list = command.Sub("list", "All of them, and where they stand");
  list.Callback([line] { line->action = [line] { return ListAll(line->globals); }; });
  AddNamed(command, line, "show", "One of them, and how to read its topic", &Show);
  AddNamed(command, line, "pause", "Stop its deliveries; the topic stays readable",
           [](const Globals& globals, const std::string& name) {
             return ChangeDelivery(globals, name, &TopicSubscriptions::Pause);
           });
  AddNamed(command, line, "resume", "Go on after a pause, a withdrawal or a failure",
           [](const Globals& globals, const std::string& name) {
             return ChangeDelivery(globals, name, &TopicSubscriptions::Resume);
           });
  AddNamed(command, line, "delete", "End it, and remove its topic with what is in it", &Remove);
}

}  // namespace hangou
