#include "services/catalog/policy_feed.h"

#include "libs/base/status.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// Streams: one per process of an installation, and some that are being replaced.
constexpr size_t kWatchers = 1000;

}  // namespace

v1::PolicyUpdate ForWatchers(v1::PolicyUpdate update) {
  update.clear_managers();
  update.clear_waiting();
  update.clear_settled();
  update.clear_writer_epoch();
  return update;
}

void PolicyFeed::Publish(std::shared_ptr<const PublishedPolicy> published) {
  MutexLock lock(mutex_);
  published_ = std::move(published);
  for (const auto& watcher : watchers_) Advance(watcher);
}

void PolicyFeed::Open(const std::shared_ptr<Stream>& stream) {
  auto watcher = std::make_shared<Watcher>();
  watcher->stream = stream;
  {
    MutexLock lock(mutex_);
    if (closed_)
      return stream->Finish(MakeError(Reason::kDraining, "the catalog is stopping or starting; retry"));
    if (watchers_.size() >= kWatchers) {
      return stream->Finish(MakeError(Reason::kOverloaded, "too many processes watch the policy"));
    }
    watchers_.push_back(watcher);
    Advance(watcher);
  }
  stream->WhenCancelled([this, watcher] { Remove(watcher); });
}

void PolicyFeed::Advance(const std::shared_ptr<Watcher>& watcher) {
  if (watcher->writing || published_ == nullptr) return;
  const uint64_t epoch = published_->state.epoch();
  if (watcher->sent_epoch && *watcher->sent_epoch >= epoch) return;
  const bool next = watcher->sent_epoch && *watcher->sent_epoch + 1 == epoch && !published_->update.full();
  watcher->writing = watcher->stream->Write(next ? published_->update : ForWatchers(published_->state.Full()),
                                            [this, watcher](bool ok) { Written(watcher, ok); });
  watcher->sent_epoch = epoch;
}

void PolicyFeed::Written(const std::shared_ptr<Watcher>& watcher, bool ok) {
  if (!ok) return Remove(watcher);
  MutexLock lock(mutex_);
  watcher->writing = false;
  Advance(watcher);
}

void PolicyFeed::Remove(const std::shared_ptr<Watcher>& watcher) {
  MutexLock lock(mutex_);
  watchers_.remove(watcher);
}

void PolicyFeed::Reopen() {
  MutexLock lock(mutex_);
  closed_ = false;
}

void PolicyFeed::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  for (const auto& watcher : watchers_) {
    watcher->stream->Finish(MakeError(Reason::kDraining, "the catalog is stopping or starting; retry"));
  }
  watchers_.clear();
}

}  // namespace hangou
