// What a call asks a run for, and sharing a run that another call has asked for.
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "services/comparison/comparison.h"

namespace hangou {

namespace v1 = hangou::comparison::v1;

absl::StatusOr<int32_t> AsOfDay(const ComparisonContext& context, const v1::RunRuleRequest& request) {
  if (request.as_of().empty()) return DayInChina(context.clock.UtcUs());
  const auto day = ParseDay(request.as_of());
  if (!day) return MakeError(Reason::kInvalidRequest, "as_of is a day, YYYY-MM-DD", "as_of");
  return *day;
}

absl::StatusOr<RunIdentity> IdentityOfRun(const ComparisonContext& context, const Caller& caller,
                                          const v1::RunRuleRequest& request) {
  RunIdentity identity;
  for (const v1::StoredRule& stored : context.book.Rules(caller.department)) {
    if (stored.rule().name() == request.rule()) identity.version = stored.version();
  }
  ASSIGN_OR_RETURN(identity.as_of_day, AsOfDay(context, request));
  identity.department = caller.department;
  identity.rule = request.rule();
  identity.period = request.period();
  identity.dry_run = request.dry_run();
  identity.new_cut_offs = request.new_cut_offs();
  return identity;
}

absl::Status RecordJoin(const ComparisonContext& context, const Caller& caller,
                        const v1::RunRuleRequest& request) {
  ASSIGN_OR_RETURN(const auto pin, context.policy.Acquire(request.context().min_epoch()));
  ASSIGN_OR_RETURN(const ReadyRule ready,
                   CompileStored(context, pin.snapshot(), caller.department, request.rule()));
  RETURN_IF_ERROR(CheckRuleRights(*ready.compiled, pin.snapshot(), caller.department, context.clock.UtcUs()));
  auto entry = EntryOf(caller, hangou::audit::v1::ACTION_COMPARE, request.rule());
  entry.set_purpose(ready.stored.rule().purpose());
  entry.set_case_number(request.context().case_number().substr(0, limits::kContextText));
  entry.set_epoch(pin.snapshot().epoch());
  entry.set_allowed(true);
  entry.set_note("joins a run that was asked for before");
  return context.audit.AppendAndWait(std::move(entry));
}

}  // namespace hangou
