// The view of the audit topics: entries with their indexes, and what is known of each chain.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/audit/v1/audit.pb.h"
#include "hangou/audit/v1/chain.pb.h"
#include "libs/audit_topic/chain_tracker.h"
#include "libs/base/mutex.h"
#include "libs/log/log.h"
#include "libs/store/store.h"
#include "services/audit/audit_rows.h"

namespace hangou {

// Chains of an installation: a process has one for as long as it keeps its volume.
constexpr size_t kKnownChains = 10'000;

// A chain of the view.
struct KnownChain {
  uint32_t number = 0;  // in the keys of the view
  hangou::audit::v1::Head head;
};

// Verifies what the topics bring and stores it: an entry's rows, the heads of the chains and the position are one batch
// of the store. Apply and Flush by one thread; everything else is thread-safe.
class AuditIndex final : private TakenHashes {
 public:
  // Opens the view in a store of kAuditTables tables. DATA_LOSS where it is damaged, or of another log.
  static absl::StatusOr<std::unique_ptr<AuditIndex>> Open(std::unique_ptr<Store> store,
                                                          const std::string& log_id);

  // Offset of a partition from which the view is to be continued.
  int64_t NextOffset(const std::string& topic, int32_t partition) const;
  // Applies messages of one partition of kAuditTopic, in order. On an error nothing is applied.
  absl::Status ApplyBatches(const std::vector<LogRecord>& records, int64_t now_us);
  // Applies messages of kAuditHeadsTopic, whose signatures are checked under these public keys.
  absl::Status ApplyHeads(const std::vector<LogRecord>& records, const std::vector<std::string>& public_keys,
                          int64_t now_us);
  // Keeps the finding that a partition cannot be read.
  absl::Status NoteUnreadable(const std::string& place, std::string_view message, int64_t now_us);
  // Makes what was applied survive a crash of the machine.
  absl::Status Flush() { return store_->Flush(); }

  // What is known of a chain; null where it is unknown.
  std::shared_ptr<const KnownChain> Find(const std::string& chain_id) const;
  // All chains, by id.
  std::vector<std::shared_ptr<const KnownChain>> Chains() const;
  // Id of the chain with a number of this view; empty where there is none.
  std::string ChainIdOf(uint32_t number) const;
  // Newest sequence of a chain, in whichever branch; 0 where the chain is unknown.
  uint64_t NewestSequence(const std::string& chain_id) const;
  // What is wrong and belongs to no chain: findings and their count.
  hangou::audit::v1::ListHeadsResponse TopicFindings() const;
  const Store& store() const { return *store_; }

 private:
  // What the messages under way change; dropped as a whole where they cannot be stored.
  struct Changes {
    StoreBatch batch;
    std::map<std::string, KnownChain> chains;
    std::unordered_map<std::string, std::string> hashes;  // by REF
    std::optional<hangou::audit::v1::ListHeadsResponse> findings;
  };

  explicit AuditIndex(std::unique_ptr<Store> store) : store_(std::move(store)) {}
  absl::Status Load(const std::string& log_id);
  absl::Status LoadRow(std::string_view key, std::string_view value);
  absl::Status ApplyBatch(const LogRecord& record, int64_t now_us);
  absl::Status ApplyHead(const LogRecord& record, const std::vector<std::string>& public_keys,
                         int64_t now_us);
  absl::Status Commit(const std::string& topic, const std::vector<LogRecord>& records);
  KnownChain* ChainToChange(const std::string& chain_id);
  void NoteTopicFinding(const std::string& place, std::string_view message, int64_t now_us);
  absl::StatusOr<std::string> HashAt(const std::string& chain_id, uint32_t branch,
                                     uint64_t sequence) const override;

  const std::unique_ptr<Store> store_;
  Changes changes_;  // of the applying thread

  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<const KnownChain>> chains_ HANGOU_GUARDED_BY(mutex_);
  std::vector<std::string> ids_ HANGOU_GUARDED_BY(mutex_);  // by number
  std::map<std::string, int64_t> next_ HANGOU_GUARDED_BY(mutex_);
  hangou::audit::v1::ListHeadsResponse findings_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou
