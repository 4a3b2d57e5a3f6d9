#include "libs/log/local_election.h"

#include <algorithm>
#include <utility>

namespace hangou {

// One candidate; the notification tells it that it leads.
class LocalCandidacy final : public Candidacy {
 public:
  LocalCandidacy(LocalElections* elections, std::string name, std::shared_ptr<ReaderNotify> leads)
      : elections_(elections), name_(std::move(name)), leads_(std::move(leads)) {}
  ~LocalCandidacy() override { elections_->Withdraw(name_, leads_); }

 private:
  LocalElections* const elections_;
  const std::string name_;
  const std::shared_ptr<ReaderNotify> leads_;
};

std::unique_ptr<Candidacy> LocalElections::Campaign(const std::string& name,
                                                    std::function<void(bool leads)> changed) {
  auto candidate = std::make_shared<ReaderNotify>();
  candidate->Set([changed = std::move(changed)] { changed(true); });
  bool first = false;
  {
    MutexLock lock(mutex_);
    auto& all = candidates_[name];
    all.push_back(candidate);
    first = all.size() == 1;
  }
  if (first) candidate->Call();
  return std::make_unique<LocalCandidacy>(this, name, std::move(candidate));
}

void LocalElections::Withdraw(const std::string& name, const std::shared_ptr<ReaderNotify>& candidate) {
  std::shared_ptr<ReaderNotify> next;
  {
    MutexLock lock(mutex_);
    auto& all = candidates_[name];
    const bool led = all.front() == candidate;
    all.erase(std::find(all.begin(), all.end(), candidate));
    if (led && !all.empty()) next = all.front();
  }
  candidate->Set({});
  if (next) next->Call();
}

}  // namespace hangou
