// Erases again what a restored copy of the log brought back, before a group serves.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base_library/erase_ledger.h"
#include "libs/base_library/group_machine.h"
#include "libs/store/store.h"

namespace hangou {

// Finds the rows of one group that the ledger of erasures names. Not thread-safe; constant but for what it has read.
class EraseReplay {
 public:
  // The normalised identifier of the owner entity of a published record; empty where its resource is not known.
  using OwnerOf = std::function<std::string(const hangou::record::v1::Upsert&)>;

  // The ledger must outlive it.
  EraseReplay(EraseLedger& ledger, int32_t group, int32_t partitions, OwnerOf owner_of)
      : ledger_(ledger), group_(group), partitions_(partitions), owner_of_(std::move(owner_of)) {}

  bool due() const { return ledger_.IsDue(group_); }
  // Some of what is to be erased again, records and references to them, as submissions for the group's owner; none
  // where all of it is gone. DATA_LOSS.
  absl::StatusOr<std::vector<Submission>> Find(const Store& view);
  // All of it is gone, and stays so.
  absl::Status End();

 private:
  // Whether a row of a record, or of a reference to it, is from before the restore and must go.
  bool IsErased(std::string_view record_key, int32_t row_partition, int64_t offset,
                int64_t received_us) const;
  absl::Status FindRecords(const Store& view, std::vector<Submission>* found) const;
  absl::Status FindReferences(const Store& view, std::vector<Submission>* found) const;

  EraseLedger& ledger_;
  const int32_t group_;
  const int32_t partitions_;  // of the library
  const OwnerOf owner_of_;
  std::optional<RestoredErasures> erasures_;
};

}  // namespace hangou
