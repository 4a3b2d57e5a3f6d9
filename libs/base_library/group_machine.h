// The state machine of a partition group: (event, now) to effects. No threads, no log, no clock: partition_group.h
// drives it. It decides what is appended, and applies what is in the log.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "hangou/record/v1/envelope.pb.h"
#include "libs/base/reason.h"
#include "libs/base_library/erase_ledger.h"
#include "libs/base_library/versions.h"
#include "libs/base_library/view_tables.h"
#include "libs/log/log.h"
#include "libs/store/store.h"

namespace hangou {

// Takes the outcomes of the records of one request. Called on the group's thread.
class OutcomeSink {
 public:
  virtual ~OutcomeSink() = default;
  // The outcome of the record at `place`: at least once for every record submitted; the first one counts.
  virtual void OnOutcome(uint32_t place, hangou::base_library::v1::RecordOutcome outcome) = 0;
};

// A record handed to its owner: valid, normalised, with everything but revision and time.
struct Submission {
  int32_t partition = 0;
  bool by_source = false;
  // An upsert, a deletion or a reference; request_place is the place in the request. An upsert whose
  // withdrawn_revision is set takes that content back.
  hangou::record::v1::Envelope envelope;
  std::shared_ptr<OutcomeSink> sink;
};

// Identity and version of what an upsert, a deletion or a reference is about.
const hangou::record::v1::RecordHead& HeadOf(const hangou::record::v1::Envelope& envelope);

// State of the partitions of one group. Not thread-safe: one thread at a time. `store` must outlive it; reads of
// the store by others are fine.
class GroupMachine {
 public:
  // An outcome that is ready to be given.
  struct Answer {
    std::shared_ptr<OutcomeSink> sink;
    uint32_t place = 0;
    hangou::base_library::v1::RecordOutcome outcome;
  };
  // What is to be done. The driver appends first, then answers.
  struct Effects {
    std::map<int32_t, std::vector<LogEntry>> appends;
    std::vector<Answer> answers;
    size_t applied = 0;                // records of the log, but for those that were applied before
    std::vector<ErasureEvent> erased;  // among them
    // Another owner has begun: this one decides nothing any more, and what it had in flight is answered.
    bool deposed = false;
  };

  // Entries of this group's that are in the log.
  struct AcknowledgedAppend {
    int32_t partition = 0;
    int64_t first_offset = 0;
    std::shared_ptr<const std::vector<LogEntry>> entries;
  };

  // Where `ledger` is not null, an erasure stands there before it is applied.
  GroupMachine(Store& store, std::vector<int32_t> partitions, EraseLedger* ledger)
      : store_(store), partitions_(std::move(partitions)), ledger_(ledger) {}

  // Reads how far each partition is applied. POSITION_UNKNOWN where the view was built from another log or in another
  // format: rebuild.
  absl::Status Load(const std::string& log_id);
  // Notes in the view that it followed the log at `now_us`; and when it last did, 0 where that is not known. A view
  // that did not for longer than tombstones live may hold what was erased.
  absl::Status NoteFollowed(int64_t now_us);
  absl::StatusOr<int64_t> FollowedUs() const;
  // First offset to read, per partition.
  std::map<int32_t, int64_t> ReadFrom() const;

  // Becomes the owner under the owner epoch of the placement: appends an OwnerStart to each partition. Call it once
  // everything in the log is applied. Nothing is decided before all are read back. NOT_OWNER where a newer owner has
  // begun already.
  absl::StatusOr<Effects> BeginOwnership(uint64_t placement_epoch, int64_t now_us);
  // Ceases to be the owner: what is in flight is told so. It may still show up in the log, and is applied then.
  Effects EndOwnership();
  bool Owns() const { return owner_epoch_ != 0 && starts_awaited_ == 0; }

  // Decides records. Only while it owns. DATA_LOSS where the view cannot be read: the driver rebuilds it.
  absl::StatusOr<Effects> Decide(std::vector<Submission> submissions, int64_t now_us);
  // Applies what was read back, in one batch of the store, and completes what waited for it. On an error nothing has
  // changed: the same records can be applied again.
  absl::StatusOr<Effects> Apply(const std::vector<LogRecord>& records);
  // Takes appends that were acknowledged, in the order of their acknowledgements. One that stands right behind what is
  // applied is applied as if it were read back: nobody has written in between. Any other one waits to be read back.
  absl::StatusOr<Effects> ApplyAcknowledged(const std::vector<AcknowledgedAppend>& appends);
  // An append failed: whoever waits for one of its log keys is told why. It may be in the log nevertheless.
  Effects AppendFailed(const std::vector<LogEntry>& entries, const absl::Status& status);
  // Everything that waits is told that the group stops.
  Effects Abandon(const absl::Status& status);

  // Deletes some of the request memories older than `before_us`; returns how many it looked at.
  absl::StatusOr<size_t> ExpireRequests(int64_t before_us, size_t at_most);

  // Ends erasures older than `before_us`: tombstones for their events, and once more for what they erased, at most so
  // many and those of one more; and an ErasuresEnded for those who come late. Only while it owns.
  absl::StatusOr<Effects> EndErasures(int64_t before_us, size_t at_most) const;

  // First offset of a partition that is not applied.
  int64_t NextOffset(int32_t partition) const;
  // When the oldest change in flight was decided, 0 where nothing is in flight.
  int64_t OldestPendingUs() const;
  size_t PendingCount() const { return pending_count_; }

 private:
  // A change that was appended and is not yet applied, and who waits for it.
  struct Pending {
    uint64_t revision = 0;
    KnownRecord result;       // what the record is then
    std::string request_key;  // where the request is remembered while in flight
    std::vector<Answer> waiting;
  };
  struct InFlight {
    std::vector<Pending> pending;  // one, mostly; never none
  };
  struct InFlightRequest {
    uint64_t hash_low = 0;
    uint64_t hash_high = 0;
    uint64_t digest = 0;
    std::string record_key;
    uint64_t revision = 0;
  };
  using InFlightMap = std::unordered_map<std::string, InFlight>;

  // What is in flight is kept by state keys: the RecordKey of a record, the ReferenceStateKey of a reference.
  // The view's rows of what is submitted.
  absl::StatusOr<std::vector<std::optional<std::string>>> StoredRows(
      const std::vector<Submission>& submissions, const std::vector<std::string>& state_keys) const;
  // `stored` is the view's row, none where there is none.
  absl::Status DecideOne(Submission& submission, const std::string& state_key,
                         const std::optional<std::string>& stored, int64_t now_us, Effects* effects);
  absl::StatusOr<KnownRecord> Known(const Submission& submission, const std::string& state_key,
                                    const std::optional<std::string>& stored) const;
  // Makes a withdrawal the event that gives what was there before.
  absl::Status Restore(const std::string& record_key, uint64_t revision,
                       hangou::record::v1::Envelope* envelope) const;
  // True where a request was seen before: then the submission is answered.
  absl::StatusOr<bool> AnswerRepeatedRequest(const Submission& submission, int64_t now_us, Effects* effects);
  void Accept(Submission& submission, const std::string& state_key, const KnownRecord& known, int64_t now_us,
              Effects* effects);
  // A record of the log as it is applied.
  struct Logged {
    int32_t partition;
    int64_t offset;
    const std::string* key;
    const std::optional<std::string>* value;
  };
  // What a batch of the log does to the view, kept apart until the store has it.
  struct Staged {
    StoreBatch batch;
    std::map<int32_t, PartitionProgress> progress;
    // Places in the batch of the records in it, by record key: made when the first deletion asks.
    std::optional<std::unordered_map<std::string, size_t>> rows;
    size_t starts = 0;                   // OwnerStarts of this owner
    std::vector<ErasureEvent> erasures;  // of any owner
    size_t applied = 0;                  // records that were not applied before
    struct Done {
      size_t place;  // of the record in the batch
      uint64_t revision;
      int32_t partition;
      int64_t offset;
    };
    std::vector<Done> done;  // changes of this owner
    // Those of them that erase, by record key: the revisions before them leave the log now.
    std::vector<std::pair<std::string, StoredErasure>> erased;
    std::vector<std::pair<int32_t, std::string>>
        voided;  // partition and log key of what a former owner wrote too late
  };
  // Messages that are filled again for each record: their strings keep their memory.
  struct Scratch {
    hangou::record::v1::Envelope envelope;
    hangou::record::v1::StoredRecord stored;
  };
  // Tombstones of the revisions of a record that an erasure took.
  static void AppendTombstones(const std::string& record_key, const StoredErasure& erasure, Effects* effects);
  absl::StatusOr<Effects> ApplyAll(const std::vector<Logged>& records);
  absl::Status StageRecord(const Logged& record, Scratch* scratch, Staged* staged) const;
  absl::Status StageTombstone(const Logged& record, Staged* staged) const;
  absl::Status StageEvent(const Logged& record, Scratch* scratch, Staged* staged) const;
  void StageReference(const Logged& record, const hangou::record::v1::Envelope& envelope,
                      Staged* staged) const;
  // Keeps what a record was before the event of `head`, and gives it.
  absl::StatusOr<std::optional<hangou::record::v1::StoredRecord>> KeepHistory(
      const std::string& record_key, const hangou::record::v1::RecordHead& head, bool withdrawn,
      Staged* staged) const;
  absl::Status StageErasure(const Logged& record, const std::string& record_key,
                            const hangou::record::v1::Envelope& envelope, Staged* staged) const;
  // Notes that the event staged last, at `place` of the batch, is this owner's.
  void NoteDone(const Logged& record, const hangou::record::v1::Envelope& envelope, size_t place,
                uint64_t revision, Staged* staged) const;
  // The row of a record as this batch, or else the view, has it.
  absl::StatusOr<std::optional<std::string>> RowBefore(const std::string& record_key, Staged* staged) const;
  // A row of another table, likewise: for the few events that look one up.
  absl::StatusOr<std::optional<std::string>> RowOf(int table, const std::string& key,
                                                   const Staged& staged) const;
  void Complete(const std::string& state_key, const Staged::Done& done, Effects* effects);
  void Fail(Pending& pending, const absl::Status& status, Effects* effects);

  Store& store_;
  const std::vector<int32_t> partitions_;
  EraseLedger* const ledger_;
  std::map<int32_t, PartitionProgress> progress_;
  uint64_t owner_epoch_ = 0;   // 0: not the owner
  size_t starts_awaited_ = 0;  // OwnerStarts appended and not read back
  InFlightMap in_flight_;
  std::unordered_map<std::string, InFlightRequest> in_flight_requests_;
  // By record key, the revision of an append that failed, while this owner has applied none above it: it may be in the
  // log nevertheless, so that no other change gets it.
  std::unordered_map<std::string, uint64_t> uncertain_;
  // When what is in flight was decided: one instant per change, taken off oldest first, whichever change completes.
  std::deque<int64_t> decided_us_;
  size_t pending_count_ = 0;
  std::string expiry_cursor_;
  // True where there may be rows in kViewErasures: then a record that is not there may have had revisions.
  bool may_have_erasures_ = false;
};

// The outcome of a record that was refused.
hangou::base_library::v1::RecordOutcome RefusedOutcome(Reason reason, std::string_view field,
                                                       std::string_view message);

}  // namespace hangou
