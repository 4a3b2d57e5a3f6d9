// Elections among the candidates of one process: for the logs that one process has to itself.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "libs/base/mutex.h"
#include "libs/log/log.h"
#include "libs/log/reader_notify.h"

namespace hangou {

// Who came first leads until it goes, then the next. Thread-safe; must outlive its candidates.
class LocalElections {
 public:
  // See Log::Campaign. Calls `changed` on the thread that made the candidate lead: the caller's, or the one
  // that destroyed the leader.
  std::unique_ptr<Candidacy> Campaign(const std::string& name, std::function<void(bool leads)> changed);

 private:
  friend class LocalCandidacy;
  void Withdraw(const std::string& name, const std::shared_ptr<ReaderNotify>& candidate);

  Mutex mutex_;
  // By name, the leader first.
  std::map<std::string, std::deque<std::shared_ptr<ReaderNotify>>> candidates_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou
