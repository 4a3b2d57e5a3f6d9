// ListResults and ListResultRows: what a department's results are, and how their records are to stand.
#include <algorithm>
#include <map>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "services/comparison/clue_access.h"
#include "services/comparison/result.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

std::string RowsContextOf(const Caller& caller, const v1::ListResultRowsRequest& request) {
  return "comparison.ListResultRows|" + caller.spiffe_id + "|" + request.resource();
}

absl::StatusOr<v1::StoredResult> FindResult(const ComparisonContext& context, const std::string& department,
                                            const std::string& resource) {
  for (v1::StoredResult& stored : context.book.Results(department)) {
    if (stored.result().resource() == resource) return std::move(stored);
  }
  return MakeError(Reason::kObjectNotFound,
                   "there is no result " + resource + "; see `hangou compare results`");
}

// The result under a snapshot: everything that it says is decided anew.
absl::StatusOr<CompiledResult> CompileStoredResult(const ComparisonContext& context,
                                                   const PolicySnapshot& snapshot,
                                                   const std::string& department,
                                                   const v1::ComparisonResult& declared) {
  const int64_t now_us = context.clock.UtcUs();
  std::vector<std::shared_ptr<const CompiledRule>> rules;
  for (const v1::StoredRule& stored : context.book.Rules(department)) {
    if (!CoversRule(declared, stored.rule().name())) continue;
    ASSIGN_OR_RETURN(const ReadyRule ready,
                     CompileStored(context, snapshot, department, stored.rule().name()));
    RETURN_IF_ERROR(CheckRuleRights(*ready.compiled, snapshot, department, now_us));
    rules.push_back(ready.compiled);
  }
  ASSIGN_OR_RETURN(CompiledResult compiled,
                   CompiledResult::Compile(declared, department, rules, SchemasOf(snapshot)));
  RETURN_IF_ERROR(compiled.CheckOnward(snapshot, now_us));
  return compiled;
}

}  // namespace

absl::StatusOr<v1::ListResultsResponse> ListResults(const ComparisonContext& context, const Caller& caller,
                                                    const v1::ListResultsRequest&) {
  v1::ListResultsResponse response;
  for (v1::StoredResult& result : context.book.Results(caller.department))
    *response.add_results() = std::move(result);
  return response;
}

absl::StatusOr<v1::ListResultRowsResponse> ListResultRows(const ComparisonContext& context,
                                                          const Caller& caller,
                                                          const v1::ListResultRowsRequest& request) {
  if (request.page_size() < 0)
    return MakeError(Reason::kInvalidRequest, "page_size is negative", "page_size");
  const int size =
      std::min(request.page_size() == 0 ? limits::kPageDefault : request.page_size(), kPageClues);
  std::string behind;
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(behind, context.keys.OpenToken(request.page_token(), RowsContextOf(caller, request)));
  }
  ASSIGN_OR_RETURN(const auto pin, context.policy.Acquire(request.context().min_epoch()));
  ASSIGN_OR_RETURN(const v1::StoredResult stored_result,
                   FindResult(context, caller.department, request.resource()));
  const v1::ComparisonResult& declared = stored_result.result();
  v1::ListResultRowsResponse response;
  for (const v1::ResultSource& source : stored_result.sources()) {
    response.add_fields(source.field());
    if (source.value() == kClueNameValue) response.set_clue_field(source.field());
  }
  if (declared.removed()) return response;
  ASSIGN_OR_RETURN(const CompiledResult result,
                   CompileStoredResult(context, pin.snapshot(), caller.department, declared));
  std::map<std::string, std::string> titles;
  for (const v1::StoredRule& stored : context.book.Rules(caller.department))
    titles[stored.rule().name()] = stored.rule().title();
  // In the order of the names, which never change: what is answered between two pages moves nothing.
  const std::vector<StoredClue> clues = context.book.Clues(caller.department, [&](const v1::Clue& clue) {
    return clue.name() > behind && CoversRule(declared, clue.rule()) &&
           (!clue.withheld().empty() || result.Wants(clue));
  });
  const size_t end = std::min(clues.size(), static_cast<size_t>(size));
  std::vector<v1::Clue> told(end);
  std::vector<v1::Clue*> decided;
  for (size_t i = 0; i < end; ++i) {
    told[i] = *clues[i];
    decided.push_back(&told[i]);
  }
  RETURN_IF_ERROR(DecideClues(context, caller, request.context(), request.resource(), decided));
  for (size_t i = 0; i < end; ++i) {
    const bool is_erased = !clues[i]->withheld().empty();
    // The policy moved on since the result was decided.
    if (!is_erased && !told[i].withheld().empty())
      return MakeError(Reason::kEpochNotReached, told[i].withheld());
    v1::ResultRow& row = *response.add_rows();
    if (!is_erased) row = result.RowOf(told[i], titles[told[i].rule()]);
    row.set_clue(told[i].name());
    row.set_erased(is_erased);
  }
  if (end < clues.size())
    response.set_next_page_token(
        context.keys.SealToken(clues[end - 1]->name(), RowsContextOf(caller, request)));
  return response;
}

}  // namespace hangou
