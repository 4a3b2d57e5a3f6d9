// Random kills of the whole process while departments publish, read and subscribe.
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include "hangou/audit/v1/entry.pb.h"
#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "hangou/exchange/v1/exchange.grpc.pb.h"
#include "libs/base/limits.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/log/log.h"
#include "libs/schema/text_codec.h"
#include "tests/integration/city.h"

extern char** environ;

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;

constexpr int kPeople = 40;  // per publisher: many versions of few records
constexpr int kPublishers = 3;

// The program, started on a data folder, killed and started again.
class Process {
 public:
  Process(std::string data, std::string address) : data_(std::move(data)), address_(std::move(address)) {}
  ~Process() { Kill(); }

  void Start() {
    std::string program = std::string(HANGOU_BINARY);
    std::vector<std::string> words = {program, "standalone", "--data", data_, "--listen", address_};
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, (data_ + "/process.out").c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    REQUIRE(posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  void Kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  const std::string data_;
  const std::string address_;
  pid_t pid_ = 0;
};

// What was acknowledged, by citizen id: the newest version.
struct Acknowledged {
  Mutex mutex;
  std::map<std::string, int> versions HANGOU_GUARDED_BY(mutex);
  std::set<std::pair<int, int64_t>> positions
      HANGOU_GUARDED_BY(mutex);  // partition, offset of accepted changes
  int64_t answered_reads HANGOU_GUARDED_BY(mutex) = 0;
};

struct Channels {
  std::shared_ptr<grpc::Channel> publisher;
  std::shared_ptr<grpc::Channel> consumer;
};

std::string RowOf(const ResourceSchema& schema, const std::string& id, int version) {
  std::string payload;
  for (const auto& [name, text] : Resident(id, "张三", version)) {
    REQUIRE(EncodeField(schema.fields()[schema.IndexOfName(name)], text, &payload).ok());
  }
  return payload;
}

// One try to publish a version; true where it was acknowledged.
bool PublishOnce(const Channels& channels, const std::string& payload, const std::string& request_id,
                 const std::string& id, int version, Acknowledged& acknowledged) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(3));
  context.set_wait_for_ready(true);
  const auto stream = v1::BaseLibrary::NewStub(channels.publisher)->Publish(&context);
  v1::PublishRequest request;
  request.set_request_id(request_id);
  request.set_resource("resources/psb.resident");
  request.add_records()->set_payload(payload);
  v1::PublishResponse response;
  if (!stream->Write(request) || !stream->WritesDone() || !stream->Read(&response)) {
    stream->Finish();
    return false;
  }
  stream->Finish();
  if (response.outcomes_size() != 1) return false;
  const auto& outcome = response.outcomes(0);
  if (outcome.outcome() != v1::OUTCOME_ACCEPTED && outcome.outcome() != v1::OUTCOME_DUPLICATE) return false;
  MutexLock lock(acknowledged.mutex);
  acknowledged.versions[id] = version;
  acknowledged.positions.emplace(outcome.partition(), outcome.offset());
  return true;
}

void PublishUntil(const std::atomic<bool>& stop, int publisher, const Channels& channels,
                  const ResourceSchema& schema, Acknowledged& acknowledged) {
  int version = 1;
  for (int i = 0; !stop; ++i) {
    const int person = i % kPeople;
    if (person == 0) ++version;
    const std::string id = CitizenId(publisher * 1000 + person);
    const std::string payload = RowOf(schema, id, version);
    const std::string request_id = "p" + std::to_string(publisher) + "-" + std::to_string(i);
    // The same again until it is acknowledged: what departments do.
    while (!PublishOnce(channels, payload, request_id, id, version, acknowledged)) {
      if (stop) return;
      Eventually([&] { return stop.load(); }, 20);
    }
  }
}

// What a subscriber has: every change by its position.
struct Received {
  Mutex mutex;
  std::map<std::pair<int, int64_t>, std::string> payloads HANGOU_GUARDED_BY(mutex);
  int wrong HANGOU_GUARDED_BY(mutex) = 0;
  std::atomic<bool> caught_up{false};  // the snapshot is over: from here on every change has to come
};

void SubscribeUntil(const std::atomic<bool>& stop, const Channels& channels, Received& received) {
  std::string token;
  while (!stop) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    context.set_wait_for_ready(true);
    hangou::exchange::v1::SubscribeRequest request;
    request.set_subscription("kill-test");
    request.set_resource("resources/psb.resident");
    request.mutable_context()->set_purpose("household_check");
    if (token.empty()) {
      request.mutable_snapshot();
    } else {
      request.set_token(token);
    }
    const auto stream =
        hangou::exchange::v1::Exchange::NewStub(channels.consumer)->Subscribe(&context, request);
    hangou::exchange::v1::Delivery delivery;
    while (stream->Read(&delivery)) {
      MutexLock lock(received.mutex);
      for (const auto& change : delivery.changes()) {
        const auto& position = change.record().provenance().position();
        const auto [at, fresh] = received.payloads.emplace(std::pair(position.partition(), position.offset()),
                                                           change.record().payload());
        // A repeat must be a repeat.
        if (!fresh && at->second != change.record().payload()) ++received.wrong;
      }
      token = delivery.token();
      if (delivery.caught_up()) received.caught_up = true;
      if (stop) context.TryCancel();
    }
    stream->Finish();
  }
}

void ReadUntil(const std::atomic<bool>& stop, const Channels& channels, Acknowledged& acknowledged) {
  for (int i = 0; !stop; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(3));
    context.set_wait_for_ready(true);
    v1::GetRequest request;
    request.set_resource("resources/psb.resident");
    request.mutable_owner()->set_id(CitizenId((i % kPublishers) * 1000 + i % kPeople));
    request.mutable_context()->set_purpose("household_check");
    v1::GetResponse response;
    if (v1::BaseLibrary::NewStub(channels.consumer)->Get(&context, request, &response).ok()) {
      MutexLock lock(acknowledged.mutex);
      ++acknowledged.answered_reads;
    } else {
      Eventually([&] { return stop.load(); }, 20);
    }
  }
}

TEST_CASE("Random kills lose nothing acknowledged, and a subscriber misses and invents nothing") {
  const char* wanted = std::getenv("HANGOU_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 20;
  const char* seed_text = std::getenv("HANGOU_SEED");
  const auto seed =
      seed_text != nullptr ? static_cast<unsigned>(std::atoi(seed_text)) : std::random_device{}();
  WARN("seed " << seed << ", " << kills << " kills");
  std::mt19937 random(seed);

  City city;  // makes the installation, its identities and its catalog
  Channels channels;
  channels.publisher = *city.As("psb", "publisher").ChannelTo("population");
  channels.consumer = *city.As("civil", "consumer").ChannelTo("population");
  const auto schema = *city.Manager().Schema("resources/psb.resident");
  city.Auditor();
  city.Publish("psb", "psb.resident", {city.Payload("psb.resident", Resident(CitizenId(90'000), "张三"))},
               "first");
  city.Stop();

  Process process(city.data(), city.address());
  process.Start();
  std::atomic<bool> stop{false};
  std::atomic<bool> stop_subscriber{false};
  Acknowledged acknowledged;
  Received received;
  std::thread subscriber([&] { SubscribeUntil(stop_subscriber, channels, received); });
  CHECK(Eventually([&] { return received.caught_up.load(); }, 30'000));
  std::vector<std::thread> threads;
  for (int publisher = 0; publisher < kPublishers; ++publisher) {
    threads.emplace_back([&, publisher] { PublishUntil(stop, publisher, channels, *schema, acknowledged); });
  }
  threads.emplace_back([&] { ReadUntil(stop, channels, acknowledged); });
  const auto acknowledged_count = [&] {
    MutexLock lock(acknowledged.mutex);
    return acknowledged.positions.size();
  };
  for (int kill = 0; kill < kills; ++kill) {
    // Something new is acknowledged between two kills, then the kill falls at a random instant.
    const size_t before = acknowledged_count();
    CHECK(Eventually([&] { return acknowledged_count() > before + 5; }, 30'000));
    const std::chrono::milliseconds pause(std::uniform_int_distribution<int>(0, 150)(random));
    std::this_thread::sleep_for(pause);  // waits: for no event, so that the kill hits anything
    process.Kill();
    process.Start();
  }
  const size_t before = acknowledged_count();
  CHECK(Eventually([&] { return acknowledged_count() > before + 5; }, 30'000));
  stop = true;
  for (auto& thread : threads) thread.join();

  const auto missed = [&] {
    MutexLock acknowledged_lock(acknowledged.mutex);
    MutexLock received_lock(received.mutex);
    int count = 0;
    for (const auto& position : acknowledged.positions) count += !received.payloads.contains(position);
    return count;
  };
  CHECK(Eventually([&] { return missed() == 0; }, 30'000));
  const auto last = [&] {
    MutexLock lock(acknowledged.mutex);
    return acknowledged.versions;
  }();
  stop_subscriber = true;
  subscriber.join();
  process.Kill();
  REQUIRE(city.Start().ok());

  for (const auto& [id, version] : last) {
    const auto read = city.Get("civil", "psb.resident", id, "household_check");
    REQUIRE(read.ok());
    REQUIRE(read->records_size() == 1);
    auto fields = city.Fields("psb.resident", read->records(0));
    const auto stored = ParseInstant(fields["updated_at"]);
    REQUIRE(stored);
    // A version above the last acknowledged one was sent and not answered.
    CHECK(*stored >= 1'700'000'000'000'000 + version * 1'000'000LL);
  }
  MutexLock lock(acknowledged.mutex);
  MutexLock received_lock(received.mutex);
  CHECK(received.wrong == 0);
  // Nothing invented: what was delivered is in the log at its position.
  std::map<int32_t, int64_t> from;
  for (int32_t partition = 0; partition < limits::kPartitions; ++partition) from[partition] = 0;
  auto reader = city.standalone().log().OpenReader("hangou.population.records", from);
  REQUIRE(reader.ok());
  std::set<std::pair<int, int64_t>> in_log;
  for (;;) {
    const auto records = (*reader)->Poll(1000);
    REQUIRE(records.ok());
    if (records->empty()) break;
    for (const LogRecord& record : *records) in_log.emplace(record.partition, record.offset);
  }
  int invented = 0;
  for (const auto& [position, payload] : received.payloads) invented += !in_log.contains(position);
  CHECK(invented == 0);
  // Every answered read is in the chain.
  int64_t audited_reads = 0;
  for (const auto& entry : city.AuditEntries()) {
    audited_reads += entry.action() == hangou::audit::v1::ACTION_READ && entry.allowed();
  }
  CHECK(audited_reads >= acknowledged.answered_reads);
  WARN(acknowledged.positions.size() << " changes acknowledged, " << received.payloads.size()
                                     << " delivered, " << acknowledged.answered_reads << " reads answered");
}

}  // namespace
}  // namespace hangou
