#include "tools/hangou/subscription_view.h"

#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/text.h"
#include "tools/hangou/table.h"
#include "tools/hangou/words.h"

namespace hangou {

namespace exchange_v1 = hangou::exchange::v1;

namespace {

std::string InstantText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "";
  return FormatInstant(time.seconds() * kUsPerSecond + time.nanos() / 1000);
}

std::string StartWord(const exchange_v1::Subscription& subscription) {
  return Word(exchange_v1::Subscription::Start_Name(subscription.start()), "START_");
}

// A word of a shell, whatever is in it.
std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string KcatCommand(const exchange_v1::DeliveryTopic& topic, const std::string& folder) {
  std::string command = "kcat -C -b " + topic.bootstrap_servers() + " -t " + topic.topic() +
                        " -o beginning -X security.protocol=ssl";
  for (const auto& [option, file] :
       {std::pair("ca", "ca.crt"), {"certificate", "tls.crt"}, {"key", "tls.key"}}) {
    command += std::string(" -X ssl.") + option + ".location=" + Quoted(folder + "/" + file);
  }
  return command + " -f '%k %h\\n'";
}

std::string ConsumerProperties(const exchange_v1::DeliveryTopic& topic, const std::string& folder) {
  return "bootstrap.servers=" + topic.bootstrap_servers() +
         "\nsecurity.protocol=SSL\ngroup.id=" + topic.group_prefix() +
         ".main\nauto.offset.reset=earliest\nssl.truststore.type=PEM\nssl.truststore.location=" + folder +
         "/ca.crt\nssl.keystore.type=PEM\nssl.keystore.location=" + folder +
         "/consumer.pem\nkey.deserializer=org.apache.kafka.common.serialization.StringDeserializer\n"
         "value.deserializer=org.apache.kafka.common.serialization.ByteArrayDeserializer\n";
}

}  // namespace

std::string LagText(const exchange_v1::Subscription& subscription) {
  return subscription.lag() < 0 ? "not known" : std::to_string(subscription.lag());
}

std::string StateWord(const exchange_v1::Subscription& subscription) {
  return Word(exchange_v1::Subscription::State_Name(subscription.state()), "STATE_");
}

std::string SubscriptionText(const exchange_v1::Subscription& subscription) {
  Table table({"", ""});
  const auto add = [&table](const char* title, const std::string& value) {
    if (!value.empty()) table.AddRow({title, OneLine(value)});
  };
  add("name", subscription.name());
  add("resource", subscription.resource());
  add("purpose", subscription.purpose());
  add("case number", subscription.case_number());
  add("began with", StartWord(subscription));
  add("created", InstantText(subscription.create_time()));
  add("state", StateWord(subscription));
  add("reason", subscription.reason());
  add("message", subscription.message());
  add("lag", LagText(subscription));
  add("last delivery", InstantText(subscription.delivery_time()));
  add("messages", std::to_string(subscription.delivered_messages()) + " since the exchange started");
  add("policy epoch", subscription.epoch() == 0 ? "" : std::to_string(subscription.epoch()));
  add("readable by", subscription.principal().empty() ? "nobody" : subscription.principal());
  add("kept for", std::to_string(subscription.retention_days()) + " days");
  const std::string text = table.ToText();
  return text.substr(text.find('\n') + 1);  // there is nothing to say above the columns
}

nlohmann::ordered_json SubscriptionJson(const exchange_v1::Subscription& subscription) {
  nlohmann::ordered_json json = {{"name", subscription.name()},
                                 {"resource", subscription.resource()},
                                 {"purpose", subscription.purpose()},
                                 {"start", StartWord(subscription)},
                                 {"state", StateWord(subscription)},
                                 {"lag", subscription.lag()},
                                 {"delivered_messages", subscription.delivered_messages()},
                                 {"epoch", subscription.epoch()},
                                 {"principal", subscription.principal()},
                                 {"retention_days", subscription.retention_days()},
                                 {"created", InstantText(subscription.create_time())}};
  const auto add = [&json](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
  };
  add("case_number", subscription.case_number());
  add("reason", subscription.reason());
  add("message", subscription.message());
  add("last_delivery", InstantText(subscription.delivery_time()));
  return json;
}

std::string TopicText(const exchange_v1::DeliveryTopic& topic, const std::string& identity_folder) {
  Table headers({"HEADER", "MEANING"});
  for (const auto& header : topic.headers()) headers.AddRow({header.name(), header.meaning()});
  return "The topic " + topic.topic() + " has " + std::to_string(topic.partitions()) +
         " partitions. Read it with\n\n  " + KcatCommand(topic, identity_folder) +
         "\n\nor, in Java, with these properties; cat tls.key tls.crt > consumer.pem makes the key "
         "store.\n\n" +
         ConsumerProperties(topic, identity_folder) + "\nValues are protobuf messages " +
         topic.message_name() + " (`hangou describe resource NAME --proto`), revision " +
         std::to_string(topic.schema_revision()) +
         "; a deletion has none.\nKeys are keyed pseudonyms of the records.\n\n" + headers.ToText();
}

nlohmann::ordered_json TopicJson(const exchange_v1::DeliveryTopic& topic,
                                 const std::string& identity_folder) {
  nlohmann::ordered_json headers;
  for (const auto& header : topic.headers()) headers[header.name()] = header.meaning();
  return {{"topic", topic.topic()},
          {"bootstrap_servers", topic.bootstrap_servers()},
          {"partitions", topic.partitions()},
          {"group_prefix", topic.group_prefix()},
          {"principal", topic.principal()},
          {"retention_ms", topic.retention_ms()},
          {"message_name", topic.message_name()},
          {"schema_revision", topic.schema_revision()},
          {"kcat", KcatCommand(topic, identity_folder)},
          {"headers", headers}};
}

}  // namespace hangou
