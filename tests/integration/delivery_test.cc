// Delivery topics of a whole installation, read by kcat with a consumer's certificate.
#include <google/protobuf/dynamic_message.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "libs/base/status.h"
#include "libs/client/topic_subscriptions.h"
#include "libs/policy/yaml.h"
#include "tests/integration/city.h"
#include "tests/integration/cluster.h"
#include "tests/integration/kcat.h"
#include "tests/integration/workload.h"

namespace hangou {
namespace {

using namespace hangou::exchange::v1;  // NOLINT: the contract

constexpr char kDesk[] = "subscriptions/civil.desk";
constexpr char kRecords[] = "subscriptions/civil.records";

using Position = std::pair<int, int64_t>;

// What a consumer makes of the messages of a topic.
struct Received {
  std::set<Position> positions;
  std::map<std::string, KcatMessage> newest;  // by key
  int repeats = 0;
  int contradictions = 0;  // repeats with another key, or older revisions than seen that are none
};

Received Consume(const std::vector<KcatMessage>& messages) {
  Received received;
  std::map<Position, std::string> keys;
  for (const KcatMessage& message : messages) {
    const auto [known, is_new] = keys.emplace(message.position(), message.key);
    if (!is_new) {
      ++received.repeats;
      received.contradictions += known->second == message.key ? 0 : 1;
      continue;
    }
    received.positions.insert(message.position());
    KcatMessage& newest = received.newest[message.key];
    const auto revision = [](const KcatMessage& m) {
      return m.headers.empty() ? 0 : std::stoll(m.headers.at("ce_hangourevision"));
    };
    received.contradictions += revision(message) > revision(newest) ? 0 : 1;
    newest = message;
  }
  return received;
}

// A cluster with a subscription that delivers residents to a topic of civil's.
struct Delivered {
  Delivered() {
    CreateSubscriptionRequest request;
    request.set_subscription_id("desk");
    request.mutable_subscription()->set_resource("resources/psb.resident");
    request.mutable_subscription()->set_purpose("household_check");
    request.mutable_subscription()->set_start(Subscription::START_SNAPSHOT);
    const auto created = subscriptions.Create(request);
    INFO(created.status());
    REQUIRE(created.ok());
    const auto told = subscriptions.Topic(kDesk);
    REQUIRE(told.ok());
    topic = *told;
    cluster.As("tax", "consumer");
  }
  std::string IdentityOf(const std::string& who) const { return cluster.folder() + "/identities/" + who; }
  KcatAnswer Read(const std::string& name, const std::string& who = "civil-consumer") const {
    return ReadByKcat(topic.bootstrap_servers(), name, IdentityOf(who));
  }
  std::vector<KcatMessage> ReadTopic() const {
    const KcatAnswer answer = Read(topic.topic());
    INFO(answer.errors);
    REQUIRE(answer.exit_code == 0);
    return answer.messages;
  }
  // Waits until the topic holds every change that was acknowledged to the publishers.
  Received AwaitAll(Workload& workload) const {
    Received received;
    std::set<Position> wanted;
    for (const auto& position : workload.acknowledged().positions) wanted.insert(position);
    const bool complete = Eventually(
        [&] {
          received = Consume(ReadTopic());
          return std::includes(received.positions.begin(), received.positions.end(), wanted.begin(),
                               wanted.end());
        },
        60'000);
    CHECK(complete);
    return received;
  }
  hangou::catalog::v1::ApplyResponse Apply(const std::string& yaml) {
    const std::string path = cluster.folder() + "/change.yaml";
    std::ofstream(path) << yaml;
    hangou::catalog::v1::ApplyRequest request;
    const auto objects = LoadObjects(path);
    REQUIRE(objects.ok());
    for (const auto& object : *objects) *request.add_objects() = object;
    const auto applied = cluster.Named("manager-1").Apply(request);
    INFO(applied.status());
    REQUIRE(applied.ok());
    return *applied;
  }
  // Sees what a protobuf program sees of a value: field names and texts.
  std::map<std::string, std::string> Decode(const std::string& value) const {
    google::protobuf::DescriptorPool pool;
    for (const auto& file : topic.files().file()) REQUIRE(pool.BuildFile(file) != nullptr);
    google::protobuf::DynamicMessageFactory factory;
    const auto* type = pool.FindMessageTypeByName(topic.message_name());
    REQUIRE(type != nullptr);
    const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(type)->New());
    REQUIRE(message->ParseFromString(value));
    std::map<std::string, std::string> fields;
    std::vector<const google::protobuf::FieldDescriptor*> present;
    message->GetReflection()->ListFields(*message, &present);
    for (const auto* field : present) {
      fields[field->name()] = field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING
                                  ? message->GetReflection()->GetString(*message, field)
                                  : "a number";
    }
    return fields;
  }
  // The residents' newest messages are what the library answers now.
  void CheckAgainstReads(const Received& received) {
    for (const auto& [key, message] : received.newest) {
      hangou::base_library::v1::GetRequest request;
      request.set_resource("resources/psb.resident");
      request.mutable_owner()->set_id(message.headers.at("ce_subject"));
      request.mutable_context()->set_purpose("household_check");
      const auto read = civil.Get(request);
      INFO(read.status());
      REQUIRE(read.ok());
      REQUIRE(read->records_size() == 1);
      CHECK(Decode(read->records(0).payload()) == Decode(message.value.value()));
    }
  }
  Subscription::State StateOf(const char* name) { return subscriptions.Get(name)->state(); }

  Cluster cluster;
  Client& civil = cluster.As("civil", "consumer");
  TopicSubscriptions subscriptions{civil};
  DeliveryTopic topic;
};

// The newest offset of each partition.
std::map<int32_t, int64_t> EndsOf(const std::vector<KcatMessage>& messages) {
  std::map<int32_t, int64_t> ends;
  for (const KcatMessage& message : messages)
    ends[message.partition] = std::max(ends[message.partition], message.offset);
  return ends;
}

void CheckMessages(const Delivered& delivered, const std::vector<KcatMessage>& messages) {
  REQUIRE_FALSE(messages.empty());
  const KcatMessage& message = messages.front();
  CHECK(message.key.starts_with("~"));
  CHECK(message.headers.at("ce_specversion") == "1.0");
  CHECK(message.headers.at("ce_type") == "hangou.record.upsert");
  CHECK(message.headers.at("ce_source") == "resources/psb.resident");
  CHECK(message.headers.at("content-type") == "application/protobuf");
  const auto fields = delivered.Decode(message.value.value());
  CHECK(fields.at("citizen_id") == message.headers.at("ce_subject"));
  CHECK(fields.at("name") == "张三");
  CHECK(fields.contains("phone"));
}

// Nobody reads what is not theirs.
void CheckOthersReadNothing(const Delivered& delivered) {
  const KcatAnswer stranger = delivered.Read(delivered.topic.topic(), "tax-consumer");
  CHECK(stranger.exit_code != 0);
  CHECK_THAT(stranger.errors, Catch::Contains("authorization failed"));
  for (const char* topic : {"hangou.population.records", "hangou.tax.records", "hangou.policy",
                            "hangou.audit", "hangou.audit.heads", "hangou.log"}) {
    CAPTURE(topic);
    const KcatAnswer answer = delivered.Read(topic);
    CHECK(answer.exit_code != 0);
    CHECK(answer.messages.empty());
  }
}

void CheckNegativeList(Delivered& delivered, Workload& workload) {
  const auto applied = delivered.Apply(kWithholdPhone);
  REQUIRE(applied.effective());
  const auto before = EndsOf(delivered.ReadTopic());
  REQUIRE(workload.AwaitProgress(100, 60'000));
  size_t later = 0;
  for (const KcatMessage& message : delivered.ReadTopic()) {
    const auto end = before.find(message.partition);
    if (end != before.end() && message.offset <= end->second) continue;
    ++later;
    CHECK(std::stoull(message.headers.at("ce_hangouepoch")) >= applied.epoch());
    CHECK_FALSE(delivered.Decode(message.value.value()).contains("phone"));
  }
  CHECK(later > 0);
  WARN("EFFECTIVE after " << applied.effective_after_ms() << " ms, " << later << " messages behind it");
}

// What people type: the command that `hangou subscriptions show` prints reads the topic.
void CheckCommand(const Delivered& delivered) {
  const std::string hangou = "HANGOU_CONFIG=" + delivered.cluster.folder() + "/config.yaml " + HANGOU_BINARY +
                             " --identity " + delivered.IdentityOf("civil-consumer") + " ";
  const auto [shown, json] = RunCommand(hangou + "subscriptions show desk -o json");
  REQUIRE(shown == 0);
  const auto parsed = nlohmann::json::parse(json);
  CHECK(parsed["state"] == "running");
  const std::string kcat = parsed["delivery_topic"]["kcat"];
  const auto [read, printed] = RunCommand(kcat + " -e -c 3 2>&1");
  CHECK(read == 0);
  CHECK_THAT(printed, Catch::Contains("ce_id="));
  const auto [listed, table] = RunCommand(hangou + "subscriptions list");
  CHECK(listed == 0);
  CHECK_THAT(table, Catch::Contains(kDesk) && Catch::Contains("running"));
}

void CheckWithdrawal(Delivered& delivered) {
  CreateSubscriptionRequest request;
  request.set_subscription_id("records");
  auto* wanted = request.mutable_subscription();
  wanted->set_resource("resources/psb.record");
  wanted->set_purpose("household_check");
  wanted->set_case_number("2026-1");
  wanted->set_start(Subscription::START_NOW);
  const auto created = delivered.subscriptions.Create(request);
  INFO(created.status());
  REQUIRE(created.ok());
  const std::string topic = delivered.subscriptions.Topic(kRecords)->topic();
  REQUIRE(delivered.Read(topic).exit_code == 0);
  delivered.Apply("kind: Grant\nname: civil-records\nremoved: true\n");
  CHECK(Eventually([&] { return delivered.StateOf(kRecords) == Subscription::STATE_FAILED; }));
  CHECK(delivered.subscriptions.Get(kRecords)->reason() == "NO_GRANT");
  CHECK(Eventually([&] { return delivered.Read(topic).exit_code != 0; }));
  REQUIRE(delivered.subscriptions.Delete(kRecords).ok());
}

}  // namespace

TEST_CASE(
    "A consumer reads its topic by kcat and nothing else; what is withdrawn is gone, what fails is "
    "repeated") {
  Delivered delivered;
  Workload workload(delivered.cluster.As("psb", "publisher"), delivered.civil);
  REQUIRE(workload.Start());
  REQUIRE(workload.AwaitProgress(200, 60'000));
  REQUIRE(Eventually([&] { return delivered.ReadTopic().size() > 100; }, 60'000));
  CheckMessages(delivered, delivered.ReadTopic());
  CheckOthersReadNothing(delivered);
  CheckNegativeList(delivered, workload);
  CheckCommand(delivered);

  // The exchange is killed under load, twice.
  for (int i = 0; i < 2; ++i) {
    delivered.cluster.Signal("exchange-0", SIGKILL);
    REQUIRE(workload.AwaitProgress(100, 60'000));
    delivered.cluster.Up();
    REQUIRE(workload.AwaitProgress(100, 60'000));
  }
  CheckWithdrawal(delivered);
  workload.StopPublishing();
  const Received received = delivered.AwaitAll(workload);
  CHECK(received.contradictions == 0);
  delivered.CheckAgainstReads(received);
  CHECK(Eventually([&] { return delivered.subscriptions.Get(kDesk)->lag() == 0; }));
  WARN(workload.acknowledged().positions.size() << " changes acknowledged, " << received.positions.size()
                                                << " in the topic, " << received.repeats << " repeats");
  REQUIRE(delivered.subscriptions.Delete(kDesk).ok());
  CHECK(delivered.Read(delivered.topic.topic()).exit_code != 0);
}

}  // namespace hangou
