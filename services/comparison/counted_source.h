// The rows of a run, counted as they are read.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/status.h"
#include "libs/columnar/merge.h"
#include "services/comparison/run_desk.h"

namespace hangou {

// The rows of a source, counted block by block as they are read: some thousand at once, so that counting costs
// nothing. A run that is cancelled ends at the next block.
class CountedSource final : public BlockSource {
 public:
  // `rows` counts those of a partition, and is of its thread; both outlive the source.
  CountedSource(std::unique_ptr<BlockSource> source, RunMeter* meter, int64_t* rows)
      : source_(std::move(source)), meter_(meter), rows_(rows) {}

  absl::StatusOr<const BlockRows*> Next() override {
    if (meter_->control.cancelled) return Cancelled();
    ASSIGN_OR_RETURN(const BlockRows* const block, source_->Next());
    if (block != nullptr) {
      *rows_ += block->rows;
      meter_->AddRows(block->rows);
    }
    return block;
  }
  absl::StatusOr<const std::vector<uint64_t>*> Ids() override { return source_->Ids(); }
  // How a run ends that was cancelled.
  static absl::Status Cancelled() {
    return absl::CancelledError("the run was cancelled; it has kept no clue");
  }

 private:
  const std::unique_ptr<BlockSource> source_;
  RunMeter* const meter_;
  int64_t* const rows_;
};

}  // namespace hangou
