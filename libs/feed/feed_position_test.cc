#include "libs/feed/feed_position.h"

#include <catch2/catch.hpp>
#include <random>

#include "libs/base/status.h"
#include "libs/feed/cursors.h"

namespace hangou {
namespace {

FeedPosition Position(std::vector<int64_t> offsets, int64_t started_us = 5) {
  FeedPosition position;
  position.log_id = "log";
  position.resource = "resources/psb.resident";
  position.started_us = started_us;
  for (const int64_t offset : offsets) position.partitions.push_back({offset, 3});
  return position;
}

FeedPosition InSnapshot(FeedPosition position, int32_t partition, uint64_t taken) {
  position.snapshot = SnapshotPosition{partition, taken, "hash"};
  return position;
}

TEST_CASE("A position survives its bytes and its token") {
  const KeyRing keys = KeyRing::ForTest();
  for (const FeedPosition& position :
       {Position({}), Position({0, 7, 1'000'000'000'000}), InSnapshot(Position({4, -1, -1}), 1, 99)}) {
    CHECK(DecodePosition(EncodePosition(position)).value() == position);
    const std::string token = SealPosition(keys, "tax", "s1", position);
    CHECK(OpenPosition(keys, "tax", "s1", token).value() == position);
    CHECK(ReasonOf(OpenPosition(keys, "tax", "s2", token).status()) == Reason::kTokenInvalid);
    CHECK(ReasonOf(OpenPosition(keys, "ta", "x|s1", token).status()) == Reason::kTokenInvalid);
  }
}

TEST_CASE("Bytes that are no position are refused, however they are cut or changed") {
  const std::string whole = EncodePosition(InSnapshot(Position({4, -1, 300}), 1, 200));
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto position = DecodePosition(whole.substr(0, length));
    // Cut exactly before the snapshot it is a position without one: the seal of tokens prevents that.
    if (position.ok()) CHECK_FALSE(position->snapshot.has_value());
  }
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 5000; ++i) {
    std::string changed = whole;
    changed[random() % changed.size()] = static_cast<char>(random());
    const auto position = DecodePosition(changed);
    if (position.ok() && position->snapshot) {
      CHECK(static_cast<size_t>(position->snapshot->partition) < position->partitions.size());
    }
  }
}

TEST_CASE("A place adds nothing where it is the stored one or behind it") {
  const FeedPosition stored = Position({5, 5});
  CHECK(AddsNothing(Position({5, 5}), stored));
  CHECK(AddsNothing(Position({4, 5}), stored));
  CHECK_FALSE(AddsNothing(Position({6, 5}), stored));
  CHECK_FALSE(AddsNothing(Position({6, 4}), stored));
  SECTION("A new start counts, an older one does not") {
    CHECK_FALSE(AddsNothing(Position({0, 0}, 6), stored));
    CHECK(AddsNothing(Position({9, 9}, 4), stored));
  }
  SECTION("A snapshot lies before its end, and grows") {
    CHECK(AddsNothing(InSnapshot(stored, 1, 7), stored));
    CHECK_FALSE(AddsNothing(stored, InSnapshot(stored, 1, 7)));
    CHECK(AddsNothing(InSnapshot(stored, 1, 7), InSnapshot(stored, 1, 7)));
    CHECK_FALSE(AddsNothing(InSnapshot(stored, 1, 8), InSnapshot(stored, 1, 7)));
    CHECK(AddsNothing(InSnapshot(stored, 0, 900), InSnapshot(stored, 1, 7)));
  }
  SECTION("Another resource or log replaces") {
    FeedPosition other = stored;
    other.resource = "resources/psb.other";
    CHECK_FALSE(AddsNothing(other, stored));
  }
}

TEST_CASE("A cursor is kept, never moves back, and belongs to its department and subscription") {
  const auto store = MakeMemoryStore(2);
  Cursors cursors(*store, 1);
  CHECK_FALSE(cursors.Read("tax", "s1").value().has_value());
  REQUIRE(cursors.Keep({{"tax", "s1", Position({5, 5})}}).ok());
  CHECK(cursors.Read("tax", "s1").value() == Position({5, 5}));
  REQUIRE(cursors.Keep({{"tax", "s1", Position({4, 5})}}).ok());
  CHECK(cursors.Read("tax", "s1").value() == Position({5, 5}));
  REQUIRE(cursors.Keep({{"tax", "s1", Position({7, 7})}, {"tax", "s1", Position({6, 6})}}).ok());
  CHECK(cursors.Read("tax", "s1").value() == Position({7, 7}));
  CHECK_FALSE(cursors.Read("tax", "s2").value().has_value());
  CHECK_FALSE(cursors.Read("labour", "s1").value().has_value());
}

}  // namespace
}  // namespace hangou
