#include "libs/base_library/versions.h"

#include <utility>

namespace hangou {

VersionVerdict CompareVersions(const KnownRecord& known, const WantedChange& wanted) {
  const bool same_content = known.exists && known.deleted == wanted.deletion &&
                            known.hash_low == wanted.hash_low && known.hash_high == wanted.hash_high;
  if (!wanted.by_source) {
    if (wanted.deletion && !known.exists) return VersionVerdict::kNothing;
    return same_content ? VersionVerdict::kDuplicate : VersionVerdict::kEffective;
  }
  if (!known.exists) return VersionVerdict::kEffective;
  const std::pair stored(known.generation, known.source_version);
  const std::pair next(wanted.generation, wanted.source_version);
  if (next < stored) return VersionVerdict::kStale;
  if (next > stored) return VersionVerdict::kEffective;
  return same_content ? VersionVerdict::kDuplicate : VersionVerdict::kConflict;
}

}  // namespace hangou
