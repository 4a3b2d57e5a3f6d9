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
  return {true, deleted, generation, version, hash, hash, 1, 0};
}

WantedChange BySource(uint64_t generation, uint64_t version, uint64_t hash, bool deletion = false) {
  return {deletion, true, generation, version, hash, hash};
}

WantedChange ByArrival(uint64_t hash, bool deletion = false) { return {deletion, false, 0, 0, hash, hash}; }

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

}  // namespace
}  // namespace hangou
