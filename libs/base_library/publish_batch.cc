#include "libs/base_library/publish_batch.h"

#include "libs/base/status.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;

namespace {

// How long the owner of a partition group may take: its publisher waits, and sends again what was not answered.
constexpr int64_t kSubmitMs = 10'000;

}  // namespace

PublishBatch::PublishBatch(Library& library, const Caller& caller, std::string resource,
                           hangou::audit::v1::Action action, uint32_t records, v1::PublishResponse* response,
                           Library::Done done)
    : library_(library),
      caller_(caller),
      resource_(std::move(resource)),
      action_(action),
      response_(response),
      done_(std::move(done)),
      outcomes_(records),
      answered_(records),
      unanswered_(records + 1) {}  // one more for Send

void PublishBatch::Refuse(uint32_t place, v1::RecordOutcome outcome) { OnOutcome(place, std::move(outcome)); }

void PublishBatch::Add(Submission submission) {
  submission.sink = shared_from_this();
  submissions_.push_back(std::move(submission));
}

void PublishBatch::Send() {
  std::map<int32_t, std::vector<Submission>> by_group;
  for (Submission& submission : submissions_) {
    by_group[submission.partition % library_.options_.groups].push_back(std::move(submission));
  }
  submissions_.clear();
  const auto self = shared_from_this();
  for (auto& [group, submissions] : by_group) {
    const std::string address = library_.OwnerElsewhere(group);
    if (address.empty()) {
      library_.GroupOf(group).Submit(std::move(submissions));
    } else {
      SendElsewhere(address, group, std::move(submissions));
    }
  }
  bool finished = false;
  {
    MutexLock lock(mutex_);
    finished = --unanswered_ == 0;
  }
  if (finished) Finish();
}

void PublishBatch::SendElsewhere(const std::string& address, int32_t group,
                                 std::vector<Submission> submissions) {
  v1::SubmitRequest request;
  request.set_group(group);
  request.set_resource(resource_);
  std::vector<uint32_t> places;
  for (Submission& submission : submissions) {
    const auto& envelope = submission.envelope;
    places.push_back(
        (envelope.has_upsert() ? envelope.upsert().head() : envelope.deletion().head()).request_place());
    auto* item = request.add_items();
    item->set_partition(submission.partition);
    item->set_by_source(submission.by_source);
    *item->mutable_envelope() = std::move(submission.envelope);
  }
  library_.context_.peer.Submit(
      address, caller_, std::move(request), kSubmitMs,
      [self = shared_from_this(), places = std::move(places)](absl::StatusOr<v1::SubmitResponse> response) {
        for (size_t i = 0; i < places.size(); ++i) {
          if (response.ok() && static_cast<size_t>(response->outcomes_size()) == places.size()) {
            self->OnOutcome(places[i], std::move(*response->mutable_outcomes(static_cast<int>(i))));
          } else {
            self->OnOutcome(places[i],
                            RefusedOutcome(Reason::kDraining, "",
                                           "the owner of the record's partition did not answer; retry"));
          }
        }
      });
}

void PublishBatch::OnOutcome(uint32_t place, v1::RecordOutcome outcome) {
  bool finished = false;
  {
    MutexLock lock(mutex_);
    if (answered_[place]) return;
    answered_[place] = true;
    outcomes_[place] = std::move(outcome);
    finished = --unanswered_ == 0;
  }
  if (finished) Finish();
}

void PublishBatch::Finish() {
  hangou::audit::v1::Entry entry;
  entry.set_action(action_);
  entry.set_allowed(true);
  entry.set_caller(caller_.department);
  entry.set_role(caller_.role);
  entry.set_workload(caller_.workload);
  entry.set_subject(resource_);
  if (const auto snapshot = library_.context_.policy.Newest()) entry.set_epoch(snapshot->epoch());
  uint64_t refused = 0;
  {
    MutexLock lock(mutex_);
    for (auto& outcome : outcomes_) {
      const bool taken =
          outcome.outcome() == v1::OUTCOME_ACCEPTED || outcome.outcome() == v1::OUTCOME_DUPLICATE;
      refused += taken ? 0 : 1;
      if (v1::Outcome_IsValid(outcome.outcome()))
        ++library_.outcomes_[static_cast<size_t>(outcome.outcome())];
      *response_->add_outcomes() = std::move(outcome);
    }
  }
  entry.set_records(static_cast<uint64_t>(response_->outcomes_size()) - refused);
  entry.set_refused(refused);
  response_->set_log_id(library_.context_.log.log_id());
  response_->set_topic(RecordTopic(library_.options_.name));
  library_.context_.audit.Append(std::move(entry),
                                 [self = shared_from_this()](absl::Status durable) { self->done_(durable); });
}

}  // namespace hangou
