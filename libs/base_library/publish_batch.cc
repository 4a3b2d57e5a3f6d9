#include "libs/base_library/publish_batch.h"

#include "libs/base/status.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;

// Waits for the references of a batch, then sends its records.
class PublishBatch::ReferenceSink : public OutcomeSink {
 public:
  ReferenceSink(std::shared_ptr<PublishBatch> batch, size_t references)
      : batch_(std::move(batch)), answered_(references), unanswered_(references) {}

  void OnOutcome(uint32_t place, v1::RecordOutcome outcome) override {
    // A removal of what is not there is done.
    const bool refused = outcome.outcome() == v1::OUTCOME_REFUSED &&
                         outcome.violations(0).reason() != ReasonName(Reason::kObjectNotFound);
    bool last = false;
    {
      MutexLock lock(mutex_);
      if (answered_[place]) return;
      answered_[place] = true;
      last = --unanswered_ == 0;
    }
    if (refused) batch_->Refuse(batch_->reference_places_[place], std::move(outcome));
    if (last) batch_->SendRecords();
  }

 private:
  const std::shared_ptr<PublishBatch> batch_;
  Mutex mutex_;
  std::vector<bool> answered_ HANGOU_GUARDED_BY(mutex_);
  size_t unanswered_ HANGOU_GUARDED_BY(mutex_);
};

PublishBatch::PublishBatch(Library& library, const Caller& caller, std::string resource,
                           hangou::audit::v1::Action action, uint32_t records,
                           const v1::PublishRequest* request, v1::PublishResponse* response,
                           Library::Done done)
    : library_(library),
      caller_(caller),
      resource_(std::move(resource)),
      action_(action),
      request_(request),
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

void PublishBatch::AddReference(uint32_t place, int32_t partition, hangou::record::v1::Reference reference) {
  Submission submission;
  submission.partition = partition;
  *submission.envelope.mutable_reference() = std::move(reference);
  submission.envelope.mutable_reference()->mutable_head()->set_request_place(
      static_cast<uint32_t>(references_.size()));
  references_.push_back(std::move(submission));
  reference_places_.push_back(place);
}

void PublishBatch::Send() {
  if (references_.empty()) return SendRecords();
  const auto sink = std::make_shared<ReferenceSink>(shared_from_this(), references_.size());
  for (Submission& reference : references_) reference.sink = sink;
  library_.Dispatch(caller_, resource_, std::move(references_));
}

void PublishBatch::SendRecords() {
  std::erase_if(submissions_, [this](const Submission& submission) {
    MutexLock lock(mutex_);
    return answered_[HeadOf(submission.envelope).request_place()];
  });
  library_.Dispatch(caller_, resource_, std::move(submissions_));
  bool finished = false;
  {
    MutexLock lock(mutex_);
    finished = --unanswered_ == 0;
  }
  if (finished) Finish();
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
  auto entry = library_.ProviderEntry(caller_, resource_, action_);
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
  library_.quality_.Count(caller_.department, resource_, request_, *response_);
  response_->set_log_id(library_.context_.log.log_id());
  response_->set_topic(RecordTopic(library_.options_.name));
  library_.context_.audit.Append(std::move(entry),
                                 [self = shared_from_this()](absl::Status durable) { self->done_(durable); });
}

}  // namespace hangou
