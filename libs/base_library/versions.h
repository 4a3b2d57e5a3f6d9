// The order of versions of one record (API.md's "Versions"): a pure function, apart from what drives it.
#pragma once

#include <cstdint>

namespace hangou {

// What is known of a record: its newest event, applied or in flight.
struct KnownRecord {
  bool exists = false;
  bool deleted = false;
  bool recalled = false;  // deleted so: what comes next may have the version that was recalled
  uint64_t generation = 0;
  uint64_t source_version = 0;
  uint64_t hash_low = 0;
  uint64_t hash_high = 0;
  uint64_t revision = 0;
  int64_t offset = -1;       // -1: in flight
  uint64_t owner_epoch = 0;  // of a reference's event: a part of its key in the log
};

// A change that a provider wants.
struct WantedChange {
  // What is wanted: a content, the end of the validity; or to take back, whatever the version.
  enum Kind { kUpsert, kDeletion, kRecall, kErasure, kWithdrawal };
  Kind kind = kUpsert;
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
  kNothing,  // a deletion of what was never there, where the log orders; something to take back that is not there
};

// Compares. By source: (generation, source_version) decides; by arrival: a lower generation is stale, else the log
// orders, and only a repeat of the content under the same generation is no change. What is recalled is as if it were of
// a lower version. A withdrawal is of the very content that is stored, or stale.
VersionVerdict CompareVersions(const KnownRecord& known, const WantedChange& wanted);

}  // namespace hangou
