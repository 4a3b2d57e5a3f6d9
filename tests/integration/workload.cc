#include "tests/integration/workload.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "hangou/exchange/v1/exchange.grpc.pb.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/rpc/status.h"
#include "libs/schema/text_codec.h"
#include "tests/integration/city.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;

constexpr int kPeople = 40;  // per publisher: many versions of few records
constexpr int kPublishers = 3;
constexpr int64_t kFirstVersionUs = 1'700'000'000'000'000;

std::string RowOf(const ResourceSchema& schema, const std::string& id, int version) {
  std::string payload;
  for (const auto& [name, text] : Resident(id, "张三", version)) {
    HANGOU_CHECK(EncodeField(schema.fields()[schema.IndexOfName(name)], text, &payload).ok(), "a bad row");
  }
  return payload;
}

void SetShortDeadline(grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(3));
  context->set_wait_for_ready(true);
}

}  // namespace

struct Workload::State {
  State(Client& publisher_client, Client& consumer_client)
      : publisher(publisher_client), consumer(consumer_client) {
    auto known = publisher.Schema("resources/psb.resident");
    HANGOU_CHECK(known.ok(), "no schema");
    schema = *known;
  }

  Client& publisher;
  Client& consumer;
  std::shared_ptr<const ResourceSchema> schema;
  std::atomic<bool> stop{false};
  std::atomic<bool> stop_subscriber{false};
  std::atomic<bool> caught_up{false};  // the snapshot is over: from here on every change has to come
  Mutex mutex;
  Acknowledged acknowledged HANGOU_GUARDED_BY(mutex);
  std::map<std::pair<int, int64_t>, std::string> received HANGOU_GUARDED_BY(mutex);  // payloads by position
  int wrong HANGOU_GUARDED_BY(mutex) = 0;
  std::vector<std::thread> threads;
  std::thread subscriber;

  // A channel to a service; where the replicas have changed since, a new one.
  std::shared_ptr<grpc::Channel> ChannelOf(Client& client, const std::string& service) {
    const auto channel = client.ChannelTo(service);
    return channel.ok() ? *channel : nullptr;
  }
  void Pause() {
    Eventually([this] { return stop.load(); }, 20);
  }
  bool PublishOnce(const std::string& payload, const std::string& request_id, const std::string& id,
                   int version);
  void Publish(int number);
  void Read();
  void Subscribe();
};

bool Workload::State::PublishOnce(const std::string& payload, const std::string& request_id,
                                  const std::string& id, int version) {
  const auto channel = ChannelOf(publisher, "population");
  if (!channel) return false;
  grpc::ClientContext context;
  SetShortDeadline(&context);
  const auto stream = v1::BaseLibrary::NewStub(channel)->Publish(&context);
  v1::PublishRequest request;
  request.set_request_id(request_id);
  request.set_resource("resources/psb.resident");
  request.add_records()->set_payload(payload);
  v1::PublishResponse response;
  const bool answered = stream->Write(request) && stream->WritesDone() && stream->Read(&response);
  stream->Finish();
  if (!answered || response.outcomes_size() != 1) return false;
  const auto& outcome = response.outcomes(0);
  if (outcome.outcome() != v1::OUTCOME_ACCEPTED && outcome.outcome() != v1::OUTCOME_DUPLICATE) return false;
  MutexLock lock(mutex);
  acknowledged.versions[id] = version;
  acknowledged.positions.emplace(outcome.partition(), outcome.offset());
  return true;
}

void Workload::State::Publish(int number) {
  int version = 1;
  for (int i = 0; !stop; ++i) {
    const int person = i % kPeople;
    if (person == 0) ++version;
    const std::string id = CitizenId(number * 1000 + person);
    const std::string payload = RowOf(*schema, id, version);
    const std::string request_id = "p" + std::to_string(number) + "-" + std::to_string(i);
    // The same again until it is acknowledged: what departments do.
    while (!PublishOnce(payload, request_id, id, version)) {
      if (stop) return;
      publisher.ForgetEndpoints();
      Pause();
    }
  }
}

void Workload::State::Read() {
  for (int i = 0; !stop; ++i) {
    v1::GetRequest request;
    request.set_resource("resources/psb.resident");
    request.mutable_owner()->set_id(CitizenId((i % kPublishers) * 1000 + i % kPeople));
    request.mutable_context()->set_purpose("household_check");
    absl::Status status = absl::UnavailableError("no endpoint");
    if (const auto channel = ChannelOf(consumer, "population")) {
      grpc::ClientContext context;
      SetShortDeadline(&context);
      v1::GetResponse response;
      status = FromGrpc(v1::BaseLibrary::NewStub(channel)->Get(&context, request, &response));
    }
    {
      MutexLock lock(mutex);
      if (status.ok()) {
        ++acknowledged.answered_reads;
      } else {
        ++acknowledged.failed_reads;
        const auto reason = ReasonOf(status);
        ++acknowledged.failures[reason ? std::string(ReasonName(*reason)) : std::string(Message(status))];
      }
    }
    if (status.ok()) continue;
    consumer.ForgetEndpoints();
    Pause();
  }
}

void Workload::State::Subscribe() {
  std::string token;
  while (!stop_subscriber) {
    const auto channel = ChannelOf(consumer, "exchange");
    if (!channel) {
      Eventually([this] { return stop_subscriber.load(); }, 20);
      continue;
    }
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    context.set_wait_for_ready(true);
    hangou::exchange::v1::SubscribeRequest request;
    request.set_subscription("workload");
    request.set_resource("resources/psb.resident");
    request.mutable_context()->set_purpose("household_check");
    if (token.empty()) {
      request.mutable_snapshot();
    } else {
      request.set_token(token);
    }
    const auto stream = hangou::exchange::v1::Exchange::NewStub(channel)->Subscribe(&context, request);
    hangou::exchange::v1::Delivery delivery;
    while (stream->Read(&delivery)) {
      MutexLock lock(mutex);
      for (const auto& change : delivery.changes()) {
        const auto& position = change.record().provenance().position();
        const auto [at, fresh] =
            received.emplace(std::pair(position.partition(), position.offset()), change.record().payload());
        // A repeat must be a repeat.
        if (!fresh && at->second != change.record().payload()) ++wrong;
      }
      token = delivery.token();
      if (delivery.caught_up()) caught_up = true;
      if (stop_subscriber) context.TryCancel();
    }
    stream->Finish();
  }
}

Workload::Workload(Client& publisher, Client& consumer)
    : state_(std::make_unique<State>(publisher, consumer)) {
  state_->subscriber = std::thread([this] { state_->Subscribe(); });
}

Workload::~Workload() {
  StopPublishing();
  state_->stop_subscriber = true;
  if (state_->subscriber.joinable()) state_->subscriber.join();
}

bool Workload::Start() {
  if (!Eventually([this] { return state_->caught_up.load(); }, 60'000)) return false;
  for (int number = 0; number < kPublishers; ++number) {
    state_->threads.emplace_back([this, number] { state_->Publish(number); });
  }
  state_->threads.emplace_back([this] { state_->Read(); });
  return true;
}

size_t Workload::acknowledged_count() {
  MutexLock lock(state_->mutex);
  return state_->acknowledged.positions.size();
}

bool Workload::AwaitProgress(size_t changes, int64_t timeout_ms) {
  const size_t before = acknowledged_count();
  return Eventually([&] { return acknowledged_count() > before + changes; }, timeout_ms);
}

Workload::Acknowledged Workload::acknowledged() {
  MutexLock lock(state_->mutex);
  return state_->acknowledged;
}

void Workload::StopPublishing() {
  state_->stop = true;
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
}

size_t Workload::AwaitDelivered(int64_t timeout_ms) {
  const auto missed = [this] {
    MutexLock lock(state_->mutex);
    size_t count = 0;
    for (const auto& position : state_->acknowledged.positions) count += !state_->received.contains(position);
    return count;
  };
  Eventually([&] { return missed() == 0; }, timeout_ms);
  state_->stop_subscriber = true;
  state_->subscriber.join();
  return missed();
}

std::set<std::pair<int, int64_t>> Workload::delivered() {
  MutexLock lock(state_->mutex);
  std::set<std::pair<int, int64_t>> positions;
  for (const auto& [position, payload] : state_->received) positions.insert(position);
  return positions;
}

int Workload::wrong_repeats() {
  MutexLock lock(state_->mutex);
  return state_->wrong;
}

std::vector<std::string> Workload::Lost() {
  std::vector<std::string> lost;
  const int version_field = state_->schema->IndexOfName("updated_at");
  for (const auto& [id, version] : acknowledged().versions) {
    v1::GetRequest request;
    request.set_resource("resources/psb.resident");
    request.mutable_owner()->set_id(id);
    request.mutable_context()->set_purpose("household_check");
    const auto read = state_->consumer.Get(request);
    if (!read.ok() || read->records_size() != 1) {
      lost.push_back("record " + std::to_string(lost.size()) + ": " +
                     (read.ok() ? std::to_string(read->records_size()) + " records"
                                : std::string(Message(read.status()))));
      continue;
    }
    std::vector<FieldSlice> slices;
    HANGOU_CHECK(WalkPayload(*state_->schema, read->records(0).payload(), &slices).ok(), "a bad payload");
    int64_t stored_us = 0;
    for (const FieldSlice& slice : slices) {
      if (slice.index == version_field) stored_us = static_cast<int64_t>(slice.scalar);
    }
    // A version above the last acknowledged one was sent and not answered.
    if (stored_us < kFirstVersionUs + version * 1'000'000LL) {
      lost.push_back("version " + std::to_string(version) + " is acknowledged, an older one is stored");
    }
  }
  return lost;
}

}  // namespace hangou
