// Shipping in processes that die.
#include <catch2/catch.hpp>
#include <random>

#include "libs/audit/chain_test_util.h"
#include "libs/audit_topic/audit_topic_for_test.h"
#include "libs/audit_topic/shipper.h"
#include "libs/audit_topic/topic_verifier.h"
#include "libs/base/tally.h"
#include "libs/base/temp_folder.h"
#include "libs/base/test_child.h"
#include "libs/log/embedded_log.h"

namespace hangou {
namespace {

struct OpenProcess {
  explicit OpenProcess(const std::string& folder) {
    auto opened = EmbeddedLog::Open(folder + "/log", SystemClock());
    REQUIRE(opened.ok());
    log = std::move(*opened);
    chain = MustOpenChain(folder + "/chain");
    auto started = AuditShipper::Start(*chain, *log, {folder + "/shipped", 2, 20});
    REQUIRE(started.ok());
    shipper = std::move(*started);
  }
  std::unique_ptr<EmbeddedLog> log;
  std::unique_ptr<AuditChain> chain;
  std::unique_ptr<AuditShipper> shipper;
};

TEST_CASE("Appends and ships until killed", "[.audit_shipper_child]") {
  const OpenProcess process(TestChild::Argument());
  Tally answered;
  for (int64_t number = 1;; ++number) {
    REQUIRE(answered.Reaches(number - 64));
    process.chain->Append(NumberedEntry(static_cast<uint64_t>(number)),
                          [&answered, number](const absl::Status& status) {
                            if (status.ok()) TestChild::Tell(std::to_string(number));
                            answered.Add();
                          });
  }
}

TEST_CASE("After SIGKILL at any time the topic has every durable entry, once, and the chain is whole there") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const TempFolder folder;
  uint64_t acknowledged = 0;
  for (int round = 0; round < 4; ++round) {
    TestChild child("audit_shipper_child", folder.path());
    for (uint32_t line = 1 + random() % 3000; line > 0; --line) {
      REQUIRE(child.NextLine().has_value());
      ++acknowledged;
    }
    child.Kill();
    while (child.NextLine()) ++acknowledged;

    const OpenProcess process(folder.path());
    process.shipper->Stop(20'000);
    REQUIRE(process.chain->newest_sequence() >= acknowledged);
    const ShippedForTest shipped = ShippedOf(*process.log, process.shipper->chain_id());
    CHECK(shipped.last == process.chain->newest_sequence());
    CHECK_FALSE(shipped.gap);
    CHECK(shipped.repeated == 0);
    const auto verified = VerifyAuditTopics(*process.log, {}, 1);
    REQUIRE(verified.ok());
    CHECK(verified->whole());
    CHECK(verified->entries == process.chain->newest_sequence());
  }
}

}  // namespace
}  // namespace hangou
