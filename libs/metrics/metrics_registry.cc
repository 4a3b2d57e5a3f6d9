#include "libs/metrics/metrics_registry.h"

#include <utility>

namespace hangou {

MetricsRegistry::Source& MetricsRegistry::Source::operator=(Source&& other) noexcept {
  if (registry_ != nullptr) registry_->Remove(id_);
  registry_ = std::exchange(other.registry_, nullptr);
  id_ = other.id_;
  return *this;
}

MetricsRegistry::Source::~Source() {
  if (registry_ != nullptr) registry_->Remove(id_);
}

MetricsRegistry::Source MetricsRegistry::Add(Collect collect) {
  MutexLock lock(mutex_);
  const int id = next_id_++;
  sources_.emplace(id, std::move(collect));
  return Source(this, id);
}

void MetricsRegistry::Remove(int id) {
  MutexLock lock(mutex_);
  sources_.erase(id);
}

std::string MetricsRegistry::Text() const {
  MetricsPage page;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, collect] : sources_) collect(page);
  }
  return page.Text();
}

}  // namespace hangou
