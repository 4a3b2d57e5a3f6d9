// The audit chain: each process's hash chain of decisions, durable before the reply.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/audit/v1/entry.pb.h"
#include "libs/base/clock.h"

namespace hangou {

// An entry as stored: serialised audit.v1.Entry and its chained hash (audit.v1.ChainedEntry says how).
struct StoredAuditEntry {
  uint64_t sequence = 0;
  std::string entry;
  std::string hash;
};

// Appends decisions to a hash chain on disk, group-committed with fdatasync. Thread-safe; owned by the
// process, outlives everything that answers callers. Callbacks come from the chain's one flusher thread (or,
// when the chain has failed, from the caller's) and must not block.
//
// On a failed write for lack of room, entries are refused with AUDIT_UNAVAILABLE until there is room again;
// on a failed fdatasync the process crashes: nothing that may be lost is ever acknowledged.
class AuditChain {
 public:
  using Done = std::function<void(absl::Status)>;

  virtual ~AuditChain() = default;
  // Opens or creates the chain in `folder`, verifies it from its start, cuts a torn tail (kept beside as
  // *.torn), and begins with an ACTION_START entry. DATA_LOSS where it is damaged before the tail or its
  // hashes do not chain, with file, position and sequence. `process` names the writer in its entries.
  static absl::StatusOr<std::unique_ptr<AuditChain>> Open(const std::string& folder,
                                                          const std::string& process, const Clock& clock);

  // Appends an entry; sequence, time and process are filled in. `done` is called once it is durable, or with
  // AUDIT_UNAVAILABLE. Never blocks on the disk.
  virtual void Append(hangou::audit::v1::Entry entry, Done done) = 0;
  // The same, waiting at most 10 s. Not from the flusher's callbacks.
  virtual absl::Status AppendAndWait(hangou::audit::v1::Entry entry) = 0;
  // Durable entries from `from_sequence` on, at most `max_entries`.
  virtual absl::StatusOr<std::vector<StoredAuditEntry>> Read(uint64_t from_sequence,
                                                             size_t max_entries) const = 0;
  // Sequence of the newest durable entry, 0 where there is none.
  virtual uint64_t newest_sequence() const = 0;
};

// What a chain in a folder holds, where nothing is wrong with it.
struct VerifiedChain {
  uint64_t entries = 0;
  std::string head = std::string(32, '\0');  // hash of the newest
  uint64_t torn_bytes = 0;                   // behind it: of a group that was never acknowledged
};
// Verifies a chain from its start as Open does, and changes nothing. `visit` is called for each entry that follows.
// DATA_LOSS where it is damaged or does not chain, with file, position and sequence; INTERNAL where a process has it
// open, OBJECT_NOT_FOUND where there is no chain.
absl::StatusOr<VerifiedChain> VerifyChainFolder(const std::string& folder,
                                                const std::function<void(const StoredAuditEntry&)>& visit);

// The chained hash: SHA-256 of `previous_hash` (32 bytes, zeros for the first) and the serialised entry.
std::string ChainHash(const std::string& previous_hash, const std::string& entry);

// Verifies consecutive entries: hashes chain, sequences have no gaps. Not thread-safe.
class ChainVerifier {
 public:
  // Begins with the first entry of a chain.
  ChainVerifier() = default;
  // Begins behind an entry with this sequence and hash (32 bytes), which the caller trusts.
  ChainVerifier(uint64_t previous_sequence, std::string previous_hash)
      : head_(std::move(previous_hash)), sequence_(previous_sequence) {}

  // DATA_LOSS, naming the sequence, where the entry does not follow from those before.
  absl::Status Add(const StoredAuditEntry& entry);
  // Number of entries that were added and followed.
  uint64_t verified() const { return verified_; }
  // Hash of the last of them.
  const std::string& head() const { return head_; }

 private:
  std::string head_ = std::string(32, '\0');
  uint64_t sequence_ = 0;
  uint64_t verified_ = 0;
};

}  // namespace hangou
