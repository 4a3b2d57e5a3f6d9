// hangou subscribe: prints the changes of a resource as they are delivered, or has them delivered to a topic.
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/client/subscription.h"
#include "libs/client/topic_subscriptions.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/read_flags.h"
#include "tools/hangou/record_view.h"
#include "tools/hangou/subscription_view.h"

namespace hangou {

namespace exchange_v1 = hangou::exchange::v1;
using hangou::record::v1::Decision;

namespace {

struct SubscribeFlags {
  ReadFlags read;
  std::string name;
  std::string from;
  bool to_topic = false;
  uint64_t max = 0;  // changes; 0: without end
  bool until_caught_up = false;
  bool no_ack = false;
};

void SetStart(const std::string& from, exchange_v1::SubscribeRequest* request) {
  if (from == "snapshot") {
    request->mutable_snapshot();
  } else if (from == "now") {
    request->mutable_now();
  } else if (from.empty() || from == "cursor") {
    request->mutable_cursor();
  } else {
    request->set_token(from);
  }
}

// How each field that is not given in full is given: "masked" or "withheld".
std::map<uint32_t, std::string> Limited(const Decision& decision) {
  std::map<uint32_t, std::string> limited;
  for (const uint32_t number : decision.masked()) limited[number] = "masked";
  for (const uint32_t number : decision.withheld()) limited[number] = "withheld";
  return limited;
}

class ChangePrinter {
 public:
  ChangePrinter(Client& client, std::shared_ptr<const ResourceSchema> schema, const Globals& globals)
      : client_(client), schema_(std::move(schema)), globals_(globals) {}

  // Prints a delivery; the error of a change that cannot be read.
  absl::Status Print(const exchange_v1::Delivery& delivery) {
    PrintDecision(delivery.decision());
    for (const exchange_v1::Change& change : delivery.changes()) {
      absl::Status printed = PrintChange(change);
      if (ReasonOf(printed) == Reason::kFieldUnknown) {
        // The resource has grown since the stream began.
        ASSIGN_OR_RETURN(schema_, client_.NewestSchema(schema_->name()));
        printed = PrintChange(change);
      }
      RETURN_IF_ERROR(printed);
      ++changes_;
    }
    return absl::OkStatus();
  }
  uint64_t changes() const { return changes_; }

 private:
  void PrintDecision(const Decision& decision) {
    const std::map<uint32_t, std::string> limited = Limited(decision);
    if (seen_ && limited == limited_) return;
    if (globals_.json()) {
      const nlohmann::ordered_json json = {{"decision", DecisionJson(*schema_, decision)}};
      hangou::Print(json.dump() + "\n");
    } else if (!seen_) {
      hangou::Print("epoch " + std::to_string(decision.epoch()) + "\n" + DecisionText(*schema_, decision));
    } else {
      PrintDifference(decision, limited);
    }
    limited_ = limited;
    seen_ = true;
  }

  void PrintDifference(const Decision& decision, const std::map<uint32_t, std::string>& limited) {
    const std::string epoch = "epoch " + std::to_string(decision.epoch()) + ": ";
    for (const FieldSchema& field : schema_->fields()) {
      const auto before = limited_.find(field.number);
      const auto now = limited.find(field.number);
      const std::string was = before == limited_.end() ? "given in full" : before->second;
      const std::string is = now == limited.end() ? "given in full" : now->second;
      if (was == is) continue;
      std::string why;
      for (const auto& basis : decision.basis()) {
        if (basis.field() == field.number) why = BasisText(basis, is == "masked");
      }
      hangou::Print(epoch + field.name + " " + field.title + " is " + is + " now" +
                    (why.empty() ? "" : ": " + why) + "\n");
    }
  }

  absl::Status PrintChange(const exchange_v1::Change& change) {
    ASSIGN_OR_RETURN(auto json, RecordJson(*schema_, change.record()));
    const bool deletion = change.kind() == exchange_v1::Change::KIND_DELETION;
    const std::string kind = Word(exchange_v1::Change_Kind_Name(change.kind()), "KIND_");
    if (globals_.json()) {
      nlohmann::ordered_json line = {{"change", kind}};
      if (deletion) line["valid_until"] = FormatDay(change.valid_until_day());
      if (!change.reason().empty()) line["reason"] = change.reason();
      line.update(json);
      hangou::Print(line.dump() + "\n");
      return absl::OkStatus();
    }
    std::string line = PadRight(kind, 8) + "  " +
                       PadRight(PositionText(change.record().provenance().position()), 22) + "  " +
                       OneLine(change.record().owner().id());
    if (!change.record().record_key().empty()) line += "  " + OneLine(change.record().record_key());
    if (deletion) line += "  not valid from " + FormatDay(change.valid_until_day());
    if (!change.reason().empty()) line += "  " + OneLine(change.reason()) + "  (confirm: hangou recalls)";
    ASSIGN_OR_RETURN(const std::vector<std::string> texts, FieldTexts(*schema_, change.record()));
    for (size_t i = 0; i < texts.size(); ++i) {
      if (!texts[i].empty()) line += "  " + schema_->fields()[i].title + "=" + OneLine(texts[i]);
    }
    hangou::Print(line + "\n");
    return absl::OkStatus();
  }

  Client& client_;
  std::shared_ptr<const ResourceSchema> schema_;
  const Globals& globals_;
  std::map<uint32_t, std::string> limited_;
  bool seen_ = false;
  uint64_t changes_ = 0;
};

absl::StatusOr<int> Subscribe(const SubscribeFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto schema, client->Schema(FullResourceName(flags.read.resource)));
  SubscriptionOptions options;
  ASSIGN_OR_RETURN(*options.request.mutable_context(), ContextOf(flags.read));
  options.request.set_subscription(flags.name);
  options.request.set_resource(schema->name());
  options.acknowledge = !flags.no_ack;
  SetStart(flags.from, &options.request);
  ChangePrinter printer(*client, schema, globals);
  Subscription subscription(*client, options);
  absl::Status printed;
  const absl::Status ended = subscription.Run([&](const exchange_v1::Delivery& delivery) {
    printed = printer.Print(delivery);
    return printed.ok() && !(flags.max > 0 && printer.changes() >= flags.max) &&
           !(flags.until_caught_up && delivery.caught_up());
  });
  // Standard output holds changes only in JSON: the token goes where messages go.
  if (!subscription.token().empty()) {
    std::fprintf(stderr, "resume with: --from %s\n", subscription.token().c_str());
  }
  RETURN_IF_ERROR(printed);
  RETURN_IF_ERROR(ended);
  return kExitDone;
}

absl::StatusOr<int> SubscribeTopic(const SubscribeFlags& flags, const Globals& globals) {
  if (flags.max != 0 || flags.until_caught_up || flags.no_ack) {
    return UsageError(
        "--max, --until-caught-up and --no-ack are about what this command prints, not about a topic");
  }
  exchange_v1::CreateSubscriptionRequest request;
  request.set_subscription_id(flags.name);
  auto* subscription = request.mutable_subscription();
  subscription->set_resource(FullResourceName(flags.read.resource));
  subscription->set_purpose(flags.read.purpose);
  subscription->set_case_number(flags.read.case_number);
  if (flags.from.empty() || flags.from == "snapshot") {
    subscription->set_start(exchange_v1::Subscription::START_SNAPSHOT);
  } else if (flags.from == "now") {
    subscription->set_start(exchange_v1::Subscription::START_NOW);
  } else {
    return UsageError("a topic begins --from snapshot or now");
  }
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto created, TopicSubscriptions(*client).Create(request));
  hangou::Print(globals.json() ? SubscriptionJson(created).dump() + "\n"
                               : SubscriptionText(created) + "\n`hangou subscriptions show " + flags.name +
                                     "` says how to read its topic\n");
  return kExitDone;
}

}  // namespace

void AddSubscribeCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<SubscribeFlags>();
  const Flags command = app.Sub("subscribe", "Print the changes of a resource as they come (role consumer)");
  AddReadFlags(command, &flags->read);
  command.Add("--name", &flags->name, "name of the subscription, unique in your department").Required();
  command.Add(
      "--from", &flags->from,
      "snapshot, now, cursor (what was last acknowledged), or a token; a topic begins with the snapshot");
  command.Add("--to-topic", &flags->to_topic,
              "deliver to a Kafka topic of your own from now on, and print nothing");
  command.Add("--max", &flags->max, "stop after the delivery that reaches so many changes");
  command.Add("--until-caught-up", &flags->until_caught_up, "stop at the end of the log");
  command.Add("--no-ack", &flags->no_ack, "leave the durable cursor where it is");
  command.Footer(
      "Every delivery is acknowledged when it is printed. Changes come at least once; a change is told by "
      "its position.\n"
      "A lost connection is opened again from the last token. When the policy changes, the stream says what "
      "it gives\n"
      "from then on; when it is withdrawn, the command ends with the reason.\n\n"
      "Examples:\n"
      "  hangou subscribe psb.resident --name hall --purpose tax_collection --from snapshot\n"
      "  hangou subscribe psb.resident --name hall --purpose tax_collection --until-caught-up -o json\n"
      "  hangou subscribe psb.resident --name desk --purpose tax_collection --to-topic");
  command.Callback([flags, line] {
    line->action = [flags, line] {
      return flags->to_topic ? SubscribeTopic(*flags, line->globals) : Subscribe(*flags, line->globals);
    };
  });
}

}  // namespace hangou
