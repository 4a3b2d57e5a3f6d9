// Records on their way to the owners of their partitions: Dispatch hands them over, Submit takes what another replica
// has admitted.
#include <algorithm>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base_library/library.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;

namespace {

// How long the owner of a partition group may take: its publisher waits, and sends again what was not answered.
constexpr int64_t kSubmitMs = 10'000;

const hangou::record::v1::RecordHead& SubmittedHead(const v1::SubmitRequest::Item& item) {
  return HeadOf(item.envelope());
}

// Collects the outcomes of one Submit. Owned by the submissions that wait for it.
class SubmitRun : public OutcomeSink {
 public:
  SubmitRun(const v1::SubmitRequest& request, v1::SubmitResponse* response, Library::Done done)
      : response_(response), done_(std::move(done)), unanswered_(request.items_size()) {
    for (int i = 0; i < request.items_size(); ++i) {
      item_of_place_[SubmittedHead(request.items(i)).request_place()] = i;
      response_->add_outcomes();
    }
  }

  void OnOutcome(uint32_t place, v1::RecordOutcome outcome) override {
    {
      MutexLock lock(mutex_);
      const auto item = item_of_place_.find(place);
      if (item == item_of_place_.end()) return;  // answered before
      *response_->mutable_outcomes(item->second) = std::move(outcome);
      item_of_place_.erase(item);
      if (--unanswered_ > 0) return;
    }
    done_(absl::OkStatus());
  }

 private:
  Mutex mutex_;
  v1::SubmitResponse* const response_;
  const Library::Done done_;
  std::map<uint32_t, int> item_of_place_ HANGOU_GUARDED_BY(mutex_);
  int unanswered_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace

void Library::Dispatch(const Caller& caller, const std::string& resource,
                       std::vector<Submission> submissions) {
  std::map<int32_t, std::vector<Submission>> by_group;
  for (Submission& submission : submissions) {
    by_group[submission.partition % options_.groups].push_back(std::move(submission));
  }
  for (auto& [group, of_group] : by_group) {
    const std::string address = OwnerElsewhere(group);
    if (address.empty()) {
      GroupOf(group).Submit(std::move(of_group));
    } else {
      DispatchElsewhere(address, caller, resource, group, std::move(of_group));
    }
  }
}

void Library::DispatchElsewhere(const std::string& address, const Caller& caller, const std::string& resource,
                                int32_t group, std::vector<Submission> submissions) {
  for (size_t from = 0; from < submissions.size(); from += limits::kBatchRecords) {
    const size_t to = std::min(submissions.size(), from + limits::kBatchRecords);
    v1::SubmitRequest request;
    request.set_group(group);
    request.set_resource(resource);
    std::vector<std::pair<std::shared_ptr<OutcomeSink>, uint32_t>> waiting;
    for (size_t i = from; i < to; ++i) {
      Submission& submission = submissions[i];
      waiting.emplace_back(std::move(submission.sink), HeadOf(submission.envelope).request_place());
      auto* item = request.add_items();
      item->set_partition(submission.partition);
      item->set_by_source(submission.by_source);
      *item->mutable_envelope() = std::move(submission.envelope);
    }
    context_.peer.Submit(
        address, caller, std::move(request), kSubmitMs,
        [waiting = std::move(waiting)](absl::StatusOr<v1::SubmitResponse> response) {
          const bool whole =
              response.ok() && static_cast<size_t>(response->outcomes_size()) == waiting.size();
          for (size_t i = 0; i < waiting.size(); ++i) {
            const auto& [sink, place] = waiting[i];
            sink->OnOutcome(
                place, whole ? std::move(*response->mutable_outcomes(static_cast<int>(i)))
                             : RefusedOutcome(Reason::kDraining, "",
                                              "the owner of the record's partition did not answer; retry"));
          }
        });
  }
}

void Library::Submit(const Caller& caller, const v1::SubmitRequest& request, v1::SubmitResponse* response,
                     Done done) {
  const bool group_known = request.group() >= 0 && request.group() < options_.groups;
  if (!group_known || request.items().empty() ||
      static_cast<size_t>(request.items_size()) > limits::kBatchRecords) {
    return done(MakeError(Reason::kInvalidRequest, "submit 1 to 256 records of one partition group"));
  }
  std::set<uint32_t> places;
  for (const auto& item : request.items()) {
    const bool event =
        item.envelope().has_upsert() || item.envelope().has_deletion() || item.envelope().has_reference();
    const bool here = item.partition() >= 0 && item.partition() < options_.partitions &&
                      item.partition() % options_.groups == request.group();
    // The token says for whom the other replica speaks: nobody's records but that department's are taken.
    if (!event || !here || SubmittedHead(item).provider() != caller.department ||
        !places.insert(SubmittedHead(item).request_place()).second) {
      return done(MakeError(Reason::kInvalidRequest, "a submitted record is not of this group and caller"));
    }
  }
  auto run = std::make_shared<SubmitRun>(request, response, std::move(done));
  std::vector<Submission> submissions;
  for (const auto& item : request.items())
    submissions.push_back({item.partition(), item.by_source(), item.envelope(), run});
  GroupOf(request.group()).Submit(std::move(submissions));
}

}  // namespace hangou
