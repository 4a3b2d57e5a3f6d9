#include "libs/client/publisher.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "libs/base/status.h"
#include "libs/client/library_for_test.h"

namespace hangou {
namespace {

using hangou::base_library::v1::Outcome;
using hangou::base_library::v1::RecordOutcome;
using hangou::record::v1::Record;
using Reaction = LibraryForTest::Reaction;

constexpr int64_t kGiveUpMs = 20'000;

Record RecordOf(size_t number, size_t bytes = 20) {
  Record record;
  record.set_payload(std::to_string(number) + std::string(bytes, 'x'));
  return record;
}

// A publisher at a scripted library, and what it was told.
struct Bench {
  explicit Bench(LibraryForTest::Script script, int64_t give_up_ms = kGiveUpMs)
      : library(std::move(script)),
        publisher(
            Source(), Options(give_up_ms), [this](const Record& record) { return place_of(record); },
            [this](uint64_t tag, const RecordOutcome& o) {
              CHECK(outcomes.emplace(tag, o.outcome()).second);
            }) {}

  Publisher::ChannelSource Source() {
    return [this](bool) { return library.channel(); };
  }
  static PublisherOptions Options(int64_t give_up_ms) {
    PublisherOptions options;
    options.resource = "resources/psb.resident";
    options.request_prefix = "test";
    options.give_up_ms = give_up_ms;
    return options;
  }
  absl::Status PublishAll(size_t records) {
    for (size_t i = 0; i < records; ++i) RETURN_IF_ERROR(publisher.Add(RecordOf(i), i));
    return publisher.Finish();
  }

  Publisher::PlaceOf place_of = [](const Record&) { return 0; };
  std::map<uint64_t, Outcome> outcomes;
  LibraryForTest library;
  Publisher publisher;
};

TEST_CASE("Every record gets its outcome, and no batch is over its limits") {
  Bench bench([](int, const auto& request) { return Reaction{LibraryForTest::Accepted(request), {}}; });
  REQUIRE(bench.PublishAll(1000).ok());
  CHECK(bench.outcomes.size() == 1000);
  CHECK(bench.library.received().size() == 4);
  for (const auto& batch : bench.library.received()) {
    CHECK(batch.records_size() <= 256);
    CHECK(batch.request_id().size() <= limits::kRequestIdBytes);
  }
}

TEST_CASE("Batches of large records stay within their bytes, and a record too large is refused alone") {
  Bench bench([](int, const auto& request) { return Reaction{LibraryForTest::Accepted(request), {}}; });
  for (size_t i = 0; i < 40; ++i) REQUIRE(bench.publisher.Add(RecordOf(i, 60 << 10), i).ok());
  CHECK(ReasonOf(bench.publisher.Add(RecordOf(40, limits::kGeometryRecordBytes), 40)) ==
        Reason::kRecordTooLarge);
  REQUIRE(bench.publisher.Finish().ok());
  CHECK(bench.outcomes.size() == 40);
  for (const auto& batch : bench.library.received()) CHECK(batch.ByteSizeLong() <= limits::kBatchBytes);
}

TEST_CASE("Records of one place go together in their order, and what fills no batch goes with others") {
  Bench bench([](int, const auto& request) { return Reaction{LibraryForTest::Accepted(request), {}}; });
  constexpr int kPlaces = 4;
  const auto number_of = [](const Record& record) { return std::stoi(record.payload()); };
  bench.place_of = [&](const Record& record) { return number_of(record) % kPlaces; };
  REQUIRE(bench.PublishAll(1500).ok());
  CHECK(bench.outcomes.size() == 1500);
  const auto received = bench.library.received();
  REQUIRE(received.size() == 6);  // one full batch of each place, then 476 records in two
  std::map<int, int> newest;      // by place
  for (size_t batch = 0; batch < received.size(); ++batch) {
    std::set<int> places;
    for (const Record& record : received[batch].records()) {
      const int number = number_of(record);
      places.insert(number % kPlaces);
      CHECK(newest[number % kPlaces] <= number);
      newest[number % kPlaces] = number;
    }
    if (batch < kPlaces) CHECK(places.size() == 1);
  }
}

TEST_CASE("What is gathered in many places stays within its bytes") {
  Bench bench([](int, const auto& request) { return Reaction{LibraryForTest::Accepted(request), {}}; });
  bench.place_of = [](const Record& record) { return std::stoi(record.payload()); };
  constexpr size_t kBytes = 60 << 10;
  constexpr size_t kMore = 20;
  for (size_t i = 0; i < kGatheredBytes / kBytes + kMore; ++i) {
    REQUIRE(bench.publisher.Add(RecordOf(i, kBytes), i).ok());
  }
  CHECK(bench.publisher.stats().batches > 0);
  REQUIRE(bench.publisher.Finish().ok());
  CHECK(bench.outcomes.size() == kGatheredBytes / kBytes + kMore);
}

TEST_CASE("A batch that is refused as overloaded is sent again under the same id") {
  Bench bench([](int number, const auto& request) {
    const bool refuse = number % 2 == 0;
    return Reaction{
        refuse ? LibraryForTest::Refused(request, "OVERLOADED") : LibraryForTest::Accepted(request), {}};
  });
  REQUIRE(bench.PublishAll(100).ok());
  CHECK(bench.outcomes.size() == 100);
  const auto received = bench.library.received();
  REQUIRE(received.size() == 2);
  CHECK(received[0].request_id() == received[1].request_id());
  CHECK(bench.publisher.stats().repeated == 1);
}

TEST_CASE("Records whose owner is starting are sent again with their batch, and told once") {
  Bench bench([](int number, const auto& request) {
    auto answer = LibraryForTest::Accepted(request);
    for (int i = 0; i < answer.outcomes_size(); ++i) {
      auto* outcome = answer.mutable_outcomes(i);
      if (number > 0 && i % 2 == 0) outcome->set_outcome(hangou::base_library::v1::OUTCOME_DUPLICATE);
      if (number > 1 || i % 2 == 0) continue;
      outcome->set_outcome(hangou::base_library::v1::OUTCOME_REFUSED);
      outcome->add_violations()->set_reason("DRAINING");
    }
    return Reaction{answer, {}};
  });
  REQUIRE(bench.PublishAll(100).ok());
  CHECK(bench.outcomes.size() == 100);
  for (const auto& [tag, outcome] : bench.outcomes)
    CHECK(outcome == hangou::base_library::v1::OUTCOME_ACCEPTED);
  const auto received = bench.library.received();
  REQUIRE(received.size() == 3);
  CHECK(received[2].SerializeAsString() == received[0].SerializeAsString());
}

TEST_CASE("A stream that is cut is opened again and what was not answered is sent again") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  int cuts = 0;
  Bench bench([&](int, const auto& request) {
    Reaction reaction;
    if (cuts < 10 && random() % 3 == 0) {
      ++cuts;
      reaction.end =
          random() % 2 == 0 ? grpc::Status::OK : grpc::Status(grpc::StatusCode::UNAVAILABLE, "cut");
      if (random() % 2 == 0) return reaction;
    }
    reaction.answer = LibraryForTest::Accepted(request);
    return reaction;
  });
  REQUIRE(bench.PublishAll(20 * 256).ok());
  CHECK(bench.outcomes.size() == 20 * 256);
  std::map<std::string, std::string> contents;
  for (const auto& batch : bench.library.received()) {
    const auto [first, fresh] = contents.emplace(batch.request_id(), batch.SerializeAsString());
    CHECK((fresh || first->second == batch.SerializeAsString()));
  }
  CHECK(contents.size() == 20);
}

TEST_CASE("A refusal that no repetition helps ends the publishing with its reason") {
  Bench bench([](int, const auto& request) {
    return Reaction{LibraryForTest::Refused(request, "NOT_PROVIDER"), {}};
  });
  const absl::Status status = bench.PublishAll(10);
  CHECK(ReasonOf(status) == Reason::kNotProvider);
  CHECK(bench.outcomes.empty());
}

TEST_CASE("A stream that ends with a denial ends the publishing") {
  Bench bench(
      [](int, const auto&) { return Reaction{{}, grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "no")}; });
  CHECK(absl::IsPermissionDenied(bench.PublishAll(10)));
}

TEST_CASE("Publishing gives up when it is always refused") {
  Bench bench(
      [](int, const auto& request) { return Reaction{LibraryForTest::Refused(request, "DRAINING"), {}}; },
      200);
  CHECK(ReasonOf(bench.PublishAll(10)) == Reason::kDraining);
}

TEST_CASE("A publisher that is destroyed in the middle lets go of its stream") {
  Bench bench([](int, const auto&) { return Reaction(); });
  for (size_t i = 0; i < 600; ++i) REQUIRE(bench.publisher.Add(RecordOf(i), i).ok());
  CHECK(bench.outcomes.empty());
}

TEST_CASE("Request ids follow from prefix, sending, resource, content and place alone") {
  LibraryForTest::Request batch;
  batch.set_resource("resources/psb.resident");
  *batch.add_records() = RecordOf(1);
  *batch.add_records() = RecordOf(2);
  const std::string id = RequestIdOf("p", "s", 3, batch);
  CHECK(id == RequestIdOf("p", "s", 3, batch));
  CHECK(std::string(kRequestPrefixBytes, 'p').size() + 1 + 32 + 1 + 10 <= limits::kRequestIdBytes);
  LibraryForTest::Request later = batch;
  later.mutable_records(0)->set_schema_revision(2);
  CHECK(RequestIdOf("p", "s", 3, later) == id);
  std::set<std::string> ids = {id, RequestIdOf("q", "s", 3, batch), RequestIdOf("p", "s", 4, batch),
                               RequestIdOf("p", "t", 3, batch)};
  LibraryForTest::Request other = batch;
  other.mutable_records(1)->set_payload("other");
  ids.insert(RequestIdOf("p", "s", 3, other));
  other = batch;
  other.set_resource("resources/psb.other");
  ids.insert(RequestIdOf("p", "s", 3, other));
  // One record that holds the bytes of two is not the two.
  other = batch;
  other.mutable_records(0)->set_payload(batch.records(0).payload() + batch.records(1).payload());
  other.mutable_records()->RemoveLast();
  ids.insert(RequestIdOf("p", "s", 3, other));
  CHECK(ids.size() == 7);
}

TEST_CASE("The same records sent once more by another publisher are another sending") {
  const auto accept = [](int, const auto& request) {
    return Reaction{LibraryForTest::Accepted(request), {}};
  };
  Bench first(accept);
  Bench second(accept);
  REQUIRE(first.PublishAll(10).ok());
  REQUIRE(second.PublishAll(10).ok());
  CHECK(first.library.received()[0].request_id() != second.library.received()[0].request_id());
}

TEST_CASE("Batches are numbered from where a sending that was killed had come to") {
  Bench bench([](int, const auto& request) { return Reaction{LibraryForTest::Accepted(request), {}}; });
  bench.publisher.NumberFrom(50'000);
  REQUIRE(bench.PublishAll(300).ok());
  const auto received = bench.library.received();
  REQUIRE(received.size() == 2);
  CHECK(received[0].request_id().ends_with("-50000"));
  CHECK(received[1].request_id().ends_with("-50001"));
}

TEST_CASE("Waits between attempts double up to the longest and never leave their step") {
  Backoff backoff(7);
  int64_t step = kFirstBackoffMs;
  for (int i = 0; i < 20; ++i) {
    const int64_t wait = backoff.NextMs();
    CHECK(wait >= step / 2);
    CHECK(wait <= step);
    step = std::min(2 * step, kLongestBackoffMs);
  }
  backoff.Reset();
  CHECK(backoff.NextMs() <= kFirstBackoffMs);
}

}  // namespace
}  // namespace hangou
