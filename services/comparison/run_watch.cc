#include "services/comparison/run_watch.h"

#include <utility>

#include "libs/base/status.h"
#include "services/comparison/comparison.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// Fast enough to look alive; a few messages a second cost nothing.
constexpr int64_t kTellMs = 200;

}  // namespace

void RunWatch::Begin(EventLoop& loop, const Clock& clock, RunDesk& desk, const RunDesk::Taken& taken,
                     const std::shared_ptr<Stream>& stream) {
  const std::shared_ptr<RunWatch> watch(new RunWatch(loop, clock, taken, stream));
  // Weakly: the stream lives as long as the watch does.
  stream->WhenCancelled([gone = std::weak_ptr(watch)] {
    if (const auto left = gone.lock()) left->loop_.Post([left] { left->over_ = true; });
  });
  // The first message names the run, so it goes before the end.
  loop.Post([watch] { watch->Tick(); });
  desk.WhenEnded(taken.run, [watch](const RunDesk::Outcome& outcome) {
    watch->loop_.Post([watch, outcome] {
      watch->outcome_ = outcome;
      watch->End();
    });
  });
}

// Behind the end of the stream it changes nothing; before, the loop was stopped under it.
RunWatch::~RunWatch() { stream_->Finish(MakeError(Reason::kDraining, "the service is stopping; retry")); }

v1::RunProgress RunWatch::Progress() const {
  v1::RunProgress progress;
  progress.set_id(taken_.run->id);
  progress.set_joined(taken_.joined);
  *progress.mutable_start_time() = TimestampOf(taken_.run->asked_utc_us);
  taken_.run->meter.Fill(clock_.BootUs(), &progress);
  return progress;
}

void RunWatch::Tick() {
  if (over_ || outcome_) return;
  Tell();
  loop_.PostAfter(kTellMs, [watch = shared_from_this()] { watch->Tick(); });
}

void RunWatch::Tell() {
  if (!writing_) Write(Progress());
}

void RunWatch::Write(v1::RunProgress progress) {
  writing_ = stream_->Write(std::move(progress), [watch = shared_from_this()](bool ok) {
    watch->loop_.Post([watch, ok] {
      watch->writing_ = false;
      watch->over_ = watch->over_ || !ok;
      watch->End();
    });
  });
}

// Ends the stream, where the run has ended; the run itself goes behind the message that is on its way.
void RunWatch::End() {
  if (over_ || !outcome_ || (writing_ && outcome_->ok())) return;
  over_ = true;
  if (outcome_->ok()) {
    v1::RunProgress last = Progress();
    *last.mutable_run() = **outcome_;
    Write(std::move(last));
  }
  stream_->Finish(outcome_->status());
}

}  // namespace hangou
