#include "libs/base_library/group_machine.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base_library/group_machine_for_test.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;
using group_machine_test::Change;
using group_machine_test::Harness;
using group_machine_test::kNowUs;
using group_machine_test::Make;
using group_machine_test::Outcomes;

TEST_CASE("A change is answered only when it has been read back and applied") {
  Harness harness({0});
  auto sink = std::make_shared<Outcomes>();
  harness.Submit(Make({.version = 1, .content = 5}, sink));
  CHECK_FALSE(sink->Has(0));
  CHECK(harness.machine().PendingCount() == 1);
  harness.ApplyAll();
  REQUIRE(sink->Has(0));
  CHECK(sink->Of(0) == v1::OUTCOME_ACCEPTED);
  CHECK(harness.machine().PendingCount() == 0);
}

TEST_CASE("A repeat of a change in flight waits for it, and fails with it") {
  Harness harness({0});
  auto sink = std::make_shared<Outcomes>();
  harness.Submit(Make({.version = 1, .content = 5, .place = 0}, sink));
  harness.Submit(Make({.version = 1, .content = 5, .place = 1}, sink));
  harness.Submit(Make({.version = 1, .content = 6, .place = 2}, sink));
  CHECK(sink->all().empty());
  SECTION("applied") {
    harness.ApplyAll();
    CHECK(sink->Of(0) == v1::OUTCOME_ACCEPTED);
    CHECK(sink->Of(1) == v1::OUTCOME_DUPLICATE);
    CHECK(sink->Of(2) == v1::OUTCOME_CONFLICT);
  }
  SECTION("the next one cannot be appended") {
    harness.ApplyAll();
    harness.FailNextAppend();
    harness.Submit(Make({.version = 2, .content = 7, .place = 3}, sink));
    CHECK(sink->Of(3) == v1::OUTCOME_REFUSED);
    CHECK(sink->ReasonOf(3) == "STORE_FULL");
    harness.Submit(Make({.version = 2, .content = 7, .place = 4}, sink));
    harness.ApplyAll();
    CHECK(sink->Of(4) == v1::OUTCOME_ACCEPTED);
  }
}

TEST_CASE("A request by arrival that is sent again counts once, also after a restart") {
  Harness harness({0});
  auto sink = std::make_shared<Outcomes>();
  harness.Submit(Make({.content = 5, .place = 0}, sink));
  harness.ApplyAll();
  harness.Submit(Make({.content = 6, .request_id = "r2", .place = 0}, std::make_shared<Outcomes>()));
  harness.ApplyAll();
  const bool fresh = GENERATE(false, true);
  harness.Restart(fresh);
  auto again = std::make_shared<Outcomes>();
  harness.Submit(Make({.content = 5, .place = 0}, again));
  harness.ApplyAll();
  CHECK(again->Of(0) == v1::OUTCOME_DUPLICATE);
}

TEST_CASE("A request id that was used for other content is refused, in flight and applied") {
  Harness harness({0});
  auto sink = std::make_shared<Outcomes>();
  harness.Submit(Make({.content = 5, .place = 0}, sink));
  auto other = std::make_shared<Outcomes>();
  harness.Submit(Make({.content = 6, .place = 0}, other));
  harness.ApplyAll();
  CHECK(other->ReasonOf(0) == "REQUEST_ID_REUSED");
  auto late = std::make_shared<Outcomes>();
  harness.Submit(Make({.content = 6, .place = 0}, late));
  CHECK(late->ReasonOf(0) == "REQUEST_ID_REUSED");
}

TEST_CASE("A request is forgotten after seven days") {
  Harness harness({0});
  auto sink = std::make_shared<Outcomes>();
  harness.Submit(Make({.content = 5, .place = 0}, sink));
  harness.ApplyAll();
  REQUIRE(harness.machine().ExpireRequests(kNowUs - 1, 100).ok());
  CHECK(harness.store()
            .Get(kViewRequests, RequestKey(Make({.content = 5}, sink).envelope.upsert().head()))
            ->has_value());
  REQUIRE(harness.machine().ExpireRequests(kNowUs + 1, 100).ok());
  CHECK_FALSE(harness.store()
                  .Get(kViewRequests, RequestKey(Make({.content = 5}, sink).envelope.upsert().head()))
                  ->has_value());
}

TEST_CASE("A record behind a higher owner epoch in its partition is void") {
  Harness harness({0});
  auto sink = std::make_shared<Outcomes>();
  harness.Submit(Make({.version = 1, .content = 5}, sink));
  harness.ApplyAll();
  const LogEntry from_the_old_owner = harness.log()[0].back();
  harness.Restart(/*fresh=*/false);  // raises the epoch
  hangou::record::v1::Envelope late;
  REQUIRE(late.ParseFromString(*from_the_old_owner.value));
  late.mutable_upsert()->mutable_head()->set_source_version(9);
  late.mutable_upsert()->mutable_head()->set_revision(9);
  const auto offset = static_cast<int64_t>(harness.log()[0].size());
  harness.log()[0].push_back({"late", late.SerializeAsString()});
  REQUIRE(harness.machine().Apply({{0, offset, "late", late.SerializeAsString()}}).ok());
  hangou::record::v1::StoredRecord stored;
  REQUIRE(stored.ParseFromString(**harness.store().Get(kViewRecords, RecordKey(0, late.upsert().head()))));
  CHECK(stored.upsert().head().source_version() == 1);
}

TEST_CASE("A deletion keeps what was published beside it, also from the same batch") {
  Harness harness({0});
  auto sink = std::make_shared<Outcomes>();
  harness.Submit(Make({.version = 1, .content = 5, .place = 0}, sink));
  harness.Submit(Make({.version = 2, .content = 9, .deletion = true, .place = 1}, sink));
  harness.ApplyAll();
  CHECK(sink->Of(1) == v1::OUTCOME_ACCEPTED);
  hangou::record::v1::StoredRecord stored;
  const auto head = Make({.version = 1}, sink).envelope.upsert().head();
  REQUIRE(stored.ParseFromString(**harness.store().Get(kViewRecords, RecordKey(0, head))));
  CHECK(stored.has_deletion());
  CHECK(stored.upsert().payload() == "5");
}

TEST_CASE("A view that was built from another log is refused") {
  auto store = MakeMemoryStore(kViewTables);
  GroupMachine first(*store, {0}, nullptr);
  REQUIRE(first.Load("log-1").ok());
  GroupMachine second(*store, {0}, nullptr);
  CHECK(ReasonOf(second.Load("log-2")) == Reason::kPositionUnknown);
}

// The model: what the contract says, without flight, log or restarts.
struct Model {
  struct Row {
    uint64_t version;
    uint64_t content;
    bool deleted;
  };
  std::map<std::string, Row> rows;

  v1::Outcome Offer(const Change& change) {
    const auto found = rows.find(change.owner);
    if (found != rows.end()) {
      const Row& row = found->second;
      if (change.version < row.version) return v1::OUTCOME_STALE;
      if (change.version == row.version) {
        return row.content == change.content && row.deleted == change.deletion ? v1::OUTCOME_DUPLICATE
                                                                               : v1::OUTCOME_CONFLICT;
      }
    }
    rows[change.owner] = {change.version, change.content, change.deletion};
    return v1::OUTCOME_ACCEPTED;
  }
};

TEST_CASE("Random versions, delays, full disks and restarts end where the plain model ends") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](uint64_t below) {
    return std::uniform_int_distribution<uint64_t>(0, below - 1)(random);
  };
  Harness harness({0, 1});
  Model model;
  for (int step = 0; step < 3000; ++step) {
    Change change;
    change.owner = std::to_string(pick(20));
    change.version = 1 + pick(8) + static_cast<uint64_t>(step) / 100;
    change.content = pick(3);
    change.deletion = pick(5) == 0;
    auto sink = std::make_shared<Outcomes>();
    const auto partition = static_cast<int32_t>(std::stoul(change.owner) % 2);
    if (pick(50) == 0) {
      // Only where nothing is in flight does the model know what a failed append is compared with.
      harness.ApplyAll();
      harness.FailNextAppend();
      Model untouched = model;
      const auto expected = model.Offer(change);
      harness.Submit(Make(change, sink, partition));
      if (expected == v1::OUTCOME_ACCEPTED) {
        REQUIRE(sink->Of(0) == v1::OUTCOME_REFUSED);
        model = untouched;
      } else {
        harness.FailNextAppend();
        harness.Submit(Make({.owner = "none", .version = 1}, std::make_shared<Outcomes>(), partition));
      }
      continue;
    }
    const auto expected = model.Offer(change);
    harness.Submit(Make(change, sink, partition));
    harness.ApplySome(pick(4));
    if (pick(4) == 0) {
      harness.ApplyAll();
      REQUIRE(sink->Of(0) == expected);
    }
    if (pick(200) == 0) harness.Restart(/*fresh=*/pick(2) == 0);
  }
  harness.ApplyAll();
  CHECK(harness.machine().PendingCount() == 0);
  for (const auto& [owner, row] : model.rows) {
    const auto partition = static_cast<int32_t>(std::stoul(owner) % 2);
    auto probe = Make({.owner = owner, .version = 1}, nullptr, partition);
    const auto text = harness.store().Get(kViewRecords, RecordKey(partition, probe.envelope.upsert().head()));
    REQUIRE((text.ok() && text->has_value()));
    hangou::record::v1::StoredRecord stored;
    REQUIRE(stored.ParseFromString(**text));
    const auto& head = stored.has_deletion() ? stored.deletion().head() : stored.upsert().head();
    CHECK(head.source_version() == row.version);
    CHECK(head.content_hash_low() == row.content);
    CHECK(stored.has_deletion() == row.deleted);
  }
}

}  // namespace
}  // namespace hangou
