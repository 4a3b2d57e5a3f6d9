#include "libs/feed/subscription_stream.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/log/record_topic.h"
#include "libs/policy/record_presenter.h"

namespace hangou {
namespace {

using hangou::audit::v1::Entry;
using hangou::exchange::v1::Change;
using hangou::exchange::v1::Delivery;
using hangou::exchange::v1::SubscribeRequest;

// What a record takes in a delivery beside its payload: names, pseudonyms, provenance.
constexpr size_t kRecordOverheadBytes = 512;
// A token is renewed after so many records of others, so that a resumed stream does not read them again.
constexpr int64_t kPassedPerNotice = 50'000;
// Attempts to read a page of the snapshot: the library may be starting, or its group moving. 30 s in all.
constexpr int kPageAttempts = 60;
constexpr int64_t kPageRetryMs = 500;

Change::Kind KindOf(const hangou::record::v1::Deletion& deletion) {
  switch (deletion.kind()) {
    case hangou::record::v1::Deletion::KIND_RECALL:
      return Change::KIND_RECALL;
    case hangou::record::v1::Deletion::KIND_ERASE:
      return Change::KIND_ERASURE;
    default:
      return Change::KIND_DELETION;
  }
}

}  // namespace

SubscriptionStream::SubscriptionStream(StreamContext context, std::shared_ptr<StreamHost> host, Caller caller,
                                       SubscribeRequest request, std::optional<FeedPosition> cursor,
                                       std::shared_ptr<DeliverySink> sink)
    : context_(std::move(context)),
      host_(std::move(host)),
      caller_(std::move(caller)),
      request_(std::move(request)),
      cursor_(std::move(cursor)),
      sink_(std::move(sink)),
      notified_(std::make_shared<std::atomic<bool>>(false)) {}

SubscriptionStream::~SubscriptionStream() {
  if (source_) source_->SetNotify({});
}

template <class... Arguments>
std::function<void(Arguments...)> SubscriptionStream::Later(
    void (SubscriptionStream::*method)(Arguments...)) {
  return [weak = weak_from_this(), host = host_, method](Arguments... arguments) {
    host->Post(0, [weak, method, arguments...] {
      if (const auto self = weak.lock()) (self.get()->*method)(arguments...);
    });
  };
}

// --- where it starts ---

absl::Status SubscriptionStream::Validate() const {
  if (request_.context().has_as_of()) {
    return MakeError(Reason::kInvalidRequest, "a subscription hears what comes; leave as_of out");
  }
  if (!IsSubscriptionName(request_.subscription())) {
    return MakeError(Reason::kInvalidRequest,
                     "a subscription is named [a-z][a-z0-9_-]*, at most 64 characters", "subscription");
  }
  const auto& access = request_.context();
  if (access.purpose().size() > limits::kContextText || access.case_number().size() > limits::kContextText ||
      request_.resource().size() > limits::kContextText) {
    return MakeError(Reason::kInvalidRequest, "purpose, case number and resource take at most 128 bytes");
  }
  return absl::OkStatus();
}

absl::Status SubscriptionStream::CheckAfter(const std::string& topic) const {
  std::vector<int32_t> partitions;
  for (const auto& position : request_.context().after()) partitions.push_back(position.partition());
  if (partitions.empty()) return absl::OkStatus();
  const auto ends = context_.log.EndOffsets(topic, partitions);
  for (const auto& position : request_.context().after()) {
    const bool known = position.log_id() == context_.log.log_id() && position.topic() == topic && ends.ok() &&
                       position.offset() >= 0 && position.offset() < ends->at(position.partition());
    if (!known)
      return MakeError(Reason::kPositionUnknown, "a position to wait for is not of this resource's log");
  }
  return absl::OkStatus();
}

absl::StatusOr<FeedPosition> SubscriptionStream::Fresh(const std::string& topic, bool snapshot) const {
  // Behind the acknowledged start also where the clock was set back.
  const int64_t started_us = std::max(context_.clock.UtcUs(), cursor_ ? cursor_->started_us + 1 : 0);
  return FreshPosition(context_.log, topic, context_.partitions, request_.resource(), started_us, snapshot);
}

absl::Status SubscriptionStream::CheckPosition(const FeedPosition& position) const {
  if (position.resource != request_.resource()) {
    return MakeError(Reason::kTokenInvalid,
                     "the subscription is about another resource; give this one another name");
  }
  if (position.log_id != context_.log.log_id() ||
      position.partitions.size() != static_cast<size_t>(context_.partitions)) {
    return MakeError(Reason::kPositionUnknown, "the place is of another log; start again with a snapshot");
  }
  return absl::OkStatus();
}

absl::StatusOr<FeedPosition> SubscriptionStream::StartPosition(const std::string& topic) const {
  if (request_.start_case() == SubscribeRequest::kSnapshot) return Fresh(topic, true);
  if (request_.start_case() == SubscribeRequest::kNow) return Fresh(topic, false);
  if (request_.start_case() == SubscribeRequest::kToken) {
    ASSIGN_OR_RETURN(FeedPosition position, OpenPosition(context_.keys, caller_.department,
                                                         request_.subscription(), request_.token()));
    RETURN_IF_ERROR(CheckPosition(position));
    return position;
  }
  if (!cursor_) return Fresh(topic, false);
  RETURN_IF_ERROR(CheckPosition(*cursor_));
  return *cursor_;
}

absl::Status SubscriptionStream::OpenSource() {
  RETURN_IF_ERROR(Validate());
  ASSIGN_OR_RETURN(const DeliveryDecision decided, Decide());
  library_ = decided.schema->declaration().library();
  topic_ = RecordTopic(library_);
  RETURN_IF_ERROR(CheckAfter(topic_));
  ASSIGN_OR_RETURN(FeedPosition position, StartPosition(topic_));
  source_ = std::make_unique<ChangeSource>(
      ChangeSourceOptions{context_.log, context_.keys, caller_.department, topic_, decided.schema->number()},
      std::move(position));
  source_->SetNotify([weak = weak_from_this(), host = host_, notified = notified_] {
    if (notified->exchange(true)) return;
    host->Post(0, [weak, notified] {
      notified->store(false);
      if (const auto self = weak.lock()) self->Pump();
    });
  });
  return absl::OkStatus();
}

void SubscriptionStream::Start() {
  handed_over_boot_us_ = context_.clock.BootUs() - limits::kDeliveryWaitMs * kUsPerMs;
  if (const absl::Status opened = OpenSource(); !opened.ok()) return Deny(opened);
  Pump();
}

// --- filling a batch ---

void SubscriptionStream::PostPump(int64_t delay_ms) {
  host_->Post(delay_ms, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Pump();
  });
}

void SubscriptionStream::Pump() {
  timer_set_ = false;
  if (ended_) return;
  Fill();
  if (!ended_) SendWhenDue();
}

bool SubscriptionStream::BatchFull() const {
  return filling_.size() >= limits::kBatchRecords ||
         filling_bytes_ + limits::kGeometryRecordBytes + kRecordOverheadBytes > limits::kReplyBytes;
}

void SubscriptionStream::AddChange(FeedChange change) {
  filling_bytes_ += kRecordOverheadBytes + change.event.upsert().payload().size();
  filling_.push_back(std::move(change));
}

void SubscriptionStream::Fill() {
  while (!BatchFull() && !page_wanted_) {
    FeedChange change;
    const auto step = source_->Next(&change);
    if (!step.ok()) return Deny(step.status());
    at_end_ = *step == ChangeSource::Step::kAtEnd;
    switch (*step) {
      case ChangeSource::Step::kChange:
        AddChange(std::move(change));
        break;
      case ChangeSource::Step::kNeedsPage:
        RequestPage();
        break;
      case ChangeSource::Step::kPause:
        return PostPump(0);
      case ChangeSource::Step::kAtEnd:
      case ChangeSource::Step::kNothingYet:
        return;
    }
  }
}

void SubscriptionStream::RequestPage() {
  page_wanted_ = true;
  host_->Scan(library_, source_->PageRequest(), Later(&SubscriptionStream::OnPage));
}

void SubscriptionStream::OnPage(absl::StatusOr<hangou::base_library::v1::ScanResponse> page) {
  if (ended_) return;
  page_wanted_ = false;
  if (page.ok()) {
    page_failures_ = 0;
    source_->TakePage(std::move(*page));
    return Pump();
  }
  const bool passing = page.status().code() == absl::StatusCode::kUnavailable ||
                       page.status().code() == absl::StatusCode::kDeadlineExceeded;
  if (!passing || ++page_failures_ >= kPageAttempts)
    return Deny(Annotate(page.status(), "reading the snapshot"));
  // Until then nothing else asks for the page.
  page_wanted_ = true;
  host_->Post(kPageRetryMs, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->ended_) return;
    self->page_wanted_ = false;
    self->Pump();
  });
}

void SubscriptionStream::SendWhenDue() {
  if (sending_) return;
  const bool notice = filling_.empty() && ((at_end_ && !told_caught_up_) ||
                                           source_->passed() - noticed_passed_ >= kPassedPerNotice);
  if (filling_.empty() && !notice) return;
  const int64_t waited_ms = (context_.clock.BootUs() - handed_over_boot_us_) / kUsPerMs;
  if (BatchFull() || notice || waited_ms >= limits::kDeliveryWaitMs) return Send();
  if (timer_set_) return;
  timer_set_ = true;
  PostPump(limits::kDeliveryWaitMs - waited_ms);
}

// --- deciding and handing over ---

void SubscriptionStream::Send() {
  sending_ = Batch{std::exchange(filling_, {}), source_->position(), at_end_};
  filling_bytes_ = 0;
  noticed_passed_ = source_->passed();
  TryDeliver();
}

absl::StatusOr<DeliveryDecision> SubscriptionStream::Decide() const {
  auto decided = DecideDelivery(context_.policy, caller_.department, request_.context(), request_.resource(),
                                context_.clock.UtcUs());
  // Tokens are for streams.
  if (decided.ok() || !source_ || sink_->keyed() || !IsWithdrawal(decided.status())) return decided;
  return MakeError(*ReasonOf(decided.status()),
                   std::string(Message(decided.status())) +
                       "; the last token resumes the subscription once it is allowed again");
}

void SubscriptionStream::TryDeliver() {
  auto decided = Decide();
  if (!decided.ok()) return Deny(decided.status());
  decided_ = std::move(*decided);
  auto outgoing = MakeDelivery(decided_);
  if (!outgoing.ok()) return Deny(outgoing.status());
  outgoing_ = std::move(*outgoing);
  if (sending_->changes.empty()) return OnAudited(absl::OkStatus());
  // Before it goes out: whoever was told of a recall is on the ledger.
  if (const absl::Status noted = context_.recalls.NoteDelivered(caller_.department, request_.subscription(),
                                                                outgoing_.delivery, context_.clock.UtcUs());
      !noted.ok()) {
    return End(noted);
  }
  context_.audit.Append(DeliveryEntry(decided_), [later = Later(&SubscriptionStream::OnAudited)](
                                                     absl::Status durable) { later(durable); });
}

absl::StatusOr<OutgoingDelivery> SubscriptionStream::MakeDelivery(const DeliveryDecision& decided) const {
  OutgoingDelivery outgoing;
  Delivery& delivery = outgoing.delivery;
  RecordPresenter presenter(*decided.schema, *decided.rights, context_.keys, caller_.department,
                            context_.log.log_id(), topic_);
  for (const FeedChange& stored : sending_->changes) {
    Change* change = delivery.add_changes();
    if (sink_->keyed()) outgoing.keys.push_back(presenter.RecordPseudonym(HeadOf(stored)));
    if (stored.event.has_upsert()) {
      change->set_kind(Change::KIND_UPSERT);
      RETURN_IF_ERROR(presenter.Present(stored.event.upsert(), stored.partition, stored.offset,
                                        change->mutable_record()));
    } else {
      const auto& deletion = stored.event.deletion();
      change->set_kind(KindOf(deletion));
      change->set_reason(deletion.reason());
      if (!IsRecall(*change)) change->set_valid_until_day(deletion.valid_until_day());
      presenter.PresentDeletion(stored.event.deletion(), stored.partition, stored.offset,
                                change->mutable_record());
    }
  }
  *delivery.mutable_decision() = ToProto(*decided.schema, *decided.rights, decided.pin.snapshot().epoch());
  delivery.set_token(
      SealPosition(context_.keys, caller_.department, request_.subscription(), sending_->position));
  delivery.set_caught_up(sending_->caught_up);
  outgoing.position = sending_->position;
  return outgoing;
}

Entry SubscriptionStream::NewEntry(bool allowed) const {
  Entry entry;
  entry.set_action(hangou::audit::v1::ACTION_DELIVER);
  entry.set_allowed(allowed);
  entry.set_caller(caller_.department);
  entry.set_role(caller_.role);
  entry.set_workload(caller_.workload);
  entry.set_purpose(request_.context().purpose().substr(0, limits::kContextText));
  entry.set_case_number(request_.context().case_number().substr(0, limits::kContextText));
  entry.set_subject(request_.resource().substr(0, limits::kContextText));
  return entry;
}

Entry SubscriptionStream::DeliveryEntry(const DeliveryDecision& decided) const {
  Entry entry = NewEntry(true);
  entry.set_epoch(decided.pin.snapshot().epoch());
  entry.set_note("subscription " + request_.subscription());
  DescribeRights(*decided.schema, *decided.rights, &entry);
  entry.set_records(sending_->changes.size());
  std::set<std::string> entities;
  std::map<int32_t, std::pair<int64_t, int64_t>> ranges;  // of the log: a snapshot has no ranges
  for (const FeedChange& change : sending_->changes) {
    entities.insert(AuditHash(context_.keys, decided.schema->owner_kind(), HeadOf(change).owner_key()));
    if (change.from_snapshot) continue;
    ranges.try_emplace(change.partition, change.offset, change.offset).first->second.second = change.offset;
  }
  for (const std::string& entity : entities) entry.add_entity_hashes(entity);
  for (const auto& [partition, range] : ranges) {
    entry.add_positions(topic_ + "/" + std::to_string(partition) + "@" + std::to_string(range.first) + "-" +
                        std::to_string(range.second));
  }
  return entry;
}

void SubscriptionStream::OnAudited(absl::Status durable) {
  if (ended_) return;
  if (!durable.ok()) return End(durable);
  const absl::Status confirmed = decided_.pin.Confirm();
  if (ReasonOf(confirmed) == Reason::kEpochNotReached) return TryDeliver();
  if (!confirmed.ok()) return Deny(confirmed);
  HandOver();
}

void SubscriptionStream::HandOver() {
  told_caught_up_ = told_caught_up_ || sending_->caught_up;
  handed_over_boot_us_ = context_.clock.BootUs();
  outgoing_.pin = std::exchange(decided_, {}).pin;
  writing_ = sink_->Write(std::exchange(outgoing_, {}), Later(&SubscriptionStream::OnWritten));
  if (!writing_) return Gone();
  Pump();
}

void SubscriptionStream::OnWritten(bool taken) {
  writing_ = false;
  sending_.reset();
  if (!taken) return Gone();
  Pump();
}

std::optional<SubscriptionStream::Progress> SubscriptionStream::progress() const {
  if (!source_) return std::nullopt;
  return Progress{source_->position(), filling_.size() + (sending_ ? sending_->changes.size() : 0)};
}

// --- the end ---

void SubscriptionStream::Check() {
  if (writing_) {
    const int64_t waited_ms = (context_.clock.BootUs() - handed_over_boot_us_) / kUsPerMs;
    const auto slow =
        MakeError(Reason::kSlowConsumer, "a delivery was not taken within 30 s; resume from the last token");
    // First in order, so that a consumer that comes back learns why; then by force.
    if (waited_ms >= 2 * limits::kSlowConsumerMs) return sink_->FinishNow(slow);
    if (waited_ms >= limits::kSlowConsumerMs) return End(slow);
  }
  if (ended_ || !source_) return;
  if (const auto decided = Decide(); !decided.ok()) Deny(decided.status());
}

void SubscriptionStream::Deny(const absl::Status& status) {
  if (ended_) return;
  ended_ = true;
  denying_ = true;
  decided_ = {};
  Entry entry = NewEntry(false);
  const auto reason = ReasonOf(status);
  entry.set_reason(std::string(ReasonName(reason.value_or(Reason::kInternal))));
  entry.set_note("subscription " + request_.subscription().substr(0, kSubscriptionNameBytes));
  if (const auto newest = context_.policy.Newest()) entry.set_epoch(newest->epoch());
  context_.audit.Append(std::move(entry),
                        [weak = weak_from_this(), host = host_, status](absl::Status durable) {
                          host->Post(0, [weak, status, durable] {
                            const auto self = weak.lock();
                            if (!self) return;
                            self->denying_ = false;
                            self->sink_->Finish(durable.ok() ? status : durable);
                          });
                        });
}

void SubscriptionStream::End(const absl::Status& status) {
  if (ended_) return;
  ended_ = true;
  decided_ = {};
  sink_->Finish(status);
}

void SubscriptionStream::Gone() {
  ended_ = true;
  writing_ = false;
  decided_ = {};
}

}  // namespace hangou
