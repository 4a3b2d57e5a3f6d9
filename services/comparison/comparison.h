// Comparison without transport: applying rules, running them, and what becomes of what they find.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/comparison.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/caller.h"
#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/policy/policy_holder.h"
#include "services/comparison/book.h"
#include "services/comparison/projections.h"
#include "services/comparison/run_desk.h"

namespace hangou {

// What comparison works with. The references must outlive it.
struct ComparisonContext {
  PolicyHolder& policy;
  AuditChain& audit;
  const KeyRing& keys;
  const Clock& clock;
  Projections& projections;
  ComparisonBook& book;
};

// A rule of a department, compiled under a snapshot.
struct ReadyRule {
  hangou::comparison::v1::StoredRule stored;
  std::shared_ptr<const CompiledRule> compiled;
};

// The schemas of a snapshot, which outlives what is returned.
CompiledRule::SchemaOf SchemasOf(const PolicySnapshot& snapshot);
// Compiles the rule `name` of a department. OBJECT_NOT_FOUND, INVALID_OBJECT.
absl::StatusOr<ReadyRule> CompileStored(const ComparisonContext& context, const PolicySnapshot& snapshot,
                                        const std::string& department, const std::string& name);
// The projections that a rule reads, for each side and each of its resources.
std::vector<ProjectionName> ProjectionsOf(const CompiledRule& rule, const std::string& department);
// Has what all stored rules read made, together, and what no rule reads removed; passes over those rules that do not
// go with the snapshot.
void WantStored(const ComparisonContext& context, const PolicySnapshot& snapshot);
// Whether a department may have everything that a rule reads: a reason of the policy, naming rule and field.
absl::Status CheckRuleRights(const CompiledRule& rule, const PolicySnapshot& snapshot,
                             const std::string& department, int64_t now_us);

// Each answers one call, and blocks while it works. Thread-safe, but for ApplyRules and RunRule: one call at a time.
absl::StatusOr<hangou::comparison::v1::ApplyRulesResponse> ApplyRules(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::ApplyRulesRequest& request);
absl::StatusOr<hangou::comparison::v1::ListRulesResponse> ListRules(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::ListRulesRequest& request);
absl::StatusOr<hangou::comparison::v1::ExplainRuleResponse> ExplainRule(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::ExplainRuleRequest& request);
absl::StatusOr<hangou::comparison::v1::Run> RunStoredRule(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::RunRuleRequest& request, RunMeter* meter);
// The day that a run is as of: today in UTC+8 where the request names none. INVALID_REQUEST.
absl::StatusOr<int32_t> AsOfDay(const ComparisonContext& context,
                                const hangou::comparison::v1::RunRuleRequest& request);
// What makes a request ask for the same run as another. INVALID_REQUEST.
absl::StatusOr<RunIdentity> IdentityOfRun(const ComparisonContext& context, const Caller& caller,
                                          const hangou::comparison::v1::RunRuleRequest& request);
// Decides and records that a caller shares a run that another has asked for.
absl::Status RecordJoin(const ComparisonContext& context, const Caller& caller,
                        const hangou::comparison::v1::RunRuleRequest& request);
// Compares only the keys that begin with one of `prefixes` (CompiledRule::common_key_parts), and brings the clues of
// the last run of the rule and period up to date. The answer counts what has changed.
absl::StatusOr<hangou::comparison::v1::Run> CompareChanged(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::RunRuleRequest& request, RunMeter* meter,
    const std::set<std::string>& prefixes);
absl::StatusOr<hangou::comparison::v1::ListCluesResponse> ListClues(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::ListCluesRequest& request);
absl::StatusOr<hangou::comparison::v1::GetClueResponse> GetClue(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::GetClueRequest& request);
absl::StatusOr<hangou::comparison::v1::ChangeCluesResponse> AssignClues(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::AssignCluesRequest& request);
absl::StatusOr<hangou::comparison::v1::ChangeCluesResponse> AnswerClues(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::AnswerCluesRequest& request);
absl::StatusOr<hangou::comparison::v1::GetEffectResponse> GetEffect(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::GetEffectRequest& request);
absl::StatusOr<hangou::comparison::v1::DiffRunsResponse> DiffRuns(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::DiffRunsRequest& request);
absl::StatusOr<hangou::comparison::v1::ListOfficesResponse> ListOffices(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::ListOfficesRequest& request);
absl::StatusOr<hangou::comparison::v1::ListDataErrorsResponse> ListDataErrors(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::ListDataErrorsRequest& request);
absl::StatusOr<hangou::comparison::v1::ListResultsResponse> ListResults(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::ListResultsRequest& request);
absl::StatusOr<hangou::comparison::v1::ListResultRowsResponse> ListResultRows(
    const ComparisonContext& context, const Caller& caller,
    const hangou::comparison::v1::ListResultRowsRequest& request);

// An instant in microseconds since 1970-01-01 UTC as the contract has it.
google::protobuf::Timestamp TimestampOf(int64_t utc_us);
// An entry of the audit with its caller.
hangou::audit::v1::Entry EntryOf(const Caller& caller, hangou::audit::v1::Action action,
                                 const std::string& subject);

}  // namespace hangou
