// Runs as those see them who call: shared, told, cancelled, and ended by a service that stops.
#include "services/comparison/comparison_service.h"

#include <catch2/catch.hpp>
#include <thread>

#include "hangou/catalog/v1/catalog.grpc.pb.h"
#include "libs/base/temp_folder.h"
#include "libs/client/client.h"
#include "libs/client/comparison_calls.h"
#include "libs/feed/feed_for_test.h"
#include "libs/rpc/test_support.h"
#include "services/comparison/counted_source.h"
#include "services/comparison/run_estimate.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr int64_t kKeepRuleMs = 30'000;
constexpr char kRuleName[] = "rules/nameless";

// A log whose record topics have a record more than is read of them, as one of other machines has for a moment: what
// waits for everything that was applied waits until Arrive.
class LateLog final : public Log {
 public:
  const std::string& log_id() const override { return log.log_id(); }
  absl::Status EnsureTopic(const std::string& topic, int32_t partitions) override {
    return log.EnsureTopic(topic, partitions);
  }
  void Append(const std::string& topic, int32_t partition, std::vector<LogEntry> entries,
              AppendDone done) override {
    log.Append(topic, partition, std::move(entries), std::move(done));
  }
  absl::StatusOr<std::map<int32_t, int64_t>> EndOffsets(const std::string& topic,
                                                        const std::vector<int32_t>& partitions) override {
    auto ends = log.EndOffsets(topic, partitions);
    if (late && ends.ok() && topic == RecordTopic("population")) ++ends->at(0);
    return ends;
  }
  absl::StatusOr<std::unique_ptr<LogReader>> OpenReader(const std::string& topic,
                                                        std::map<int32_t, int64_t> from,
                                                        ReadPace pace) override {
    return log.OpenReader(topic, std::move(from), pace);
  }
  std::unique_ptr<Candidacy> Campaign(const std::string& name,
                                      std::function<void(bool leads)> changed) override {
    return log.Campaign(name, std::move(changed));
  }

  MemoryLog log;
  std::atomic<bool> late = false;
};

// "Who is nobody": a rule over the residents.
v1::StoredRule RuleOfNames() {
  v1::StoredRule stored;
  stored.set_version(1);
  v1::ComparisonRule* const rule = stored.mutable_rule();
  rule->set_name(kRuleName);
  rule->set_title("无名");
  rule->set_purpose("check");
  auto* const key = rule->add_key();
  key->set_name("person");
  key->set_kind(v1::KEY_KIND_PERSON);
  v1::Side* const side = rule->add_sides();
  side->set_name("resident");
  side->add_resources("psb.resident");
  side->add_key()->set_text("id");
  auto* const measure = side->add_measures();
  measure->set_name("name");
  measure->mutable_value()->set_text("max(name)");
  rule->mutable_when()->set_text("resident.name = \"nobody\"");
  return stored;
}

TestInstallation& TestCity() {
  static TestInstallation city;
  return city;
}

// What a run stands on: a log in memory, a rule of tax and its grant.
class RunGround {
 public:
  RunGround() {
    PolicyObjects objects = feed_test::Objects();
    auto* const line = objects.grants["g1"].add_fields();
    line->set_field("id");
    line->set_permission(hangou::record::v1::PERMISSION_FULL);
    policy.Install(PolicySnapshot::Compile(objects, 1).value());
    policy.Renew(SystemClock().BootUs(), 1, 1'000'000'000);
    ComparisonBook book(log);
    REQUIRE(book.Open().ok());
    v1::ComparisonEvent event;
    *event.mutable_rule() = RuleOfNames();
    event.set_department("tax");
    REQUIRE(book.Write({event}, kKeepRuleMs).ok());
  }

  LateLog log;
  feed_test::TestLibrary library{log};
  feed_test::TestAudit audit;
  PolicyHolder policy{SystemClock()};
  KeyRing keys = KeyRing::ForTest();
  TempFolder folder;
};

// The machine's clock, which does something whenever it is asked how late it is.
class HookedClock final : public Clock {
 public:
  int64_t UtcUs() const override { return SystemClock().UtcUs(); }
  int64_t BootUs() const override {
    hook();
    return SystemClock().BootUs();
  }
  std::function<void()> hook = [] {};
};

// The service over mutual TLS, on a log in memory, with a rule of tax and its grant.
class RunningComparison : public RunGround {
 public:
  RunningComparison() { Start("127.0.0.1:0"); }
  ~RunningComparison() { Stop(); }
  // Starts it at an address: again, with what the log has.
  void Start(const std::string& at) {
    auto opened = ComparisonService::Open({log, policy, audit, keys, SystemClock(), MakeStoreBudget(32 << 20),
                                           folder.path() + "/view", feed_test::kPartitions});
    INFO(opened.status());
    REQUIRE(opened.ok());
    service = *std::move(opened);
    server_ = *RpcServer::Start(
        {.address = at, .identity_folder = TestCity().server(), .services = {service.get(), &catalog_}});
    catalog_.address = server_->address();
  }
  void Stop() {
    service->Drain();
    // What draining has told goes out before connections are cut.
    server_->Shutdown(kTestWaitMs);
    server_.reset();
    service.reset();
  }

  std::string address() const { return server_->address(); }
  std::unique_ptr<v1::Comparison::Stub> Stub(const std::string& department) {
    return v1::Comparison::NewStub(
        *MakeChannel(server_->address(), TestCity().Identity(department, roles::kConsumer)));
  }
  // Notes of the entries about comparing, in their order.
  std::vector<std::string> Notes() const {
    std::vector<std::string> notes;
    for (const auto& entry : audit.entries) {
      if (entry.action() == hangou::audit::v1::ACTION_COMPARE) notes.push_back(entry.note());
    }
    return notes;
  }

  std::unique_ptr<ComparisonService> service;

 private:
  // Says where comparison is.
  class WhereItIs final : public hangou::catalog::v1::Catalog::CallbackService {
   public:
    grpc::ServerUnaryReactor* GetEndpoints(grpc::CallbackServerContext* context,
                                           const hangou::catalog::v1::GetEndpointsRequest*,
                                           hangou::catalog::v1::GetEndpointsResponse* response) override {
      response->add_endpoints()->set_service("comparison");
      response->mutable_endpoints(0)->set_address(address);
      grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
      reactor->Finish(grpc::Status::OK);
      return reactor;
    }
    std::string address;
  };

  WhereItIs catalog_;
  std::unique_ptr<RpcServer> server_;
};

// One call of WatchRun.
class WatchedRun {
 public:
  WatchedRun(v1::Comparison::Stub& stub, const v1::WatchRunRequest& request) {
    SetTestDeadline(&context_);
    reader_ = stub.WatchRun(&context_, request);
  }
  // Reads until a message is in this phase.
  bool Reach(v1::RunPhase phase) {
    while (last.phase() != phase) {
      if (!reader_->Read(&last)) return false;
    }
    return true;
  }
  // Reads to the end.
  absl::Status End() {
    while (reader_->Read(&last)) {
    }
    return FromGrpc(reader_->Finish());
  }
  // The client goes away.
  void Leave() { context_.TryCancel(); }

  v1::RunProgress last;

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::RunProgress>> reader_;
};

v1::WatchRunRequest RunOfNames() {
  v1::WatchRunRequest request;
  request.mutable_run()->set_rule(kRuleName);
  return request;
}

absl::Status CancelAs(v1::Comparison::Stub& stub, const std::string& id) {
  grpc::ClientContext context;
  SetTestDeadline(&context);
  v1::CancelRunRequest request;
  request.set_id(id);
  v1::CancelRunResponse response;
  return FromGrpc(stub.CancelRun(&context, request, &response));
}

}  // namespace

TEST_CASE("Who asks for the same shares the run that waits for rows, to its end at 100 %") {
  RunningComparison comparison;
  for (size_t person = 0; person < 40; ++person)
    comparison.library.Put(person, person % 8 == 0 ? "nobody" : "x");
  const auto stub = comparison.Stub("tax");
  comparison.log.late = true;
  WatchedRun first(*stub, RunOfNames());
  REQUIRE(first.Reach(v1::RUN_PHASE_WAITING_FOR_ROWS));
  CHECK_FALSE(first.last.joined());
  WatchedRun second(*stub, RunOfNames());
  REQUIRE(second.Reach(v1::RUN_PHASE_WAITING_FOR_ROWS));
  CHECK(second.last.joined());
  CHECK(second.last.id() == first.last.id());
  // Another run of the rule is one of its own, and waits for its turn.
  v1::WatchRunRequest dry = RunOfNames();
  dry.mutable_run()->set_dry_run(true);
  WatchedRun other(*stub, dry);
  REQUIRE(other.Reach(v1::RUN_PHASE_QUEUED));
  CHECK(other.last.id() != first.last.id());
  // The run is not the connection's.
  first.Leave();
  comparison.log.late = false;
  comparison.library.Put(0, "nobody");
  REQUIRE(second.End().ok());
  CHECK(second.last.run().findings() == 5);
  CHECK(second.last.run().new_clues() == 5);
  CHECK(second.last.findings() == 5);
  CHECK(second.last.run().read_rows() >= 40);
  // Who lost its connection learns what came of it, also behind its end.
  v1::WatchRunRequest again = RunOfNames();
  again.set_id(second.last.id());
  WatchedRun late(*stub, again);
  REQUIRE(late.End().ok());
  CHECK(late.last.run().name() == second.last.run().name());
  REQUIRE(other.End().ok());
  CHECK(other.last.run().dry_run());
  CHECK(comparison.Notes() ==
        std::vector<std::string>{"joins a run that was asked for before", "psb.resident", "psb.resident"});
}

TEST_CASE("A run that is cancelled keeps nothing, is on record, and ends no other") {
  RunningComparison comparison;
  comparison.library.Put(0, "nobody");
  const auto stub = comparison.Stub("tax");
  comparison.log.late = true;
  WatchedRun run(*stub, RunOfNames());
  REQUIRE(run.Reach(v1::RUN_PHASE_WAITING_FOR_ROWS));
  v1::WatchRunRequest dry = RunOfNames();
  dry.mutable_run()->set_dry_run(true);
  WatchedRun queued(*stub, dry);
  REQUIRE(queued.Reach(v1::RUN_PHASE_QUEUED));
  v1::WatchRunRequest other_day = RunOfNames();
  other_day.mutable_run()->set_as_of("2026-01-01");
  WatchedRun other(*stub, other_day);
  REQUIRE(other.Reach(v1::RUN_PHASE_QUEUED));
  // Another department knows nothing of it.
  const auto stranger = comparison.Stub("labour");
  CHECK(ReasonOf(CancelAs(*stranger, run.last.id())) == Reason::kObjectNotFound);
  REQUIRE(CancelAs(*stub, queued.last.id()).ok());
  CHECK(absl::IsCancelled(queued.End()));
  REQUIRE(CancelAs(*stub, run.last.id()).ok());
  CHECK(absl::IsCancelled(run.End()));
  CHECK(comparison.Notes() == std::vector<std::string>{"cancelled: psb.resident"});
  comparison.log.late = false;
  comparison.library.Put(0, "nobody");
  REQUIRE(other.End().ok());
  // Nothing was found before it.
  CHECK(other.last.run().name() == "runs/1");
  CHECK(other.last.run().new_clues() == 1);
}

TEST_CASE("A run that is cancelled when it has read its rows says so on record, and keeps no clue") {
  RunGround ground;
  for (size_t person = 0; person < 40; ++person) ground.library.Put(person, "nobody");
  ComparisonBook book(ground.log);
  REQUIRE(book.Open().ok());
  auto projections = *Projections::Open({ground.log,
                                         ground.policy,
                                         SystemClock(),
                                         MakeStoreBudget(32 << 20),
                                         ground.folder.path() + "/view",
                                         feed_test::kPartitions,
                                         {},
                                         {}});
  HookedClock clock;
  const ComparisonContext context = {ground.policy, ground.audit, ground.keys, clock, *projections, book};
  RunMeter meter;
  v1::RunProgress compared;  // when all partitions were
  clock.hook = [&] {
    if (meter.phase() != v1::RUN_PHASE_COMPARING || meter.read_rows() == 0) return;
    meter.Fill(0, &compared);
    meter.control.cancelled = true;
  };
  const auto run = RunStoredRule(context, {"tax", "consumer", "app", "", ""}, RunOfNames().run(), &meter);
  CHECK(absl::IsCancelled(run.status()));
  CHECK(compared.rows() == 40);
  CHECK(compared.read_rows() == 40);
  CHECK(compared.keys() == 40);
  CHECK(compared.findings() == 40);
  CHECK(book.Clues("tax", [](const v1::Clue&) { return true; }).empty());
  CHECK(book.runs() == 0);
  REQUIRE(ground.audit.entries.size() == 1);
  CHECK(ground.audit.entries[0].records() == 40);
  CHECK(ground.audit.entries[0].note() == "cancelled: psb.resident");
  CHECK_FALSE(ground.audit.entries[0].positions().empty());
}

TEST_CASE("A source counts what was read of it, and ends where its run was cancelled") {
  class Blocks final : public BlockSource {
   public:
    absl::StatusOr<const BlockRows*> Next() override {
      block_.rows = 3;
      return &block_;
    }
    absl::StatusOr<const std::vector<uint64_t>*> Ids() override { return &block_.ids; }

   private:
    BlockRows block_;
  };
  RunMeter meter;
  int64_t rows = 0;
  CountedSource source(std::make_unique<Blocks>(), &meter, &rows);
  REQUIRE(source.Next().ok());
  REQUIRE(source.Next().ok());
  CHECK(rows == 6);
  CHECK(meter.read_rows() == 6);
  meter.control.cancelled = true;
  CHECK(absl::IsCancelled(source.Next().status()));
  CHECK(rows == 6);
}

TEST_CASE("A service that stops ends its runs with DRAINING, those that wait too") {
  RunningComparison comparison;
  const auto stub = comparison.Stub("tax");
  comparison.log.late = true;
  WatchedRun run(*stub, RunOfNames());
  REQUIRE(run.Reach(v1::RUN_PHASE_WAITING_FOR_ROWS));
  v1::WatchRunRequest dry = RunOfNames();
  dry.mutable_run()->set_dry_run(true);
  WatchedRun queued(*stub, dry);
  REQUIRE(queued.Reach(v1::RUN_PHASE_QUEUED));
  std::thread drain([&] { comparison.service->Drain(); });
  CHECK(ReasonOf(run.End()) == Reason::kDraining);
  CHECK(ReasonOf(queued.End()) == Reason::kDraining);
  drain.join();
}

TEST_CASE("A client goes on with its run where the service was started again, and nothing is found twice") {
  RunningComparison comparison;
  comparison.library.Put(0, "nobody");
  comparison.log.late = true;
  const auto client =
      *Client::Connect({comparison.address(), TestCity().Identity("tax", roles::kConsumer), kTestWaitMs});
  Eventually<v1::RunProgress> seen;
  std::vector<std::string> ids;
  int retries = 0;
  absl::StatusOr<v1::Run> run;
  std::thread caller([&] {
    run = ComparisonCalls(*client).WatchRun(
        RunOfNames().run(),
        [&](const v1::RunProgress& progress) {
          if (ids.empty() || ids.back() != progress.id()) ids.push_back(progress.id());
          seen.Update([&](v1::RunProgress& last) { last = progress; });
        },
        [&](const absl::Status& why) { return absl::IsUnavailable(why) && ++retries > 0; });
  });
  CHECK(
      seen.Wait([](const v1::RunProgress& last) { return last.phase() == v1::RUN_PHASE_WAITING_FOR_ROWS; }));
  const std::string address = comparison.address();
  comparison.Stop();
  comparison.log.late = false;
  comparison.Start(address);
  caller.join();
  INFO(run.status());
  REQUIRE(run.ok());
  CHECK(run->name() == "runs/1");
  CHECK(run->new_clues() == 1);
  CHECK(retries > 0);
  CHECK(ids.size() == 2);
}

TEST_CASE("Who watches is told of clues behind a token, each as it is then") {
  RunningComparison comparison;
  comparison.library.Put(0, "nobody");
  comparison.library.Put(1, "nobody");
  const auto stub = comparison.Stub("tax");
  const auto run = [&] {
    WatchedRun watched(*stub, RunOfNames());
    REQUIRE(watched.End().ok());
    return watched.last.run();
  };
  REQUIRE(run().new_clues() == 2);
  grpc::ClientContext context;
  SetTestDeadline(&context);
  v1::WatchCluesRequest request;
  request.set_rule(kRuleName);
  auto reader = stub->WatchClues(&context, request);
  v1::WatchCluesResponse told;
  REQUIRE(reader->Read(&told));
  CHECK(told.clues().empty());
  const std::string from_now = told.token();
  comparison.library.Put(0, "somebody");
  REQUIRE(run().withdrawn_clues() == 1);
  REQUIRE(reader->Read(&told));
  REQUIRE(told.clues_size() == 1);
  CHECK(told.clues(0).state() == v1::CLUE_STATE_WITHDRAWN);
  CHECK(told.clues(0).subject() == comparison.library.OwnerKey(0));
  context.TryCancel();
  (void)reader->Finish();
  comparison.library.Put(0, "nobody");
  REQUIRE(run().new_clues() == 1);
  // Behind the older token: the clue as it is now, once.
  grpc::ClientContext later;
  SetTestDeadline(&later);
  request.set_token(from_now);
  reader = stub->WatchClues(&later, request);
  REQUIRE(reader->Read(&told));
  REQUIRE(reader->Read(&told));
  REQUIRE(told.clues_size() == 1);
  CHECK(told.clues(0).state() == v1::CLUE_STATE_NEW);
  later.TryCancel();
  (void)reader->Finish();
  // A token is one of its question and caller.
  grpc::ClientContext others;
  SetTestDeadline(&others);
  request.set_rule("");
  reader = stub->WatchClues(&others, request);
  CHECK_FALSE(reader->Read(&told));
  CHECK(ReasonOf(FromGrpc(reader->Finish())) == Reason::kTokenInvalid);
}

TEST_CASE("An estimate rests on the rule's own runs, else on those of others, else on a cautious figure") {
  v1::ExplainRuleResponse plan;
  for (const char* resource : {"tax.deed", "psb.resident"}) {
    v1::SourcePlan* const source = plan.add_sources();
    source->set_resource(resource);
    source->set_segments(2);
    source->add_fields("id");
  }
  const v1::RunEstimate own = EstimateRun(plan, 3'000'000, 2, {1'000'000, 500'000}, {1'000'000, 1});
  CHECK(own.basis() == v1::SPEED_BASIS_RULE);
  CHECK(own.rows_per_s() == 2'000'000);
  CHECK(own.took_us() == kFixedRunUs + 1'500'000);
  CHECK_FALSE(own.waits_for_rows());
  plan.mutable_sources(1)->set_still_read(true);
  const v1::RunEstimate others = EstimateRun(plan, 3'000'000, 4, {}, {1'000'000, 1'000'000});
  CHECK(others.basis() == v1::SPEED_BASIS_INSTALLATION);
  CHECK(others.took_us() == kFixedRunUs + 3'000'000);
  CHECK(others.waits_for_rows());
  CHECK(others.memory_bytes() == 2 * own.memory_bytes());
  CHECK(EstimateRun(plan, 1, 1, {}, {}).basis() == v1::SPEED_BASIS_PRODUCT);
}

TEST_CASE("What is left of a run is told when enough was read to say so") {
  CHECK_FALSE(LeftMs(0, 100, 10'000'000));
  CHECK_FALSE(LeftMs(50, 100, 100'000));
  CHECK(LeftMs(50, 100, 2'000'000) == 2'000);
  CHECK(LeftMs(100, 100, 2'000'000) == 0);
  RunMeter meter;
  meter.Expect(200);
  meter.Begin(v1::RUN_PHASE_CUT_OFFS, 100, 1'000'000);
  meter.AddRows(100);
  meter.Begin(v1::RUN_PHASE_COMPARING, 100, 2'000'000);
  meter.AddRows(50);
  v1::RunProgress progress;
  meter.Fill(2'500'000, &progress);
  CHECK(progress.read_rows() == 50);
  CHECK(progress.rows() == 100);
  CHECK(progress.left_ms() == 500);
  CHECK(meter.read_rows() == 150);
}

}  // namespace hangou
