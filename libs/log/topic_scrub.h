// What tombstones ask for, done to the files of a topic: the bytes of erased entries go, and nothing moves.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "libs/log/segment_file.h"

namespace hangou {

// Overwrites, in the segments up to `last`, every entry whose key has a later tombstone in them, and those tombstones:
// what is left in their place is a tombstone of a key of zeros. A segment is written anew beside the old one and takes
// its place at once, with every frame where it was, so readers notice nothing; one that is damaged is left as it is.
// Nobody may write to these segments meanwhile. Returns how many entries went. STORE_FULL where there is no room for
// the copy of one segment.
absl::StatusOr<int64_t> ScrubSegments(const std::string& folder, const TopicDeclaration& declaration,
                                      uint32_t last);

}  // namespace hangou
