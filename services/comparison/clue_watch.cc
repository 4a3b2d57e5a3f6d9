#include "services/comparison/clue_watch.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "services/comparison/clue_access.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

v1::ClueFilter WatchFilter(const v1::WatchCluesRequest& request) {
  v1::ClueFilter filter;
  filter.set_rule(request.rule());
  filter.set_office(request.office());
  return filter;
}

}  // namespace

void ClueWatches::Open(const Caller& caller, const v1::WatchCluesRequest& request,
                       const std::shared_ptr<Stream>& stream) {
  const auto watch = std::make_shared<Watch>();
  watch->caller = caller;
  watch->request = request;
  watch->stream = stream;
  watch->token_context =
      "comparison.WatchClues|" + caller.spiffe_id + "|" + WatchFilter(request).SerializeAsString();
  if (draining_) return stream->Finish(MakeError(Reason::kDraining, "the service is stopping; retry"));
  if (const absl::Status placed = Place(watch.get()); !placed.ok()) return stream->Finish(placed);
  watches_.insert(watch);
  stream->WhenCancelled([this, watch] { loop_.Post([this, watch] { watches_.erase(watch); }); });
  // Whoever reads it knows from where on nothing is missed.
  v1::WatchCluesResponse first;
  first.set_token(context_.keys.SealToken(std::to_string(watch->next), watch->token_context));
  Write(watch, std::move(first));
}

absl::Status ClueWatches::Place(Watch* watch) const {
  const v1::WatchCluesRequest& request = watch->request;
  watch->next = context_.book.end();
  if (!request.token().empty()) {
    ASSIGN_OR_RETURN(const std::string next, context_.keys.OpenToken(request.token(), watch->token_context));
    if (!absl::SimpleAtoi(next, &watch->next))
      return MakeError(Reason::kTokenInvalid, "the token is not one of this stream", "token");
  } else if (!request.after_run().empty()) {
    const auto behind = context_.book.BehindRun(watch->caller.department, request.after_run());
    if (!behind) return MakeError(Reason::kObjectNotFound, "there is no such run", "after_run");
    watch->next = *behind;
  }
  return absl::OkStatus();
}

void ClueWatches::Look() {
  if (look_posted_.exchange(true)) return;
  // What changes meanwhile is one batch, and one entry of the audit.
  loop_.PostAfter(limits::kDeliveryWaitMs, [this] {
    look_posted_ = false;
    for (const auto& watch : std::vector(watches_.begin(), watches_.end())) HandOver(watch);
  });
}

void ClueWatches::HandOver(const std::shared_ptr<Watch>& watch) {
  if (watch->writing || !watches_.contains(watch)) return;
  const v1::ClueFilter filter = WatchFilter(watch->request);
  const auto changed =
      context_.book.CluesFrom(watch->caller.department, watch->next, static_cast<size_t>(kPageClues),
                              [&](const v1::Clue& clue) { return IsWanted(filter, clue); });
  watch->next = changed.next;
  if (changed.clues.empty()) return;
  v1::WatchCluesResponse response;
  std::vector<v1::Clue*> told;
  for (const StoredClue& clue : changed.clues) {
    told.push_back(response.add_clues());
    *told.back() = *clue;
    told.back()->clear_history();
  }
  response.set_token(context_.keys.SealToken(std::to_string(watch->next), watch->token_context));
  const std::string& rule = watch->request.rule();
  const absl::Status decided =
      DecideClues(context_, watch->caller, watch->request.context(), rule.empty() ? "clues" : rule, told);
  if (!decided.ok()) return Drop(watch, decided);
  Write(watch, std::move(response));
}

void ClueWatches::Write(const std::shared_ptr<Watch>& watch, v1::WatchCluesResponse response) {
  watch->writing = watch->stream->Write(std::move(response), [this, watch](bool ok) {
    loop_.Post([this, watch, ok] {
      watch->writing = false;
      if (!ok) watches_.erase(watch);
      HandOver(watch);
    });
  });
  if (!watch->writing) return void(watches_.erase(watch));
  loop_.PostAfter(limits::kSlowConsumerMs, [this, watch, message = ++watch->messages] {
    if (watch->writing && watch->messages == message)
      Drop(watch,
           MakeError(Reason::kSlowConsumer, "clues were not taken within 30 s; resume from the last token"),
           true);
  });
}

void ClueWatches::Drop(const std::shared_ptr<Watch>& watch, const absl::Status& status, bool now) {
  watches_.erase(watch);
  if (now) {
    watch->stream->FinishNow(status);
  } else {
    watch->stream->Finish(status);
  }
}

void ClueWatches::Drain() {
  loop_.Run([this] {
    draining_ = true;
    for (const auto& watch : std::exchange(watches_, {}))
      watch->stream->Finish(
          MakeError(Reason::kDraining, "the service is stopping; go on from the last token"));
  });
}

}  // namespace hangou
