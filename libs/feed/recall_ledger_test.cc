#include "libs/feed/recall_ledger.h"

#include <catch2/catch.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

namespace v1 = hangou::exchange::v1;

constexpr int64_t kNowUs = 1'795'305'600 * kUsPerSecond;
const Caller kTax{"tax", "consumer", "app", "", ""};
const Caller kPsb{"psb", "publisher", "app", "", ""};

hangou::record::v1::Position PositionOf(int64_t offset) {
  hangou::record::v1::Position position;
  position.set_log_id("log-1");
  position.set_topic("hangou.population.records");
  position.set_partition(3);
  position.set_offset(offset);
  return position;
}

v1::Delivery DeliveryOf(std::vector<std::pair<v1::Change::Kind, int64_t>> changes) {
  v1::Delivery delivery;
  for (const auto& [kind, offset] : changes) {
    auto* change = delivery.add_changes();
    change->set_kind(kind);
    change->mutable_record()->set_resource("resources/psb.resident");
    change->mutable_record()->mutable_provenance()->set_provider("psb");
    *change->mutable_record()->mutable_provenance()->mutable_position() = PositionOf(offset);
  }
  return delivery;
}

v1::ConfirmRecallRequest Confirmation(const std::string& subscription, std::vector<int64_t> offsets) {
  v1::ConfirmRecallRequest request;
  request.set_subscription(subscription);
  for (const int64_t offset : offsets) *request.add_positions() = PositionOf(offset);
  return request;
}

struct Bench {
  std::unique_ptr<Store> store = MakeMemoryStore(1);
  RecallLedger ledger{*store, 0};
  std::string next;

  v1::ListRecallsResponse List(const Caller& caller, bool unconfirmed, int page_size = 0,
                               std::string after = "") {
    v1::ListRecallsRequest request;
    request.set_unconfirmed(unconfirmed);
    request.set_page_size(page_size);
    return ledger.List(caller, request, after, &next).value();
  }
};

TEST_CASE("Receivers and providers see what was recalled until it is confirmed, and nobody else does") {
  Bench bench;
  const auto delivery =
      DeliveryOf({{v1::Change::KIND_UPSERT, 1}, {v1::Change::KIND_RECALL, 2}, {v1::Change::KIND_ERASURE, 3}});
  REQUIRE(bench.ledger.NoteDelivered("tax", "s1", delivery, kNowUs).ok());
  REQUIRE(bench.ledger.NoteDelivered("tax", "s1", delivery, kNowUs + kUsPerSecond).ok());  // a repeat
  REQUIRE(bench.ledger.NoteDelivered("civil", "s1", delivery, kNowUs).ok());
  const auto own = bench.List(kTax, true);
  REQUIRE(own.items_size() == 2);
  CHECK(own.items(0).subscription() == "subscriptions/tax.s1");
  CHECK(own.items(0).kind() == v1::Change::KIND_RECALL);
  CHECK(own.items(0).delivery_time().seconds() == kNowUs / kUsPerSecond);
  CHECK(bench.List(kPsb, true).items_size() == 4);
  CHECK(bench.List({"scjg", "publisher", "app", "", ""}, false).items_size() == 0);

  CHECK(bench.ledger.Confirm(kTax, Confirmation("s1", {2, 99}), kNowUs)->confirmed() == 1);
  CHECK(bench.ledger.Confirm(kTax, Confirmation("s1", {2}), kNowUs)->confirmed() == 1);
  CHECK(bench.ledger.Confirm(kTax, Confirmation("s2", {3}), kNowUs)->confirmed() == 0);
  CHECK(bench.List(kTax, true).items_size() == 1);
  CHECK(bench.List(kTax, false).items(0).has_confirm_time());
  CHECK(bench.List(kPsb, true).items_size() == 3);
}

TEST_CASE("A list goes on where its page ended, and what was confirmed long ago is forgotten") {
  Bench bench;
  std::vector<std::pair<v1::Change::Kind, int64_t>> changes;
  for (int64_t i = 0; i < 10; ++i) changes.push_back({v1::Change::KIND_RECALL, i});
  REQUIRE(bench.ledger.NoteDelivered("tax", "s1", DeliveryOf(changes), kNowUs).ok());
  const auto first = bench.List(kTax, true, 4);
  REQUIRE(first.items_size() == 4);
  const auto second = bench.List(kTax, true, 6, bench.next);
  REQUIRE(second.items_size() == 6);
  CHECK(second.items(0).position().offset() == 4);
  CHECK(bench.next.empty());
  REQUIRE(bench.ledger.Confirm(kTax, Confirmation("s1", {1}), kNowUs).ok());
  const int64_t later = kNowUs + (kConfirmedRecallDays + 1) * kUsPerDay;
  REQUIRE(bench.ledger.Confirm(kTax, Confirmation("s1", {2}), later).ok());
  CHECK(bench.List(kTax, false).items_size() == 9);
}

TEST_CASE("More than 256 confirmations at once are refused") {
  Bench bench;
  CHECK(
      ReasonOf(bench.ledger.Confirm(kTax, Confirmation("s1", std::vector<int64_t>(257)), kNowUs).status()) ==
      Reason::kBatchTooLarge);
}

}  // namespace
}  // namespace hangou
