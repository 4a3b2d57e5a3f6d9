#include "tests/integration/city.h"

#include <grpcpp/grpcpp.h>
#include <poll.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "hangou/audit/v1/entry.pb.h"
#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/file.h"
#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"
#include "libs/log/embedded_log.h"
#include "libs/log/kafka_log.h"
#include "libs/log/log_copy.h"
#include "libs/policy/yaml.h"
#include "libs/rpc/certificates.h"
#include "libs/schema/text_codec.h"
#include "services/standalone/installation.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;

namespace {

// Few, because a broker pays for each, and enough for several groups and partitions of a group.
constexpr int32_t kPartitionsOnKafka = 8;
constexpr int32_t kGroupsOnKafka = 2;

// A variable of the environment; empty where it is not set.
std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::StatusOr<std::unique_ptr<Log>> OpenKafka(const std::string& topic_prefix,
                                               const std::string& log_id = "") {
  const std::string fixture = Environment("HANGOU_TEST_KAFKA");
  ASSIGN_OR_RETURN(const std::string address, ReadFile(fixture + "/broker/address"));
  KafkaSettings settings;
  settings.bootstrap_servers = address.substr(0, address.find('\n'));
  settings.identity_folder = fixture + "/identities/catalog";
  settings.topic_prefix = topic_prefix;
  settings.log_id = log_id;
  settings.replication_factor = 1;
  settings.min_insync_replicas = 1;
  return KafkaLog::Open(settings);
}

}  // namespace

City::City(bool empty)
    : topic_prefix_("test." + Hex(RandomBytes(6)) + "."),
      on_kafka_(Environment("HANGOU_TEST_LOG") == "kafka") {
  const absl::Status started = Start();
  INFO(Message(started));
  REQUIRE(started.ok());
  if (empty) return;
  const auto yaml = ReadFile(std::string(HANGOU_SOURCE_DIR) + "/tests/integration/city.yaml");
  REQUIRE(yaml.ok());
  Apply(*yaml);
}

absl::Status City::Start() {
  StandaloneOptions options;
  options.data = folder_.path();
  options.address = address_;
  if (on_kafka_) {
    options.partitions = kPartitionsOnKafka;
    options.groups = kGroupsOnKafka;
    options.open_log = [this] { return OpenKafka(topic_prefix_); };
  }
  ASSIGN_OR_RETURN(standalone_, Standalone::Start(options));
  address_ = standalone_->address();
  return absl::OkStatus();
}

void City::Restart() {
  Stop();
  const absl::Status started = Start();
  INFO(Message(started));
  REQUIRE(started.ok());
  // Clients that tried to connect while nobody listened try again only after a pause; until then their calls fail.
  for (const auto& [name, client] : clients_) {
    for (const char* service : {"catalog", "population", "exchange", "audit"}) {
      const auto channel = client->ChannelTo(service);
      REQUIRE(channel.ok());
      REQUIRE((*channel)->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)));
    }
  }
}

void City::MoveToKafka() {
  Stop();
  {
    const auto from = EmbeddedLog::Open(InstallationPaths{data()}.log(), SystemClock());
    REQUIRE(from.ok());
    const auto to = OpenKafka(topic_prefix_, (*from)->log_id());
    INFO(Message(to.status()));
    REQUIRE(to.ok());
    const auto copied = CopyLog(**from, (*from)->Topics(), **to, [](int64_t) {});
    INFO(Message(copied.status()));
    REQUIRE(copied.ok());
    REQUIRE((*from)->Retire("the broker").ok());
  }
  on_kafka_ = true;
  Restart();
}

Client& City::ClientOf(const std::string& identity_name) {
  auto& client = clients_[identity_name];
  if (!client) {
    auto connected =
        Client::Connect({address_, InstallationPaths{folder_.path()}.identity(identity_name), 20'000});
    INFO(Message(connected.status()));
    REQUIRE(connected.ok());
    client = std::move(*connected);
  }
  return *client;
}

std::string City::IdentityFolder(const std::string& department, const std::string& role) {
  const InstallationPaths paths{folder_.path()};
  const std::string folder = paths.identity(department + "-" + role);
  if (!std::filesystem::exists(folder + "/tls.key")) {
    IdentityRequest request;
    request.department = department;
    request.role = role;
    request.workload = "test";
    REQUIRE(IssueIdentity(paths.ca(), request, folder).ok());
  }
  return folder;
}

Client& City::As(const std::string& department, const std::string& role) {
  IdentityFolder(department, role);
  return ClientOf(department + "-" + role);
}

Client& City::Manager(int number) { return ClientOf("manager-" + std::to_string(number)); }
Client& City::Auditor() { return ClientOf("auditor"); }

hangou::catalog::v1::ApplyResponse City::Apply(const std::string& yaml) {
  TempFolder folder;
  const std::string path = folder.path() + "/objects.yaml";
  std::ofstream(path) << yaml;
  const auto objects = LoadObjects(path);
  INFO(Message(objects.status()));
  REQUIRE(objects.ok());
  hangou::catalog::v1::ApplyRequest request;
  for (const auto& object : *objects) *request.add_objects() = object;
  auto applied = Manager(1).Apply(request);
  INFO(Message(applied.status()));
  REQUIRE(applied.ok());
  if (applied->waiting_change().empty()) return *applied;
  auto approved = Manager(2).Approve(applied->waiting_change());
  INFO(Message(approved.status()));
  REQUIRE(approved.ok());
  return *approved;
}

std::string City::Payload(const std::string& resource, const Row& row) {
  const auto schema = Manager().Schema(FullResourceName(resource));
  INFO(Message(schema.status()));
  REQUIRE(schema.ok());
  std::string payload;
  for (const auto& [name, text] : row) {
    const int index = (*schema)->IndexOfName(name);
    REQUIRE(index >= 0);
    REQUIRE(EncodeField((*schema)->fields()[index], text, &payload).ok());
  }
  return payload;
}

v1::PublishResponse City::PublishBatch(const std::string& department, const v1::PublishRequest& request) {
  Client& client = As(department, "publisher");
  const auto channel = client.ChannelTo("population");
  REQUIRE(channel.ok());
  const auto stub = v1::BaseLibrary::NewStub(*channel);
  v1::PublishResponse response;
  grpc::Status status;
  bool answered = false;
  // Again where the connection was lost, as publishers do: that of before a restart may end with this very batch.
  Eventually([&] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const auto stream = stub->Publish(&context);
    answered = stream->Write(request) && stream->WritesDone() && stream->Read(&response);
    status = stream->Finish();
    return status.error_code() != grpc::StatusCode::UNAVAILABLE;
  });
  INFO(status.error_message());
  REQUIRE(status.ok());
  REQUIRE(answered);
  return response;
}

v1::PublishResponse City::Publish(const std::string& department, const std::string& resource,
                                  const std::vector<std::string>& payloads, const std::string& request_id,
                                  uint64_t source_version) {
  v1::PublishRequest request;
  request.set_request_id(request_id);
  request.set_resource(FullResourceName(resource));
  for (const std::string& payload : payloads) {
    auto* record = request.add_records();
    record->set_payload(payload);
    record->set_source_version(source_version);
  }
  return PublishBatch(department, request);
}

absl::StatusOr<v1::GetResponse> City::Get(const std::string& department, const std::string& resource,
                                          const std::string& id, const std::string& purpose,
                                          const std::string& case_number) {
  v1::GetRequest request;
  request.set_resource(FullResourceName(resource));
  request.mutable_owner()->set_id(id);
  request.mutable_context()->set_purpose(purpose);
  request.mutable_context()->set_case_number(case_number);
  return As(department, "consumer").Get(request);
}

std::map<std::string, std::string> City::Fields(const std::string& resource,
                                                const hangou::record::v1::Record& record) {
  const auto schema = Manager().Schema(FullResourceName(resource));
  REQUIRE(schema.ok());
  std::vector<FieldSlice> slices;
  REQUIRE(WalkPayload(**schema, record.payload(), &slices).ok());
  std::map<std::string, std::string> fields;
  for (const FieldSlice& slice : slices) {
    const FieldSchema& field = (*schema)->fields()[slice.index];
    fields[field.name] = DecodeField(field, slice);
  }
  return fields;
}

std::vector<hangou::audit::v1::Entry> City::AuditEntries() {
  std::vector<hangou::audit::v1::Entry> entries;
  ChainVerifier verifier;
  hangou::audit::v1::ListEntriesRequest request;
  request.set_page_size(1000);
  request.set_from_sequence(1);
  do {
    absl::StatusOr<hangou::audit::v1::ListEntriesResponse> page;
    // Everything that is durable before this call, also on a machine that is slow to index it.
    REQUIRE(Eventually([&] {
      page = Auditor().ListEntries(request);
      return !page.ok() || page->behind() == 0;
    }));
    INFO(Message(page.status()));
    REQUIRE(page.ok());
    for (const auto& chained : page->entries()) {
      hangou::audit::v1::Entry entry;
      REQUIRE(entry.ParseFromString(chained.entry()));
      REQUIRE(verifier.Add({entry.sequence(), chained.entry(), chained.hash()}).ok());
      entries.push_back(std::move(entry));
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return entries;
}

std::string CitizenId(int number) {
  const int serial = number % 1000;
  const auto day = DayFromCivil(1950, 1, 1);
  std::string birth = FormatDay(*day + number / 1000 * 37);
  birth = birth.substr(0, 4) + birth.substr(5, 2) + birth.substr(8, 2);
  std::string digits = std::to_string(serial);
  digits.insert(0, 3 - digits.size(), '0');
  const std::string first17 = "321002" + birth + digits;
  return first17 + CitizenIdCheck(first17);
}

std::string Uscc(int number) {
  std::string body = std::to_string(number);
  body.insert(0, 8 - body.size(), '0');
  const std::string first17 = "91321002" + body + OrganizationCodeCheck(body);
  return first17 + UsccCheck(first17);
}

Row Resident(const std::string& citizen_id, const std::string& name, int version) {
  return {{"citizen_id", citizen_id},
          {"name", name},
          {"sex", "1"},
          {"address", "扬州市广陵区文昌路1号"},
          {"phone", "13800005678"},
          {"updated_at", FormatInstant(1'700'000'000'000'000 + version * 1'000'000LL)}};
}

bool Eventually(const std::function<bool()>& condition, int64_t timeout_ms) {
  const int64_t until_us = SystemClock().BootUs() + timeout_ms * kUsPerMs;
  while (!condition()) {
    if (SystemClock().BootUs() > until_us) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

}  // namespace hangou
