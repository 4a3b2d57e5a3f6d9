// One projection of a department, and what may be in it.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/columnar/v1/manifest.pb.h"
#include "hangou/record/v1/envelope.pb.h"
#include "libs/base/clock.h"
#include "libs/columnar/projection.h"
#include "libs/comparison/projector.h"
#include "libs/policy/snapshot.h"
#include "libs/store/store.h"

namespace hangou {

// Whose projection it is, for which purpose, and of what.
struct ProjectionName {
  std::string department;
  std::string purpose;
  ProjectionShape shape;

  auto operator<=>(const ProjectionName&) const = default;
};

// Tables of the store in which projections are kept. All keys begin with the number of the projection (4 bytes,
// big-endian); but for manifests the id of a record follows (8 bytes, big-endian).
enum KeptTable {
  kKeptManifests,  // a ProjectionManifest
  kKeptKeys,       // the key of the record's row
  kKeptDays,       // the day, in decimal, on which a deleted record ceases to be valid
  kKeptErasures,   // when the record was erased, in decimal microseconds since 1970-01-01 UTC
  kKeptTables,
};

// The beginning of what is kept of a projection.
std::string KeptPrefix(uint32_t number);
// The name that a manifest is of.
ProjectionName ProjectionNameOf(const hangou::columnar::v1::ProjectionManifest& manifest);
// What rows depend on of a schema: the numbers and types of the shape's fields. Rows of another meaning are made anew.
std::string MeaningOf(const ProjectionShape& shape, const ResourceSchema& schema);

// How long the id of an erased record is kept, to be told again after a start: whoever was told may have been ended
// before it could act, which takes it a moment while the log answers.
constexpr int64_t kErasureKeptUs = 7 * 86'400'000'000LL;

// What a department may have of the fields of a projection.
struct ProjectionRights {
  absl::Status status;         // the policy's refusal, naming resource and field
  bool own_rows_only = false;  // it reads back what it provides itself
};

// Decides under a snapshot. All fields are wanted in full; a provider reads back its own rows without a grant.
ProjectionRights DecideProjection(const PolicySnapshot& snapshot, const std::string& department,
                                  const std::string& purpose, const std::string& resource,
                                  const std::vector<std::string>& fields, int64_t now_us);

// Takes records as they stand in the log into a projection, and keeps it: what has changed of it since it was kept
// last is held in memory and written in one batch with the names of its segments, so that rows and keys of records
// never differ. Belongs to one thread, but for what says otherwise.
class FedProjection {
 public:
  // An empty one. `kept` (KeptTable) remembers the keys of records under `number`, which nothing is kept of yet: a
  // record may change its key, and a deletion does not tell it. It and the clock must outlive this.
  static absl::StatusOr<std::shared_ptr<FedProjection>> Make(const ProjectionName& name,
                                                             std::shared_ptr<const ResourceSchema> schema,
                                                             bool own_rows_only, const std::string& folder,
                                                             int partitions, Store& kept, uint32_t number,
                                                             const Clock& clock);
  // The one that was kept under `number` with this manifest. DATA_LOSS where something of it is missing or damaged.
  static absl::StatusOr<std::shared_ptr<FedProjection>> Reopen(
      const hangou::columnar::v1::ProjectionManifest& manifest, std::shared_ptr<const ResourceSchema> schema,
      const std::string& folder, Store& kept, uint32_t number, const Clock& clock);

  uint32_t number() const { return number_; }
  const ProjectionName& name() const { return name_; }
  uint32_t resource_number() const { return resource_number_; }
  const std::string& library() const { return library_; }
  bool own_rows_only() const { return own_rows_only_; }
  // Has `erased` called with the id of each record that is erased, and now with those that were erased lately; it must
  // not block. Once, before the first Take.
  absl::Status OnErased(std::function<void(uint64_t record)> erased);
  // Goes on with another revision of the schema. INVALID_OBJECT where its rows have another meaning: it has to be made
  // anew.
  absl::Status TakeSchema(std::shared_ptr<const ResourceSchema> schema);
  // Takes an upsert or a deletion of the resource. After an error the same event may be taken again.
  absl::Status Take(const hangou::record::v1::Envelope& event);
  // Adds what has changed since the last Kept, with `place` as what was taken, to a batch for `kept`; the segments
  // that it names are durable. STORE_FULL, DATA_LOSS: nothing is lost.
  absl::Status AddTo(const hangou::columnar::v1::LogPlace& place, StoreBatch* batch);
  // The batch of the last AddTo is durable.
  void Kept();
  // Bytes in memory that wait to be kept.
  size_t waiting_bytes() const { return waiting_bytes_; }
  // Removes the rows of records that have ceased to be valid since they were deleted.
  absl::Status RemoveEnded();
  // Keys of rows that came, changed or went since the last call.
  std::vector<std::string> TakeChangedKeys() { return std::exchange(changed_keys_, {}); }
  // Removes its rows; what comes later is not taken.
  void End();
  // Thread-safe.
  bool ended() const { return ended_; }
  // Says that it cannot go on and has to be made anew; what comes later is not taken. The first reason counts.
  void Break(absl::Status why);
  // Why it has to be made anew, OK where it has not: Break, or a damaged segment.
  absl::Status broken() const;
  // True after Break. Thread-safe.
  bool is_broken() const { return is_broken_; }
  // True where the store of the keys is damaged, which others share.
  bool kept_damaged() const { return kept_damaged_; }
  // True where records were erased whose bytes may be on the disk still. Purge removes them from the segments; when
  // that is kept, PurgeKeys removes them from the store of keys.
  bool has_erased() const { return has_erased_; }
  absl::Status Purge() { return rows_->Purge(); }
  absl::Status PurgeKeys();
  // Rows that have no key, because a part of it is missing: they are in no comparison. Thread-safe.
  int64_t rows_without_key() const { return rows_without_key_; }
  // Thread-safe, as is what it gives.
  Projection& rows() { return *rows_; }

 private:
  FedProjection(const ProjectionName& name, bool own_rows_only, Store& kept, uint32_t number,
                const Clock& clock)
      : name_(name), own_rows_only_(own_rows_only), kept_(kept), number_(number), clock_(clock) {}

  absl::StatusOr<std::string> KeyBefore(uint64_t id);
  void SetKey(uint64_t id, const std::string& key);
  // 0: none.
  void SetDay(uint64_t id, int32_t day);
  void RemoveRow(const std::string& key, uint64_t id);
  bool IsValidStill(const hangou::record::v1::Deletion& deletion) const;
  std::string KeptKey(uint64_t id) const;

  const ProjectionName name_;
  const bool own_rows_only_;
  Store& kept_;
  const uint32_t number_;
  const Clock& clock_;
  uint32_t resource_number_ = 0;
  std::string library_;
  std::unique_ptr<Projector> projector_;
  std::unique_ptr<Projection> rows_;
  std::atomic<int64_t> rows_without_key_ = 0;
  std::atomic<bool> ended_ = false;
  std::function<void(uint64_t record)> erased_;
  std::atomic<bool> has_erased_ = false;
  bool kept_damaged_ = false;
  absl::Status broken_;
  std::atomic<bool> is_broken_ = false;
  // What waits to be kept, by record: its key, empty where its row is gone; its day, 0 where it has none; when it was
  // erased.
  std::unordered_map<uint64_t, std::string> changed_;
  std::unordered_map<uint64_t, int32_t> changed_days_;
  std::unordered_map<uint64_t, int64_t> erasures_;
  size_t waiting_bytes_ = 0;
  std::vector<std::string> added_segments_;  // of the last AddTo
  std::string meaning_;
  uint32_t schema_revision_ = 0;
  std::vector<std::string> changed_keys_;
  std::map<uint64_t, int32_t> valid_until_;  // the day by record, of those that are deleted and valid still
  // Scratch of Take.
  std::string key_;
  std::vector<Cell> cells_;
};

}  // namespace hangou
