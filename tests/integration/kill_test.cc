// Random kills of the whole process while departments publish, read and subscribe.
#include <fcntl.h>
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
#include "libs/base/limits.h"
#include "libs/log/log.h"
#include "tests/integration/city.h"
#include "tests/integration/workload.h"

extern char** environ;

namespace hangou {
namespace {

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

TEST_CASE("Random kills lose nothing acknowledged, and a subscriber misses and invents nothing") {
  const char* wanted = std::getenv("HANGOU_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 20;
  const char* seed_text = std::getenv("HANGOU_SEED");
  const auto seed =
      seed_text != nullptr ? static_cast<unsigned>(std::atoi(seed_text)) : std::random_device{}();
  WARN("seed " << seed << ", " << kills << " kills");
  std::mt19937 random(seed);

  City city;  // makes the installation, its identities and its catalog
  Client& publisher = city.As("psb", "publisher");
  Client& consumer = city.As("civil", "consumer");
  // What the workload needs to know of the catalog, while it is there.
  REQUIRE(publisher.Schema("resources/psb.resident").ok());
  REQUIRE(consumer.Schema("resources/psb.resident").ok());
  city.Auditor();
  city.Publish("psb", "psb.resident", {city.Payload("psb.resident", Resident(CitizenId(90'000), "张三"))},
               "first");
  city.Stop();

  Process process(city.data(), city.address());
  process.Start();
  Workload workload(publisher, consumer);
  REQUIRE(workload.Start());
  for (int kill = 0; kill < kills; ++kill) {
    // Something new is acknowledged between two kills, then the kill falls at a random instant.
    CHECK(workload.AwaitProgress(5, 60'000));
    const std::chrono::milliseconds pause(std::uniform_int_distribution<int>(0, 150)(random));
    std::this_thread::sleep_for(pause);  // waits: for no event, so that the kill hits anything
    process.Kill();
    process.Start();
  }
  CHECK(workload.AwaitProgress(5, 60'000));
  workload.StopPublishing();
  CHECK(workload.AwaitDelivered(60'000) == 0);
  CHECK(workload.wrong_repeats() == 0);
  process.Kill();
  REQUIRE(city.Start().ok());
  CHECK(workload.Lost() == std::vector<std::string>());
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
  for (const auto& position : workload.delivered()) invented += !in_log.contains(position);
  CHECK(invented == 0);
  // Every answered read is in the chain.
  int64_t audited_reads = 0;
  for (const auto& entry : city.AuditEntries()) {
    audited_reads += entry.action() == hangou::audit::v1::ACTION_READ && entry.allowed();
  }
  const Workload::Acknowledged acknowledged = workload.acknowledged();
  CHECK(audited_reads >= acknowledged.answered_reads);
  WARN(acknowledged.positions.size() << " changes acknowledged, " << workload.delivered().size()
                                     << " delivered, " << acknowledged.answered_reads << " reads answered");
}

}  // namespace
}  // namespace hangou
