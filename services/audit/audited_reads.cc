#include "services/audit/audited_reads.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

// Reads that wait for the disk: auditors are few; more is a program that does not wait for its answers.
constexpr int kWaitingReads = 32;

}  // namespace

// A read under way, from thread to thread.
struct AuditReads::Read {
  Caller caller;
  google::protobuf::Message* response;
  Work work;
  Done done;
  uint64_t newest = 0;  // of this process's chain, when the read began
  hangou::audit::v1::Entry entry;
};

void AuditReads::Run(const Caller& caller, bool fresh, google::protobuf::Message* response, Work work,
                     Done done) {
  auto read = std::make_shared<Read>();
  read->caller = caller;
  read->response = response;
  read->work = std::move(work);
  read->done = std::move(done);
  if (caller.role != roles::kAuditor) {
    return Record(read,
                  MakeError(Reason::kRoleRequired, "only certificates of the role auditor read the audit"));
  }
  if (!TakeTurn()) {
    return Record(read, MakeError(Reason::kOverloaded, "many reads of the audit wait; retry later"));
  }
  read->newest = fresh ? chain_.newest_sequence() : 0;
  Await(read);
}

void AuditReads::Await(const std::shared_ptr<Read>& read) {
  shipper_.ShipNow();
  indexer_.Await(shipper_.chain_id(), read->newest, kFreshWaitMs, [this, read] {
    reader_.Post([this, read] {
      const absl::Status outcome = Perform(*read);
      EndTurn();
      Record(read, outcome);
    });
  });
}

absl::Status AuditReads::Perform(Read& read) const {
  const auto index = indexer_.index();
  if (!index) {
    const absl::Status status = indexer_.status();
    return status.ok() ? MakeError(Reason::kDraining, "the audit service is starting; retry") : status;
  }
  const uint64_t there = index->NewestSequence(shipper_.chain_id());
  const uint64_t behind = read.newest > there ? read.newest - there : 0;
  absl::Status outcome = read.work(AuditScope{read.caller, *index, keys_, behind, read.entry});
  if (ReasonOf(outcome) == Reason::kDataLoss) indexer_.ReportDamage();
  return outcome;
}

void AuditReads::Record(const std::shared_ptr<Read>& read, const absl::Status& outcome) const {
  hangou::audit::v1::Entry& entry = read->entry;
  entry.set_action(hangou::audit::v1::ACTION_AUDIT);
  entry.set_allowed(outcome.ok());
  if (!outcome.ok()) {
    entry.set_reason(std::string(ReasonName(ReasonOf(outcome).value_or(Reason::kInternal))));
    entry.clear_records();
  }
  entry.set_caller(read->caller.department);
  entry.set_role(read->caller.role);
  entry.set_workload(read->caller.workload);
  chain_.Append(std::move(entry), [read, outcome](const absl::Status& recorded) {
    const absl::Status& answer = recorded.ok() ? outcome : recorded;
    if (!answer.ok()) read->response->Clear();
    read->done(answer);
  });
}

bool AuditReads::TakeTurn() {
  MutexLock lock(mutex_);
  if (waiting_ == kWaitingReads) return false;
  ++waiting_;
  return true;
}

void AuditReads::EndTurn() {
  MutexLock lock(mutex_);
  --waiting_;
}

absl::StatusOr<size_t> PageSizeOf(int32_t page_size) {
  if (page_size < 0) {
    return MakeError(Reason::kInvalidRequest, "page_size is negative; leave it out or give 1 to 1000",
                     "page_size");
  }
  return static_cast<size_t>(std::min(page_size == 0 ? limits::kPageDefault : page_size, limits::kPageMax));
}

}  // namespace hangou
