#include "libs/audit_topic/shipper.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "libs/audit/chain_test_util.h"
#include "libs/audit_topic/audit_topic_for_test.h"
#include "libs/audit_topic/topic_verifier.h"
#include "libs/base/temp_folder.h"

namespace hangou {
namespace {

// A chain on disk and a shipper that looks every 5 ms.
struct Process {
  explicit Process(Log& to) : log(to) { Open(); }
  void Open() {
    chain = MustOpenChain(folder.path() + "/chain");
    auto started = AuditShipper::Start(*chain, log, {folder.path() + "/shipped", 5, 20});
    REQUIRE(started.ok());
    shipper = std::move(*started);
  }
  // Ends as a crash does: nothing is waited for.
  void Close() {
    shipper.reset();
    chain.reset();
  }
  bool CatchesUp() { return Reaches(chain->newest_sequence()); }
  bool Reaches(uint64_t sequence) {
    shipper->ShipNow();
    const int64_t until_us = SystemClock().BootUs() + 20 * kUsPerSecond;
    Mutex mutex;
    CondVar never;
    MutexLock lock(mutex);
    while (shipper->shipped_sequence() < sequence && SystemClock().BootUs() < until_us) {
      never.WaitFor(mutex, 2);
    }
    return shipper->shipped_sequence() >= sequence;
  }

  TempFolder folder;
  Log& log;
  std::unique_ptr<AuditChain> chain;
  std::unique_ptr<AuditShipper> shipper;
};

TEST_CASE("What is durable is soon in the topic, in order and once") {
  MemoryLog log;
  Process process(log);
  AppendNumbered(*process.chain, 2, 500);
  REQUIRE(process.CatchesUp());
  CHECK(process.shipper->lag().entries == 0);
  const ShippedForTest shipped = ShippedOf(log, process.shipper->chain_id());
  CHECK(shipped.last == 500);
  CHECK_FALSE(shipped.gap);
  CHECK(shipped.repeated == 0);
  const auto verified = VerifyAuditTopics(log, {}, 1);
  REQUIRE(verified.ok());
  CHECK(verified->whole());
  CHECK(verified->heads.at(process.shipper->chain_id()).sequence() == 500);
}

TEST_CASE("Entries travel together: small ones in few messages, large ones within the size of a message") {
  MemoryLog log;
  Process process(log);
  REQUIRE(process.CatchesUp());
  log.Hold();
  AppendNumbered(*process.chain, 2, 300);
  log.Release();
  REQUIRE(process.CatchesUp());
  // The first entry, what was under way while the log held, and the rest.
  CHECK(BatchesOf(log, process.shipper->chain_id()).size() <= 4);
  auto large = NumberedEntry(1);
  large.set_note(std::string(200 << 10, 'n'));
  for (int i = 0; i < 7; ++i) REQUIRE(process.chain->AppendAndWait(large).ok());
  REQUIRE(process.CatchesUp());
  for (const auto& batch : BatchesOf(log, process.shipper->chain_id()))
    CHECK(batch.ByteSizeLong() <= kChainBatchBytes);
}

TEST_CASE("While the log fails the chain goes on, the lag shows, and then everything is shipped") {
  MemoryLog log;
  Process process(log);
  REQUIRE(process.CatchesUp());
  for (const auto kept : {MemoryLog::OnFailure::kLost, MemoryLog::OnFailure::kKept}) {
    log.FailAppends(MakeError(Reason::kLogUnavailable, "test"), kept);
    const uint64_t before = process.chain->newest_sequence();
    AppendNumbered(*process.chain, 2, 60);
    CHECK(process.chain->newest_sequence() == before + 59);
    CHECK(process.shipper->lag().entries == 59);
    CHECK(process.shipper->lag().age_us > 0);
    log.FailAppends(absl::OkStatus());
    REQUIRE(process.CatchesUp());
  }
  const ShippedForTest shipped = ShippedOf(log, process.shipper->chain_id());
  CHECK(shipped.last == process.chain->newest_sequence());
  CHECK_FALSE(shipped.gap);
  CHECK(VerifyAuditTopics(log, {}, 1)->whole());
}

TEST_CASE("A log that does not answer holds up neither the chain nor the end") {
  MemoryLog log;
  log.Hold();
  Process process(log);
  AppendNumbered(*process.chain, 2, 50);
  process.shipper->Stop(20);
  CHECK(process.shipper->shipped_sequence() == 0);
  process.Close();
  log.Release();
  process.Open();
  REQUIRE(process.CatchesUp());
  const ShippedForTest shipped = ShippedOf(log, process.shipper->chain_id());
  CHECK(shipped.last == 51);
  CHECK_FALSE(shipped.gap);
}

TEST_CASE("Stopping ships what is durable, and the next start repeats nothing") {
  MemoryLog log;
  Process process(log);
  for (int round = 0; round < 3; ++round) {
    AppendNumbered(*process.chain, 1, 20);
    process.shipper->Stop(20'000);
    CHECK(ShippedOf(log, process.shipper->chain_id()).last == process.chain->newest_sequence());
    process.Close();
    process.Open();
  }
  REQUIRE(process.CatchesUp());
  CHECK(ShippedOf(log, process.shipper->chain_id()).repeated == 0);
}

TEST_CASE("After the end at any point it goes on where the topic ends, without gap or repeat") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  MemoryLog log;
  Process process(log);
  const std::string chain_id = process.shipper->chain_id();
  for (int round = 0; round < 12; ++round) {
    AppendNumbered(*process.chain, 1, 1 + random() % 40);
    if (random() % 2 == 0) REQUIRE(process.Reaches(1 + random() % process.chain->newest_sequence()));
    process.Close();
    process.Open();
  }
  REQUIRE(process.CatchesUp());
  const ShippedForTest shipped = ShippedOf(log, chain_id);
  CHECK(shipped.last == process.chain->newest_sequence());
  CHECK_FALSE(shipped.gap);
  CHECK(shipped.repeated == 0);
}

TEST_CASE("Where the position is lost, damaged or of another log, everything is shipped once more") {
  MemoryLog log;
  Process process(log);
  AppendNumbered(*process.chain, 2, 30);
  process.shipper->Stop(20'000);
  const std::string chain_id = process.shipper->chain_id();
  process.Close();
  SECTION("lost") { std::filesystem::remove(process.folder.path() + "/shipped"); }
  SECTION("damaged") { SetFileContent(process.folder.path() + "/shipped", "hangou-audit-shipped 1\nx"); }
  process.Open();
  REQUIRE(process.CatchesUp());
  const ShippedForTest shipped = ShippedOf(log, chain_id);
  CHECK(shipped.last == 31);
  CHECK(shipped.repeated == 30);
  CHECK(VerifyAuditTopics(log, {}, 1)->heads.at(chain_id).finding_count() == 0);
}

TEST_CASE("Another log gets the whole chain") {
  MemoryLog log("first");
  Process process(log);
  AppendNumbered(*process.chain, 2, 30);
  REQUIRE(process.CatchesUp());
  process.shipper->Stop(20'000);
  MemoryLog other("second");
  auto started = AuditShipper::Start(*process.chain, other, {process.folder.path() + "/shipped", 5, 20});
  REQUIRE(started.ok());
  (*started)->Stop(20'000);
  CHECK(ShippedOf(other, (*started)->chain_id()).last == 30);
}

}  // namespace
}  // namespace hangou
