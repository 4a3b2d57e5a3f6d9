#include "libs/base_library/versions.h"

#include <catch2/catch.hpp>

namespace hangou {
namespace {

struct Case {
  const char* state;
  KnownRecord known;
  WantedChange wanted;
  VersionVerdict verdict;
};

KnownRecord Stored(uint64_t generation, uint64_t version, uint64_t hash, bool deleted = false) {
  return {true, deleted, false, generation, version, hash, hash, 1, 0};
}

WantedChange BySource(uint64_t generation, uint64_t version, uint64_t hash, bool deletion = false) {
  return {deletion ? WantedChange::kDeletion : WantedChange::kUpsert, true, generation, version, hash, hash};
}

WantedChange ByArrival(uint64_t hash, bool deletion = false, uint64_t generation = 0) {
  return {deletion ? WantedChange::kDeletion : WantedChange::kUpsert, false, generation, 0, hash, hash};
}

WantedChange TakingBack(WantedChange::Kind kind, uint64_t version = 5, uint64_t hash = 7) {
  return {kind, true, 0, version, hash, hash};
}

KnownRecord Recalled(uint64_t version) { return {true, true, true, 0, version, 7, 7, 2, 0}; }

TEST_CASE("Versions of one record are ordered by generation, then by source version") {
  const Case cases[] = {
      {"nothing stored", {}, BySource(0, 1, 7), VersionVerdict::kEffective},
      {"a newer version", Stored(0, 1, 7), BySource(0, 2, 7), VersionVerdict::kEffective},
      {"an older version", Stored(0, 2, 7), BySource(0, 1, 8), VersionVerdict::kStale},
      {"the same version, the same content", Stored(0, 2, 7), BySource(0, 2, 7), VersionVerdict::kDuplicate},
      {"the same version, other content", Stored(0, 2, 7), BySource(0, 2, 8), VersionVerdict::kConflict},
      {"a new generation, a lower version", Stored(0, 9, 7), BySource(1, 1, 8), VersionVerdict::kEffective},
      {"an old generation, a higher version", Stored(1, 1, 7), BySource(0, 9, 8), VersionVerdict::kStale},
      {"behind a deletion, a lower version", Stored(0, 5, 7, true), BySource(0, 4, 8),
       VersionVerdict::kStale},
      {"behind a deletion, a higher version", Stored(0, 5, 7, true), BySource(0, 6, 8),
       VersionVerdict::kEffective},
      {"a deletion of what was never there", {}, BySource(0, 5, 7, true), VersionVerdict::kEffective},
      {"a deletion of the stored version", Stored(0, 5, 7), BySource(0, 5, 7, true),
       VersionVerdict::kConflict},
      {"the same deletion again", Stored(0, 5, 7, true), BySource(0, 5, 7, true), VersionVerdict::kDuplicate},
  };
  for (const Case& c : cases) {
    INFO(c.state);
    CHECK(CompareVersions(c.known, c.wanted) == c.verdict);
  }
}

TEST_CASE("Where the log orders, only a repeat of the content is no change") {
  const Case cases[] = {
      {"nothing stored", {}, ByArrival(7), VersionVerdict::kEffective},
      {"other content", Stored(0, 0, 7), ByArrival(8), VersionVerdict::kEffective},
      {"the same content", Stored(0, 0, 7), ByArrival(7), VersionVerdict::kDuplicate},
      {"the same content, but deleted since", Stored(0, 0, 7, true), ByArrival(7),
       VersionVerdict::kEffective},
      {"a deletion of what is there", Stored(0, 0, 7), ByArrival(9, true), VersionVerdict::kEffective},
      {"the same deletion again", Stored(0, 0, 9, true), ByArrival(9, true), VersionVerdict::kDuplicate},
      {"a deletion of what was never there", {}, ByArrival(9, true), VersionVerdict::kNothing},
  };
  for (const Case& c : cases) {
    INFO(c.state);
    CHECK(CompareVersions(c.known, c.wanted) == c.verdict);
  }
}

TEST_CASE("By arrival a lower generation is stale, and a higher one takes the same content anew") {
  const Case cases[] = {
      {"a lower generation", Stored(2, 0, 7), ByArrival(8, false, 1), VersionVerdict::kStale},
      {"the same generation and content", Stored(2, 0, 7), ByArrival(7, false, 2),
       VersionVerdict::kDuplicate},
      {"a higher generation, the same content", Stored(2, 0, 7), ByArrival(7, false, 3),
       VersionVerdict::kEffective},
  };
  for (const Case& c : cases) {
    INFO(c.state);
    CHECK(CompareVersions(c.known, c.wanted) == c.verdict);
  }
}

TEST_CASE("What is taken back is what is there, and what was recalled may come again under its version") {
  const Case cases[] = {
      {"a recall of nothing", {}, TakingBack(WantedChange::kRecall), VersionVerdict::kNothing},
      {"a recall", Stored(0, 5, 7), TakingBack(WantedChange::kRecall), VersionVerdict::kEffective},
      {"a recall of a deleted record", Stored(0, 5, 7, true), TakingBack(WantedChange::kRecall),
       VersionVerdict::kEffective},
      {"a recall once more", Recalled(5), TakingBack(WantedChange::kRecall), VersionVerdict::kDuplicate},
      {"an erasure of what is recalled", Recalled(5), TakingBack(WantedChange::kErasure),
       VersionVerdict::kEffective},
      {"a withdrawal of what is stored", Stored(0, 5, 7), TakingBack(WantedChange::kWithdrawal),
       VersionVerdict::kEffective},
      {"a withdrawal of another content", Stored(0, 5, 8), TakingBack(WantedChange::kWithdrawal),
       VersionVerdict::kStale},
      {"a withdrawal of an older version", Stored(0, 6, 7), TakingBack(WantedChange::kWithdrawal),
       VersionVerdict::kStale},
      {"the recalled version, corrected", Recalled(5), BySource(0, 5, 9), VersionVerdict::kEffective},
      {"below the recalled version", Recalled(5), BySource(0, 4, 9), VersionVerdict::kStale},
  };
  for (const Case& c : cases) {
    INFO(c.state);
    CHECK(CompareVersions(c.known, c.wanted) == c.verdict);
  }
}

}  // namespace
}  // namespace hangou
