#include "services/base_library/batch_get_by_owner.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/rpc/forward.h"
#include "services/base_library/pass_on.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;

// The entities of one owner.
struct Part {
  v1::BatchGetRequest request;
  v1::BatchGetResponse response;
  std::vector<int> places;  // in the whole
};

// All parts on their way. Owned by the callbacks that wait for them.
class BatchGetRun {
 public:
  BatchGetRun(const PolicyHolder& policy, std::map<std::string, Part> parts, int count,
              v1::BatchGetResponse* response, Library::Done done)
      : policy_(policy),
        parts_(std::move(parts)),
        count_(count),
        response_(response),
        done_(std::move(done)),
        waiting_(parts_.size()) {}

  std::map<std::string, Part>& parts() { return parts_; }

  void PartDone(const absl::Status& status) {
    absl::Status first;
    {
      MutexLock lock(mutex_);
      if (first_.ok()) first_ = status;
      if (--waiting_ > 0) return;
      first = first_;
    }
    if (first.ok()) first = Merge();
    if (!first.ok()) return done_(first);
    HandOverUnderPin(policy_, response_->decision().epoch(), done_);
  }

 private:
  // When nobody else uses the parts any more.
  absl::Status Merge() {
    std::vector<v1::BatchGetResponse::Item*> items(static_cast<size_t>(count_));
    for (auto& [owner, part] : parts_) {
      if (static_cast<size_t>(part.response.items_size()) != part.places.size())
        return MakeError(Reason::kInternal, "an owner answered for another count of entities");
      if (response_->has_decision() && response_->decision().epoch() != part.response.decision().epoch())
        return MakeError(Reason::kEpochNotReached, "the policy changed between the owners; retry");
      *response_->mutable_decision() = part.response.decision();
      for (size_t i = 0; i < part.places.size(); ++i)
        items[static_cast<size_t>(part.places[i])] = part.response.mutable_items(static_cast<int>(i));
    }
    for (auto* item : items) *response_->add_items() = std::move(*item);
    if (response_->ByteSizeLong() > limits::kReplyBytes) {
      return MakeError(Reason::kBatchTooLarge,
                       "the reply would be larger than 3 MiB; ask for fewer entities");
    }
    return absl::OkStatus();
  }

  const PolicyHolder& policy_;
  std::map<std::string, Part> parts_;
  const int count_;
  v1::BatchGetResponse* const response_;
  const Library::Done done_;
  Mutex mutex_;
  size_t waiting_ HANGOU_GUARDED_BY(mutex_);
  absl::Status first_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace

void BatchGetByOwner(Library& library, const PolicyHolder& policy, const Hops& hops, const Caller& caller,
                     const v1::BatchGetRequest& request, int64_t timeout_ms, v1::BatchGetResponse* response,
                     Library::Done done) {
  if (library.OwnsAll()) return library.BatchGet(caller, request, response, std::move(done));
  std::map<std::string, Part> parts;  // by address; empty: here
  for (int i = 0; i < request.owners_size(); ++i) {
    const auto partition = library.PartitionOfOwner(request.resource(), request.owners(i));
    Part& part = parts[partition.ok() ? library.OwnerElsewhere(*partition) : ""];
    *part.request.add_owners() = request.owners(i);
    part.places.push_back(i);
  }
  const bool all_here = parts.empty() || (parts.size() == 1 && parts.contains(""));
  // Too many is told by the library too.
  if (all_here || static_cast<size_t>(request.owners_size()) > limits::kReadEntities)
    return library.BatchGet(caller, request, response, std::move(done));
  for (auto& [owner, part] : parts) {
    *part.request.mutable_context() = request.context();
    part.request.set_resource(request.resource());
  }
  auto run = std::make_shared<BatchGetRun>(policy, std::move(parts), request.owners_size(), response,
                                           std::move(done));
  for (auto& [owner, part] : run->parts()) {
    const auto part_done = [run](const absl::Status& status) { run->PartDone(status); };
    if (owner.empty()) {
      library.BatchGet(caller, part.request, &part.response, part_done);
    } else {
      ForwardUnary<v1::BaseLibrary>(hops, owner, caller, timeout_ms,
                                    &v1::BaseLibrary::StubInterface::async_interface::BatchGet, &part.request,
                                    &part.response, part_done);
    }
  }
}

}  // namespace hangou
