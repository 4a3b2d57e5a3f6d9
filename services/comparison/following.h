// Follows rules: what a run has found is kept as a run would find it now.
//
// A change of a record is a change of a key; the keys that changed are compared again, together, within a fraction of a
// second. When a day ends, when rules or parameters change, and after a start, everything is compared.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/event_loop.h"
#include "libs/base/mutex.h"
#include "services/comparison/comparison.h"

namespace hangou {

// Rules and periods that a department follows: each is evaluated for every change.
constexpr size_t kFollowedRules = 100;
// Changed keys of one rule that wait to be compared, some 10 MB; with more of them everything is compared.
constexpr size_t kWaitingKeys = 100'000;

// Follows the rules of all departments. Compares on `loop`, on which the runs are too, so that one does not overwrite
// what the other has found; the references must outlive it.
class Following {
 public:
  Following(const ComparisonContext& context, EventLoop& loop) : context_(context), loop_(loop) {}

  // Goes on with what the book says. Once.
  void Start();
  // Answers the calls. On `loop`.
  absl::StatusOr<hangou::comparison::v1::Run> Follow(
      const Caller& caller, const hangou::comparison::v1::FollowRuleRequest& request);
  absl::StatusOr<hangou::comparison::v1::UnfollowRuleResponse> Unfollow(
      const Caller& caller, const hangou::comparison::v1::UnfollowRuleRequest& request);
  // Ends the comparison under way, and begins none. Thread-safe.
  void Stop();
  // Takes the keys of rows that have changed. Thread-safe.
  void TakeChanged(const ProjectionName& name, const std::vector<std::string>& keys);
  // Everything of a department is compared again. Thread-safe.
  void CompareAll(const std::string& department);
  // What a department follows of a rule, with how it stands. Thread-safe.
  std::vector<hangou::comparison::v1::FollowedRule> Of(const std::string& department,
                                                       const std::string& rule) const;

 private:
  struct Name {
    std::string department;
    std::string rule;
    std::string period;

    auto operator<=>(const Name&) const = default;
  };
  struct Followed {
    hangou::comparison::v1::FollowedRule declared;
    Caller caller;
    std::set<ProjectionName> reads;  // empty until it was compared once
    std::vector<KeyKind> key_kinds;
    size_t key_parts = 0;
    bool compare_all = true;
    int32_t day = 0;                // on which all was compared last
    std::set<std::string> waiting;  // beginnings of keys
    absl::Status status;            // of the last comparison
    int64_t not_before_us = 0;      // after one that failed
  };

  void Add(const Name& name, const hangou::comparison::v1::FollowedRule& declared, const Caller& caller)
      HANGOU_REQUIRES(mutex_);
  void PostTurn(int64_t delay_ms);
  void Turn();
  // Where the policy has changed: rules that may not read any more what they read are behind.
  void LookAtPolicy();
  // Compares what waits of one rule.
  void CompareWaiting(const Name& name);
  // Notes what the rule reads, before its rows are read. None: it cannot be compared now.
  absl::Status Prepare(const Name& name);
  absl::StatusOr<hangou::comparison::v1::Run> CompareWhole(const Name& name);
  // That of a comparison that begins.
  std::shared_ptr<RunMeter> NewMeter();

  const ComparisonContext& context_;
  EventLoop& loop_;
  mutable Mutex mutex_;
  std::map<Name, Followed> followed_ HANGOU_GUARDED_BY(mutex_);
  std::shared_ptr<RunMeter> meter_ HANGOU_GUARDED_BY(mutex_);  // of the comparison under way, or the last one
  bool stopped_ HANGOU_GUARDED_BY(mutex_) = false;
  uint64_t seen_epoch_ = 0;  // of the loop
  bool turn_posted_ HANGOU_GUARDED_BY(mutex_) = false;
};

}  // namespace hangou
