// One projection of a department, and what may be in it.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
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

// What a department may have of the fields of a projection.
struct ProjectionRights {
  absl::Status status;         // the policy's refusal, naming resource and field
  bool own_rows_only = false;  // it reads back what it provides itself
};

// Decides under a snapshot. All fields are wanted in full; a provider reads back its own rows without a grant.
ProjectionRights DecideProjection(const PolicySnapshot& snapshot, const std::string& department,
                                  const std::string& purpose, const std::string& resource,
                                  const std::vector<std::string>& fields, int64_t now_us);

// Takes records as they stand in the log into a projection. Take belongs to one thread; the rest is thread-safe.
class FedProjection {
 public:
  // `places` remembers the keys of records, in table 0 under `number`: a record may change its key, and a deletion
  // does not tell it. It and the clock must outlive this.
  static absl::StatusOr<std::shared_ptr<FedProjection>> Make(const ProjectionName& name,
                                                             std::shared_ptr<const ResourceSchema> schema,
                                                             bool own_rows_only, const std::string& folder,
                                                             int partitions, Store& places, uint32_t number,
                                                             const Clock& clock);

  const ProjectionName& name() const { return name_; }
  uint32_t resource_number() const { return resource_number_; }
  const std::string& library() const { return library_; }
  bool own_rows_only() const { return own_rows_only_; }
  // Has `erased` called with the id of each record that is erased; it must not block. Before the first Take.
  void OnErased(std::function<void(uint64_t record)> erased) { erased_ = std::move(erased); }
  // Takes an upsert or a deletion of the resource.
  absl::Status Take(const hangou::record::v1::Envelope& event);
  // Removes the rows of records that have ceased to be valid since they were deleted; belongs to the thread of Take.
  absl::Status RemoveEnded();
  // Keys of rows that came, changed or went since the last call; belongs to the thread of Take.
  std::vector<std::string> TakeChangedKeys() { return std::exchange(changed_keys_, {}); }
  // Removes its rows; what comes later is not taken.
  void End();
  bool ended() const { return ended_; }
  // True where records were erased since the last Purge, which removes their bytes.
  bool has_erased() const { return has_erased_; }
  absl::Status Purge();
  // Rows that have no key, because a part of it is missing: they are in no comparison.
  int64_t rows_without_key() const { return rows_without_key_; }
  Projection& rows() { return *rows_; }

 private:
  FedProjection(const ProjectionName& name, bool own_rows_only, Store& places, uint32_t number,
                const Clock& clock)
      : name_(name), own_rows_only_(own_rows_only), places_(places), number_(number), clock_(clock) {}

  absl::StatusOr<std::string> KeyBefore(uint64_t id) const;
  absl::Status KeepKey(uint64_t id, const std::string& key);
  absl::Status RemoveRow(const std::string& key, uint64_t id);
  bool IsValidStill(const hangou::record::v1::Deletion& deletion) const;
  std::string PlaceKey(uint64_t id) const;

  const ProjectionName name_;
  const bool own_rows_only_;
  Store& places_;
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
  std::vector<std::string> changed_keys_;
  std::map<uint64_t, int32_t> valid_until_;  // the day by record, of those that are deleted and valid still
  // Scratch of Take.
  std::string key_;
  std::vector<Cell> cells_;
};

}  // namespace hangou
