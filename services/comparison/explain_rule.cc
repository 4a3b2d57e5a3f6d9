// ExplainRule: what a run of a rule would read, before it does.
#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "libs/comparison/key_screen.h"
#include "services/comparison/comparison.h"
#include "services/comparison/run_estimate.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// Calls wait so long for rows that are still being read.
constexpr int64_t kExplainMs = 10'000;

// The keys of one projection, and how unevenly its rows lie under them. The largest keys are told by their rows only:
// whom they are about is none of the question.
absl::Status CountKeys(const Projection::View& view, int partitions, v1::SourcePlan* plan) {
  for (int partition = 0; partition < partitions; ++partition) {
    std::vector<std::unique_ptr<BlockSource>> sources;
    for (const auto& segment : view) sources.push_back(MakeSegmentSource(segment, partition, {}));
    MergedRows merged(std::move(sources));
    KeyRows rows;
    std::string last;
    int64_t of_key = 0, of_partition = 0;
    const auto end_key = [&] {
      if (of_key == 0) return;
      plan->set_keys(plan->keys() + 1);
      plan->set_largest_key_rows(std::max(plan->largest_key_rows(), of_key));
      of_partition += of_key;
      of_key = 0;
    };
    while (true) {
      ASSIGN_OR_RETURN(const bool more, merged.Next(&rows));
      if (!more) break;
      if (rows.key().text() != last) {
        end_key();
        last.assign(rows.key().text());
      }
      for (const RowPiece& piece : rows.pieces) of_key += piece.end - piece.begin;
    }
    end_key();
    plan->set_rows(plan->rows() + of_partition);
    plan->set_largest_partition_rows(std::max(plan->largest_partition_rows(), of_partition));
  }
  return absl::OkStatus();
}

// Whether a run for the period has a pass before the comparison, in which it finds the cut-offs of peers.
bool FindsCutOffs(const ComparisonBook& book, const v1::StoredRule& stored, const std::string& department,
                  const v1::ExplainRuleRequest& request) {
  if (!stored.rule().has_peers()) return false;
  const auto last = book.LastRun(department, stored.rule().name(), request.period());
  return !last || last->rule_version() != stored.version();
}

}  // namespace

absl::StatusOr<v1::ExplainRuleResponse> ExplainRule(const ComparisonContext& context, const Caller& caller,
                                                    const v1::ExplainRuleRequest& request) {
  ASSIGN_OR_RETURN(const auto pin, context.policy.Acquire());
  ASSIGN_OR_RETURN(const ReadyRule ready,
                   CompileStored(context, pin.snapshot(), caller.department, request.rule()));
  RETURN_IF_ERROR(CheckRuleRights(*ready.compiled, pin.snapshot(), caller.department, context.clock.UtcUs()));
  const CompiledRule& rule = *ready.compiled;
  const std::vector<ProjectionName> names = ProjectionsOf(rule, caller.department);
  context.projections.Want(names);
  v1::ExplainRuleResponse response;
  size_t next = 0;
  int64_t segment_rows = 0;  // those included that newer ones hide
  unsigned threads = 1;
  for (const CompiledSide& side : rule.sides()) {
    for (size_t i = 0; i < side.resources.size(); ++i, ++next) {
      v1::SourcePlan* const plan = response.add_sources();
      const auto awaited = context.projections.Await(names[next], kExplainMs);
      plan->set_still_read(ReasonOf(awaited.status()) == Reason::kPositionTimeout);
      if (!plan->still_read()) RETURN_IF_ERROR(awaited.status());
      const auto fed = plan->still_read() ? context.projections.Find(names[next]) : *awaited;
      plan->set_side(side.name);
      plan->set_resource(names[next].shape.resource);
      for (const std::string& field : names[next].shape.fields) plan->add_fields(field);
      if (fed == nullptr) continue;
      ASSIGN_OR_RETURN(const auto view, fed->rows().Read());
      plan->set_segments(static_cast<int64_t>(view.size()));
      for (const auto& segment : view) plan->set_bytes(plan->bytes() + segment->bytes());
      plan->set_rows_without_key(fed->rows_without_key());
      if (const absl::Status counted = CountKeys(view, fed->rows().partitions(), plan); !counted.ok())
        return context.projections.AfterRun(counted, {names[next]}, {view});
      response.set_rows(response.rows() + plan->rows());
      response.set_bytes(response.bytes() + plan->bytes());
      for (const auto& segment : view) segment_rows += segment->rows();
      threads = ThreadsOfRun(fed->rows().partitions());
    }
  }
  std::vector<Value> slots(rule.slots());
  const Frame frame = {slots.data(), &rule.parameters(), 0};
  response.set_key_by_key(KeyScreen::Make(rule, frame, 0) == nullptr);
  response.set_common_key_parts(static_cast<int32_t>(rule.common_key_parts()));
  if (const auto last = context.book.LastRun(caller.department, rule.name(), request.period())) {
    response.set_last_run(last->name());
    response.set_last_took_us(last->took_us());
    for (const int64_t rows : last->side_rows())
      response.set_last_counted_rows(response.last_counted_rows() + rows);
  }
  *response.mutable_estimate() = EstimateRun(
      response, segment_rows * (FindsCutOffs(context.book, ready.stored, caller.department, request) ? 2 : 1),
      threads, context.book.SpeedOf(caller.department, rule.name()), context.book.SpeedOfAll(kTellingRows));
  auto entry = EntryOf(caller, hangou::audit::v1::ACTION_COMPARE, rule.name());
  entry.set_purpose(rule.declared().purpose());
  entry.set_epoch(pin.snapshot().epoch());
  entry.set_note("explain");
  RETURN_IF_ERROR(context.audit.AppendAndWait(std::move(entry)));
  RETURN_IF_ERROR(pin.Confirm());
  return response;
}

}  // namespace hangou
