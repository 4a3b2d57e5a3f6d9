#include "libs/log/memory_delivery.h"

#include <iterator>

#include "libs/base/status.h"

namespace hangou {
namespace {

absl::Status NoDeliveryTopic(const std::string& topic) {
  return MakeError(Reason::kObjectNotFound, "there is no topic " + topic);
}

}  // namespace

absl::Status MemoryDeliveryTopics::Ensure(const std::string& topic, int64_t retention_ms) {
  MutexLock lock(mutex_);
  if (failure_.ok()) topics_[topic].retention_ms = retention_ms;
  return failure_;
}

absl::Status MemoryDeliveryTopics::Allow(const std::string& topic, const std::string& principal) {
  MutexLock lock(mutex_);
  if (failure_.ok()) topics_[topic].readers.insert(principal);
  return failure_;
}

absl::Status MemoryDeliveryTopics::Forbid(const std::string& topic, const std::string& principal) {
  MutexLock lock(mutex_);
  if (const auto found = topics_.find(topic); failure_.ok() && found != topics_.end()) {
    found->second.readers.erase(principal);
  }
  return failure_;
}

absl::Status MemoryDeliveryTopics::Remove(const std::string& topic) {
  MutexLock lock(mutex_);
  if (failure_.ok()) topics_.erase(topic);
  return failure_;
}

absl::Status MemoryDeliveryTopics::Keep(Pending* pending) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(failure_);
  const auto found = topics_.find(pending->topic);
  if (found == topics_.end()) return NoDeliveryTopic(pending->topic);
  std::move(pending->messages.begin(), pending->messages.end(), std::back_inserter(found->second.messages));
  return absl::OkStatus();
}

void MemoryDeliveryTopics::Send(const std::string& topic, std::vector<DeliveryMessage> messages,
                                SendDone done) {
  Pending pending{topic, std::move(messages), std::move(done)};
  {
    MutexLock lock(mutex_);
    if (holding_) return pending_.push_back(std::move(pending));
  }
  pending.done(Keep(&pending));
}

void MemoryDeliveryTopics::Recall() {
  std::deque<Pending> recalled;
  {
    MutexLock lock(mutex_);
    ++recalls_;
    recalled.swap(pending_);
  }
  for (Pending& pending : recalled) pending.done(MakeError(Reason::kLogUnavailable, "recalled"));
}

absl::StatusOr<std::vector<DeliveryMessage>> MemoryDeliveryTopics::Read(const std::string& topic,
                                                                        const std::string& principal) const {
  MutexLock lock(mutex_);
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return NoDeliveryTopic(topic);
  if (!found->second.readers.contains(principal)) {
    return MakeError(Reason::kLogUnavailable, principal + " may not read " + topic);
  }
  return found->second.messages;
}

std::vector<DeliveryMessage> MemoryDeliveryTopics::All(const std::string& topic) const {
  MutexLock lock(mutex_);
  const auto found = topics_.find(topic);
  return found == topics_.end() ? std::vector<DeliveryMessage>() : found->second.messages;
}

int64_t MemoryDeliveryTopics::RetentionMs(const std::string& topic) const {
  MutexLock lock(mutex_);
  const auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : found->second.retention_ms;
}

void MemoryDeliveryTopics::Fail(absl::Status error) {
  MutexLock lock(mutex_);
  failure_ = std::move(error);
}

void MemoryDeliveryTopics::Hold() {
  MutexLock lock(mutex_);
  holding_ = true;
}

void MemoryDeliveryTopics::Release() {
  std::deque<Pending> released;
  {
    MutexLock lock(mutex_);
    holding_ = false;
    released.swap(pending_);
  }
  for (Pending& pending : released) pending.done(Keep(&pending));
}

size_t MemoryDeliveryTopics::held() const {
  MutexLock lock(mutex_);
  return pending_.size();
}

int MemoryDeliveryTopics::recalls() const {
  MutexLock lock(mutex_);
  return recalls_;
}

}  // namespace hangou
