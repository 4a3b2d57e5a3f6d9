#include "libs/base_library/quality.h"

#include <catch2/catch.hpp>

#include "libs/base/text.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;

constexpr int kCountTable = 0;
constexpr int kQuarantineTable = 1;
const std::string kResource = "resources/psb.resident";

// 08:00 in China on a day of 2026, moved by the test.
class TestClock : public Clock {
 public:
  int64_t UtcUs() const override { return now_us; }
  int64_t BootUs() const override { return now_us; }

  int64_t now_us = 1'795'305'600 * kUsPerSecond;
};

struct Bench {
  std::unique_ptr<Store> store = MakeMemoryStore(2);
  TestClock clock;

  QualityBook Open() { return QualityBook("population", *store, kCountTable, kQuarantineTable, clock); }
};

// A batch of so many accepted records, then refused ones.
struct Batch {
  v1::PublishRequest request;
  v1::PublishResponse response;

  Batch(int accepted, int refused) {
    request.set_request_id("r1");
    for (int i = 0; i < accepted; ++i) Add(v1::OUTCOME_ACCEPTED, "good");
    for (int i = 0; i < refused; ++i) Add(v1::OUTCOME_REFUSED, "bad " + std::to_string(i));
  }
  void Add(v1::Outcome outcome, const std::string& payload) {
    request.add_records()->set_payload(payload);
    auto* added = response.add_outcomes();
    added->set_outcome(outcome);
    if (outcome != v1::OUTCOME_REFUSED) return;
    added->add_violations()->set_reason("FIELD_MISSING");
    added->mutable_violations(0)->set_field("name");
  }
};

TEST_CASE(
    "Counts add up per day and rule, also after a restart, and are kept apart by department and library") {
  Bench bench;
  const Batch batch(3, 2);
  {
    QualityBook book = bench.Open();
    book.Count("psb", kResource, &batch.request, batch.response);
    book.Count("psb", kResource, &batch.request, batch.response);
    book.Count("civil", kResource, &batch.request, batch.response);
    bench.clock.now_us += kUsPerDay;
    book.Count("psb", kResource, &batch.request, batch.response);
  }
  QualityBook book = bench.Open();
  const auto days = book.Days("psb", kResource, 30);
  REQUIRE(days.size() == 2);
  CHECK(days[0].day() == DayInChina(bench.clock.now_us));
  CHECK(days[0].accepted() == 3);
  CHECK(days[1].accepted() == 6);
  CHECK(days[1].refused() == 4);
  REQUIRE(days[1].refusals_size() == 1);
  CHECK(days[1].refusals(0).records() == 4);
  CHECK(book.Days("psb", kResource, 1).size() == 1);
  QualityBook other("tax", *bench.store, kCountTable, kQuarantineTable, bench.clock);
  CHECK(other.Days("psb", kResource, 30).empty());
}

TEST_CASE("Refused records are kept as they were sent, page by page, and cleared at once") {
  Bench bench;
  QualityBook book = bench.Open();
  const Batch batch(1, 5);
  book.Count("psb", kResource, &batch.request, batch.response);
  v1::ListQuarantineResponse first;
  const auto next = book.ListQuarantine("psb", kResource, "", 3, &first);
  REQUIRE(next.ok());
  REQUIRE(first.items_size() == 3);
  CHECK(first.items(0).payload() == "bad 0");
  CHECK(first.items(0).place() == 1);
  CHECK(first.items(0).violations(0).field() == "name");
  v1::ListQuarantineResponse second;
  const auto end = book.ListQuarantine("psb", kResource, *next, 3, &second);
  REQUIRE(end.ok());
  CHECK(end->empty());
  REQUIRE(second.items_size() == 2);
  CHECK(second.items(1).payload() == "bad 4");
  v1::ListQuarantineResponse of_others;
  REQUIRE(book.ListQuarantine("civil", kResource, "", 3, &of_others).ok());
  CHECK(of_others.items_size() == 0);
  REQUIRE(book.ClearQuarantine("psb", kResource).ok());
  v1::ListQuarantineResponse cleared;
  REQUIRE(book.ListQuarantine("psb", kResource, "", 3, &cleared).ok());
  CHECK(cleared.items_size() == 0);
}

TEST_CASE("The quarantine is bounded, the oldest go first, and what is a month old goes") {
  Bench bench;
  QualityBook book = bench.Open();
  const Batch batch(0, 250);
  for (size_t sent = 0; sent < kQuarantineRecords + 500; sent += 250) {
    bench.clock.now_us += 2 * kUsPerSecond;
    book.Count("psb", kResource, &batch.request, batch.response);
  }
  REQUIRE(book.Flush().ok());
  size_t rows = 0;
  const auto count = [&](std::string_view, std::string_view) { return ++rows > 0; };
  REQUIRE(bench.store->Scan(kQuarantineTable, "", "", count).ok());
  // What was written last is looked at with the next writing.
  CHECK(rows <= kQuarantineRecords + 250);
  CHECK(rows >= kQuarantineRecords - 250);
  bench.clock.now_us += (kQuarantineDays + 1) * kUsPerDay;
  const Batch one(1, 0);
  book.Count("psb", kResource, &one.request, one.response);
  REQUIRE(book.Flush().ok());
  rows = 0;
  REQUIRE(bench.store->Scan(kQuarantineTable, "", "", count).ok());
  CHECK(rows == 0);
}

TEST_CASE("An update is due a period behind the last, and never where there is no period") {
  const int64_t last = 1'795'305'600 * kUsPerSecond;
  CHECK(DayInChina(UpdateDueUs("daily", last)) == DayInChina(last) + 2);
  CHECK(UpdateDueUs("monthly", last) > last + 30 * kUsPerDay);
  CHECK(UpdateDueUs("irregular", last) == 0);
  CHECK(UpdateDueUs("daily", 0) == 0);
}

}  // namespace
}  // namespace hangou
