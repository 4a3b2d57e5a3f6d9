#include "libs/base_library/versions.h"

#include <utility>

namespace hangou {
namespace {

VersionVerdict CompareTakingBack(const KnownRecord& known, const WantedChange& wanted) {
  if (!known.exists) return VersionVerdict::kNothing;
  switch (wanted.kind) {
    case WantedChange::kRecall:
      return known.recalled ? VersionVerdict::kDuplicate : VersionVerdict::kEffective;
    case WantedChange::kWithdrawal: {
      const bool stored = !known.deleted && known.hash_low == wanted.hash_low &&
                          known.hash_high == wanted.hash_high && known.generation == wanted.generation &&
                          known.source_version == wanted.source_version;
      return stored ? VersionVerdict::kEffective : VersionVerdict::kStale;
    }
    default:
      return VersionVerdict::kEffective;
  }
}

}  // namespace

VersionVerdict CompareVersions(const KnownRecord& known, const WantedChange& wanted) {
  const bool deletion = wanted.kind == WantedChange::kDeletion;
  if (!deletion && wanted.kind != WantedChange::kUpsert) return CompareTakingBack(known, wanted);
  const bool same_content = known.exists && known.deleted == deletion && known.hash_low == wanted.hash_low &&
                            known.hash_high == wanted.hash_high;
  if (!wanted.by_source) {
    if (deletion && !known.exists) return VersionVerdict::kNothing;
    if (known.exists && wanted.generation < known.generation) return VersionVerdict::kStale;
    return same_content && wanted.generation == known.generation ? VersionVerdict::kDuplicate
                                                                 : VersionVerdict::kEffective;
  }
  if (!known.exists) return VersionVerdict::kEffective;
  const std::pair stored(known.generation, known.source_version);
  const std::pair next(wanted.generation, wanted.source_version);
  if (next < stored) return VersionVerdict::kStale;
  if (next > stored || known.recalled) return VersionVerdict::kEffective;
  return same_content ? VersionVerdict::kDuplicate : VersionVerdict::kConflict;
}

}  // namespace hangou
