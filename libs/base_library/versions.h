// The order of versions of one record (API.md's "Versions"): a pure function, apart from what drives it.
#pragma once

#include <cstdint>

namespace hangou {

// What is known of a record: its newest event, applied or in flight.
struct KnownRecord {
  bool exists = false;
  bool deleted = false;
  uint64_t generation = 0;
  uint64_t source_version = 0;
  uint64_t hash_low = 0;
  uint64_t hash_high = 0;
  uint64_t revision = 0;
  int64_t offset = -1;  // -1: in flight
};

// A change that a provider wants.
struct WantedChange {
  bool deletion = false;
  bool by_source = false;  // versioning: source, else arrival
  uint64_t generation = 0;
  uint64_t source_version = 0;
  uint64_t hash_low = 0;
  uint64_t hash_high = 0;
};

// What becomes of it.
enum class VersionVerdict {
  kEffective,  // append it
  kDuplicate,  // the same content is there
  kStale,      // a newer version is there
  kConflict,   // the same version is there with other content
  kNothing,    // a deletion of what was never there, where the log orders
};

// Compares. By source: (generation, source_version) decides; by arrival: the log orders, and only a repeat of the
// content is no change.
VersionVerdict CompareVersions(const KnownRecord& known, const WantedChange& wanted);

}  // namespace hangou
