// Finds, verifies and repairs the files of an audit chain. Internal to libs/audit.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/audit/audit_format.h"
#include "libs/audit/chain.h"

namespace hangou {

// A segment file and how much of it counts.
struct ChainSegment {
  std::string path;
  uint64_t salt = 0;
  uint64_t end = 0;  // behind its last frame
};

// Where an entry stands; kept for some entries only.
struct ChainPlace {
  uint64_t sequence = 0;
  size_t segment = 0;     // index into ChainFiles::segments
  uint64_t position = 0;  // of its frame
};

// Entries between two places kept: 24 bytes of memory and at most so many frames to skip.
constexpr uint64_t kPlaceEvery = 256;

// A chain as it stands on disk.
struct ChainFiles {
  std::vector<ChainSegment> segments;
  std::vector<ChainPlace> places;  // by sequence; the first of every segment, and every kPlaceEvery-th
  uint64_t newest_sequence = 0;
  std::string head = std::string(kHashBytes, '\0');
  uint64_t torn_bytes = 0;  // at the end: cut, where that was asked for

  // Keeps the place of an entry in the newest segment, if it is one to keep.
  void AddPlace(uint64_t sequence, uint64_t position);
};

// What becomes of a torn tail.
enum class TornChain { kCut, kLeave };

// Verifies the chain in `folder` from its start; `visit`, where there is one, gets each entry. DATA_LOSS where it is
// damaged.
absl::StatusOr<ChainFiles> OpenChainFiles(
    const std::string& folder, TornChain torn_tail = TornChain::kCut,
    const std::function<void(const StoredAuditEntry&)>& visit = nullptr);

}  // namespace hangou
