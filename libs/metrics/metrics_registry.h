// Where a process keeps what is scraped.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "libs/base/mutex.h"
#include "libs/metrics/metrics_page.h"

namespace hangou {

// The sources of metrics of a process. Nothing is sampled before somebody asks: each source then writes what it has.
// Thread-safe; outlives its sources.
class MetricsRegistry {
 public:
  using Collect = std::function<void(MetricsPage&)>;

  // Keeps a source registered. Movable; when it has gone, its function is not running and is not called any more.
  class Source {
   public:
    Source() = default;
    Source(Source&& other) noexcept : registry_(other.registry_), id_(other.id_) {
      other.registry_ = nullptr;
    }
    Source& operator=(Source&& other) noexcept;
    ~Source();

   private:
    friend class MetricsRegistry;
    Source(MetricsRegistry* registry, int id) : registry_(registry), id_(id) {}

    MetricsRegistry* registry_ = nullptr;
    int id_ = 0;
  };

  // Adds a source. `collect` is called from the thread that asks, one source at a time; it must not block, and must not
  // add or remove sources.
  [[nodiscard]] Source Add(Collect collect);
  // What all sources have now, in Prometheus' text format.
  std::string Text() const;

 private:
  void Remove(int id);

  mutable Mutex mutex_;
  std::map<int, Collect> sources_ HANGOU_GUARDED_BY(mutex_);
  int next_id_ HANGOU_GUARDED_BY(mutex_) = 1;
};

}  // namespace hangou
