// DiffRuns: what differs between the findings of two runs of a rule.
#include <algorithm>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "libs/base/status.h"
#include "services/comparison/clue_access.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr char kRunsPrefix[] = "runs/";

struct Difference {
  uint64_t clue = 0;
  std::optional<int64_t> before_fen;
  std::optional<int64_t> after_fen;

  uint64_t size() const {
    const int64_t size = after_fen.value_or(0) - before_fen.value_or(0);
    return size < 0 ? -static_cast<uint64_t>(size) : static_cast<uint64_t>(size);
  }
};

uint64_t RunNumberOf(const std::string& name) {
  uint64_t number = 0;
  const bool is_run = name.rfind(kRunsPrefix, 0) == 0;
  return is_run && absl::SimpleAtoi(name.substr(sizeof kRunsPrefix - 1), &number) ? number : 0;
}

absl::Status NotKept(const std::string& run) {
  return MakeError(Reason::kObjectNotFound,
                   "what " + run +
                       " found is not kept: it was a dry run, another department's, or 12 runs "
                       "of the same rule and period came after it",
                   "run");
}

// The two runs, the earlier one first.
absl::StatusOr<std::pair<uint64_t, uint64_t>> RunsOf(const ComparisonContext& context, const Caller& caller,
                                                     const v1::DiffRunsRequest& request, std::string* rule) {
  const auto kept = context.book.KeptRuns(caller.department);
  const auto find = [&](uint64_t number) {
    return std::find_if(kept.begin(), kept.end(), [&](const auto& run) { return run.number == number; });
  };
  const auto run = find(RunNumberOf(request.run()));
  if (run == kept.end()) return NotKept(request.run());
  *rule = run->rule;
  if (!request.base().empty()) {
    const auto base = find(RunNumberOf(request.base()));
    if (base == kept.end()) return NotKept(request.base());
    if (base->rule != run->rule)
      return MakeError(Reason::kInvalidRequest, "the runs are of two rules", "base");
    return std::pair(base->number, run->number);
  }
  for (auto base = run; base != kept.begin();) {
    --base;
    if (base->rule == run->rule && base->period == run->period) return std::pair(base->number, run->number);
  }
  return MakeError(Reason::kObjectNotFound,
                   "no run of " + run->rule + " for the same period is kept from before " + request.run(),
                   "base");
}

std::vector<Difference> Differences(const std::map<uint64_t, int64_t>& before,
                                    const std::map<uint64_t, int64_t>& after,
                                    v1::DiffRunsResponse* response) {
  std::vector<Difference> all;
  for (const auto& [clue, fen] : before) {
    if (!after.contains(clue)) all.push_back({clue, fen, std::nullopt});
  }
  response->set_removed(static_cast<int64_t>(all.size()));
  for (const auto& [clue, fen] : after) {
    const auto known = before.find(clue);
    if (known == before.end()) {
      response->set_added(response->added() + 1);
      all.push_back({clue, std::nullopt, fen});
    } else if (known->second != fen) {
      response->set_changed(response->changed() + 1);
      all.push_back({clue, known->second, fen});
    } else {
      response->set_same(response->same() + 1);
    }
  }
  std::sort(all.begin(), all.end(), [](const Difference& a, const Difference& b) {
    return a.size() != b.size() ? a.size() > b.size() : a.clue < b.clue;
  });
  return all;
}

}  // namespace

absl::StatusOr<v1::DiffRunsResponse> DiffRuns(const ComparisonContext& context, const Caller& caller,
                                              const v1::DiffRunsRequest& request) {
  std::string rule;
  ASSIGN_OR_RETURN(const auto runs, RunsOf(context, caller, request, &rule));
  const auto before = context.book.Findings(caller.department, runs.first);
  const auto after = context.book.Findings(caller.department, runs.second);
  if (!before || !after) return NotKept(before ? request.run() : request.base());
  v1::DiffRunsResponse response;
  response.set_base(kRunsPrefix + std::to_string(runs.first));
  response.set_run(kRunsPrefix + std::to_string(runs.second));
  const std::vector<Difference> all = Differences(*before, *after, &response);
  const std::string token_context =
      "comparison.DiffRuns|" + caller.spiffe_id + "|" + response.base() + "|" + response.run();
  ASSIGN_OR_RETURN(const PlaceInList place, PlaceOfPage(context.keys, request.page_token(), token_context,
                                                        request.page_size(), all.size()));
  std::vector<v1::Clue*> told;
  for (size_t i = place.begin; i < place.end; ++i) {
    v1::FindingDifference* const difference = response.add_differences();
    if (all[i].before_fen) difference->set_before_fen(*all[i].before_fen);
    if (all[i].after_fen) difference->set_after_fen(*all[i].after_fen);
    const StoredClue clue = context.book.FindClue(caller.department, ClueName(all[i].clue));
    if (clue) *difference->mutable_clue() = *clue;
    difference->mutable_clue()->set_name(ClueName(all[i].clue));
    difference->mutable_clue()->set_rule(rule);
    difference->mutable_clue()->clear_history();
    told.push_back(difference->mutable_clue());
  }
  response.set_next_page_token(TokenBehind(context.keys, place, token_context, all.size()));
  RETURN_IF_ERROR(DecideClues(context, caller, request.context(), rule, told));
  return response;
}

}  // namespace hangou
