#include "tests/benchmarks/decisions.h"

#include <chrono>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/policy/catalog_state.h"
#include "libs/policy/snapshot.h"
#include "libs/policy/yaml.h"
#include "tests/benchmarks/figures.h"

namespace hangou {
namespace {

// One sample times so many decisions: a single one is about as short as reading the clock.
constexpr int kDecisionsPerSample = 64;

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// The catalog as it is in force after the first apply.
absl::StatusOr<std::shared_ptr<const PolicySnapshot>> CompileFolder(const std::string& folder) {
  ASSIGN_OR_RETURN(const std::vector<hangou::catalog::v1::CatalogObject> objects, LoadObjects(folder));
  CatalogState state;
  ASSIGN_OR_RETURN(const CatalogState::Outcome outcome,
                   state.PlanApply(objects, "benchmark", SystemClock().UtcUs()));
  RETURN_IF_ERROR(state.Absorb(outcome.update));
  return PolicySnapshot::Compile(state.objects(), state.epoch());
}

std::vector<DecisionQuery> AllQueries(const PolicyObjects& objects) {
  std::vector<DecisionQuery> queries;
  for (const auto& [department, unused] : objects.departments) {
    for (const auto& [resource, unused_resource] : objects.resources) {
      for (const auto& [purpose, unused_purpose] : objects.purposes) {
        queries.push_back({department, resource, purpose, "CASE-1", SystemClock().UtcUs()});
      }
    }
  }
  return queries;
}

}  // namespace

absl::StatusOr<std::string> MeasureDecisions(const std::string& catalog_folder, double seconds) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const PolicySnapshot> snapshot, CompileFolder(catalog_folder));
  const std::vector<DecisionQuery> queries = AllQueries(snapshot->objects());
  if (queries.empty()) return MakeError(Reason::kInvalidRequest, "the catalog has nothing to decide");
  std::vector<int64_t> samples;
  int64_t count = 0;
  int64_t allowed = 0;
  size_t next = 0;
  const int64_t begin = NowNs();
  const int64_t end = begin + static_cast<int64_t>(seconds * 1e9);
  int64_t now = begin;
  while (now < end) {
    for (int i = 0; i < kDecisionsPerSample; ++i) {
      allowed += snapshot->Decide(queries[next]).allowed ? 1 : 0;
      next = next + 1 == queries.size() ? 0 : next + 1;
    }
    const int64_t after = NowNs();
    samples.push_back((after - now) / kDecisionsPerSample);
    count += kDecisionsPerSample;
    now = after;
  }
  const double elapsed = static_cast<double>(now - begin) / 1e9;
  return FigureLine("decisions", "ns", elapsed, std::move(samples), count) +
         " allowed=" + std::to_string(allowed) + " of_queries=" + std::to_string(queries.size());
}

}  // namespace hangou
