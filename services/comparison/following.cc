#include "services/comparison/following.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// What changes meanwhile is compared together.
constexpr int64_t kTurnMs = 100;
// Between looks at whether a day has ended, and whether what failed works again.
constexpr int64_t kLookMs = 1'000;
constexpr int64_t kAgainUs = 5'000'000;
// Keys of one turn of one rule: some hundred milliseconds at worst.
constexpr size_t kTurnKeys = 2'000;
constexpr int64_t kFollowKeepMs = 30'000;

// Who compares what was begun before the process was started.
Caller CallerOf(const std::string& department) {
  Caller caller;
  caller.department = department;
  caller.role = std::string(roles::kService);
  caller.workload = "comparison";
  return caller;
}

v1::RunRuleRequest RequestOf(const v1::FollowedRule& followed) {
  v1::RunRuleRequest request;
  request.set_rule(followed.rule());
  request.set_period(followed.period());
  request.set_as_of(followed.as_of());
  return request;
}

}  // namespace

void Following::Start() {
  {
    MutexLock lock(mutex_);
    for (const std::string& department : context_.book.Departments()) {
      for (const v1::FollowedRule& declared : context_.book.Followed(department))
        Add({department, declared.rule(), declared.period()}, declared, CallerOf(department));
    }
  }
  PostTurn(kLookMs);
}

void Following::Add(const Name& name, const v1::FollowedRule& declared, const Caller& caller) {
  Followed followed;
  followed.declared = declared;
  followed.caller = caller;
  followed.status = MakeError(Reason::kPositionTimeout, "its rows are still being read");
  followed_[name] = std::move(followed);
}

void Following::PostTurn(int64_t delay_ms) {
  {
    MutexLock lock(mutex_);
    if (std::exchange(turn_posted_, true)) return;
  }
  loop_.PostAfter(delay_ms, [this] { Turn(); });
}

void Following::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  if (meter_) meter_->control.cancelled = true;
}

std::shared_ptr<RunMeter> Following::NewMeter() {
  MutexLock lock(mutex_);
  meter_ = std::make_shared<RunMeter>();
  meter_->control.cancelled = stopped_;
  return meter_;
}

void Following::TakeChanged(const ProjectionName& name, const std::vector<std::string>& keys) {
  bool any = false;
  {
    MutexLock lock(mutex_);
    for (auto& [of, followed] : followed_) {
      if (followed.compare_all || !followed.reads.contains(name)) continue;
      for (const std::string& key : keys)
        followed.waiting.insert(key.substr(0, PrefixBytes(followed.key_kinds, key, followed.key_parts)));
      any = true;
      if (followed.waiting.size() <= kWaitingKeys) continue;
      followed.waiting.clear();
      followed.compare_all = true;
    }
  }
  if (any) PostTurn(kTurnMs);
}

void Following::CompareAll(const std::string& department) {
  {
    MutexLock lock(mutex_);
    for (auto& [of, followed] : followed_) {
      if (of.department == department) followed.compare_all = true;
    }
  }
  PostTurn(kTurnMs);
}

void Following::LookAtPolicy() {
  const auto newest = context_.policy.Newest();
  if (newest == nullptr || newest->epoch() == seen_epoch_) return;
  // The first look is after the start: what was applied before goes on reading its rows. What it does not want is
  // removed, so it looks at nothing older than what may be shared under.
  if (seen_epoch_ == 0) {
    const auto pin = context_.policy.Acquire();
    if (!pin.ok()) return;
    WantStored(context_, pin->snapshot());
  }
  seen_epoch_ = newest->epoch();
  std::vector<Name> names;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, followed] : followed_) names.push_back(name);
  }
  for (const Name& name : names) {
    const auto ready = CompileStored(context_, *newest, name.department, name.rule);
    const absl::Status status =
        ready.ok() ? CheckRuleRights(*ready->compiled, *newest, name.department, context_.clock.UtcUs())
                   : ready.status();
    if (status.ok()) continue;
    MutexLock lock(mutex_);
    followed_[name].status = status;
    followed_[name].compare_all = true;
  }
}

void Following::Turn() {
  LookAtPolicy();
  std::vector<Name> due;
  const int64_t now_us = context_.clock.BootUs();
  const int32_t today = DayInChina(context_.clock.UtcUs());
  {
    MutexLock lock(mutex_);
    turn_posted_ = false;
    for (auto& [name, followed] : followed_) {
      if (followed.declared.as_of().empty() && followed.day != today) followed.compare_all = true;
      if ((followed.compare_all || !followed.waiting.empty()) && followed.not_before_us <= now_us)
        due.push_back(name);
    }
  }
  for (const Name& name : due) {
    {
      MutexLock lock(mutex_);
      if (stopped_) return;
    }
    CompareWaiting(name);
  }
  bool waiting = false;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, followed] : followed_)
      waiting = waiting || (!followed.waiting.empty() && followed.status.ok());
  }
  PostTurn(waiting ? kTurnMs : kLookMs);
}

void Following::CompareWaiting(const Name& name) {
  std::set<std::string> keys;
  v1::RunRuleRequest request;
  Caller caller;
  bool all = false;
  {
    MutexLock lock(mutex_);
    const auto found = followed_.find(name);
    if (found == followed_.end()) return;
    Followed& followed = found->second;
    all = followed.compare_all;
    request = RequestOf(followed.declared);
    caller = followed.caller;
    for (auto key = followed.waiting.begin();
         !all && key != followed.waiting.end() && keys.size() < kTurnKeys;)
      keys.insert(followed.waiting.extract(key++).value());
  }
  const absl::Status status =
      all ? CompareWhole(name).status()
          : CompareChanged(context_, caller, request, NewMeter().get(), keys).status();
  MutexLock lock(mutex_);
  const auto found = followed_.find(name);
  if (found == followed_.end()) return;
  if (!status.ok() && found->second.status.ok())
    spdlog::warn("{} is not followed at the moment: {}", name.rule, Message(status));
  found->second.status = status;
  if (status.ok()) return;
  // What the turn would have compared is not known any more.
  found->second.compare_all = true;
  found->second.not_before_us = context_.clock.BootUs() + kAgainUs;
}

absl::Status Following::Prepare(const Name& name) {
  ASSIGN_OR_RETURN(const auto pin, context_.policy.Acquire());
  ASSIGN_OR_RETURN(const auto ready, CompileStored(context_, pin.snapshot(), name.department, name.rule));
  const std::vector<ProjectionName> names = ProjectionsOf(*ready.compiled, name.department);
  MutexLock lock(mutex_);
  Followed& followed = followed_[name];
  followed.reads = {names.begin(), names.end()};
  followed.key_kinds = ready.compiled->key_kinds();
  followed.key_parts = ready.compiled->common_key_parts();
  // From here on what changes is noted: it may come behind what the comparison reads.
  followed.compare_all = false;
  followed.waiting.clear();
  return absl::OkStatus();
}

absl::StatusOr<v1::Run> Following::CompareWhole(const Name& name) {
  RETURN_IF_ERROR(Prepare(name));
  v1::RunRuleRequest request;
  Caller caller;
  const int32_t today = DayInChina(context_.clock.UtcUs());
  {
    MutexLock lock(mutex_);
    request = RequestOf(followed_[name].declared);
    caller = followed_[name].caller;
  }
  absl::StatusOr<v1::Run> run = RunStoredRule(context_, caller, request, NewMeter().get());
  if (absl::IsCancelled(run.status())) return MakeError(Reason::kDraining, "the service is stopping; retry");
  MutexLock lock(mutex_);
  if (run.ok()) followed_[name].day = today;
  return run;
}

absl::StatusOr<v1::Run> Following::Follow(const Caller& caller, const v1::FollowRuleRequest& request) {
  const Name name = {caller.department, request.rule(), request.period()};
  v1::FollowedRule declared;
  declared.set_rule(request.rule());
  declared.set_period(request.period());
  declared.set_as_of(request.as_of());
  {
    MutexLock lock(mutex_);
    const auto count = std::count_if(followed_.begin(), followed_.end(), [&](const auto& of) {
      return of.first.department == caller.department;
    });
    if (!followed_.contains(name) && count >= static_cast<std::ptrdiff_t>(kFollowedRules)) {
      return MakeError(
          Reason::kInvalidRequest,
          "a department follows at most 100 rules and periods; end one with `hangou compare watch RULE "
          "--stop`");
    }
    Add(name, declared, caller);
  }
  absl::StatusOr<v1::Run> run = CompareWhole(name);
  if (run.ok()) {
    v1::ComparisonEvent event;
    *event.mutable_followed() = declared;
    event.set_department(caller.department);
    event.set_time_us(context_.clock.UtcUs());
    if (const absl::Status kept = context_.book.Write({event}, kFollowKeepMs); !kept.ok()) run = kept;
  }
  {
    MutexLock lock(mutex_);
    followed_[name].status = absl::OkStatus();
    if (!run.ok()) followed_.erase(name);
  }
  PostTurn(kTurnMs);
  return run;
}

absl::StatusOr<v1::UnfollowRuleResponse> Following::Unfollow(const Caller& caller,
                                                             const v1::UnfollowRuleRequest& request) {
  const Name name = {caller.department, request.rule(), request.period()};
  v1::ComparisonEvent event;
  {
    MutexLock lock(mutex_);
    const auto found = followed_.find(name);
    if (found == followed_.end())
      return MakeError(Reason::kObjectNotFound, "the rule is not followed for this period");
    *event.mutable_followed() = found->second.declared;
  }
  event.mutable_followed()->set_stopped(true);
  event.set_department(caller.department);
  event.set_time_us(context_.clock.UtcUs());
  RETURN_IF_ERROR(context_.book.Write({event}, kFollowKeepMs));
  MutexLock lock(mutex_);
  followed_.erase(name);
  return v1::UnfollowRuleResponse();
}

std::vector<v1::FollowedRule> Following::Of(const std::string& department, const std::string& rule) const {
  MutexLock lock(mutex_);
  std::vector<v1::FollowedRule> all;
  for (const auto& [name, followed] : followed_) {
    if (name.department != department || name.rule != rule) continue;
    all.push_back(followed.declared);
    if (!followed.status.ok()) all.back().set_behind(std::string(Message(followed.status)));
  }
  return all;
}

}  // namespace hangou
