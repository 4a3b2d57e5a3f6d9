#include "libs/base_library/read_run.h"

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base_library/past.h"
#include "libs/policy/record_presenter.h"

namespace hangou {
namespace {

// A read that sees the policy change so often during its few milliseconds is told to come back.
constexpr int kAttempts = 8;

}  // namespace

void ReadRun::Start(Library& library, const Caller& caller, const hangou::record::v1::AccessContext& context,
                    const std::string& resource, hangou::audit::v1::Action action, Build build,
                    Library::Done done) {
  auto run = std::make_shared<ReadRun>(library, caller, context, resource, action, std::move(build),
                                       std::move(done));
  if (context.purpose().size() > limits::kContextText ||
      context.case_number().size() > limits::kContextText || resource.size() > limits::kContextText) {
    return run->done_(
        MakeError(Reason::kInvalidRequest, "purpose, case number and resource take at most 128 bytes"));
  }
  if (context.has_as_of() && AsOfUs(context, 0) > library.context_.clock.UtcUs()) {
    return run->done_(MakeError(Reason::kInvalidRequest, "as_of is an instant that has not come"));
  }
  library.WaitForPositions(context, [run](absl::Status status) {
    if (!status.ok()) return run->Deny(status);
    run->Attempt();
  });
}

ReadRun::ReadRun(Library& library, const Caller& caller, const hangou::record::v1::AccessContext& context,
                 const std::string& resource, hangou::audit::v1::Action action, Build build,
                 Library::Done done)
    : library_(library),
      caller_(caller),
      context_(context),
      resource_(resource),
      action_(action),
      build_(std::move(build)),
      done_(std::move(done)) {}

hangou::audit::v1::Entry ReadRun::NewEntry() const {
  hangou::audit::v1::Entry entry;
  entry.set_action(action_);
  entry.set_caller(caller_.department);
  entry.set_role(caller_.role);
  entry.set_workload(caller_.workload);
  entry.set_purpose(context_.purpose());
  entry.set_case_number(context_.case_number());
  entry.set_subject(resource_);
  if (pinned_) entry.set_epoch(pin_.snapshot().epoch());
  return entry;
}

absl::Status ReadRun::Decide(int64_t now_us, std::shared_ptr<const ResourceSchema>* schema,
                             const FieldRights** rights, std::string* only_provider) {
  if (caller_.role == roles::kPublisher) {
    *schema = pin_.snapshot().FindResource(resource_);
    if (!*schema) return MakeError(Reason::kUnknownResource, "there is no resource of this name");
    if (!(*schema)->IsProvider(caller_.department)) {
      return MakeError(Reason::kNotProvider,
                       "a publisher reads back its own rows only; use a consumer certificate");
    }
    provider_rights_ = ProviderRights(**schema);
    *rights = &provider_rights_;
    *only_provider = caller_.department;
    return absl::OkStatus();
  }
  const PolicyDecision decision = pin_.snapshot().Decide(
      {caller_.department, resource_, context_.purpose(), context_.case_number(), now_us});
  if (!decision.allowed) return MakeError(decision.reason, decision.message);
  *schema = decision.schema;
  *rights = decision.rights;
  return absl::OkStatus();
}

void ReadRun::Attempt() {
  pinned_ = false;
  pin_ = PolicyHolder::Pin();
  if (++attempts_ > kAttempts) {
    return Deny(MakeError(Reason::kEpochNotReached, "the policy is changing quickly; retry"));
  }
  auto pin = library_.context_.policy.Acquire(context_.min_epoch());
  if (!pin.ok()) return Deny(pin.status());
  pin_ = std::move(*pin);
  pinned_ = true;

  std::shared_ptr<const ResourceSchema> schema;
  const FieldRights* rights = nullptr;
  std::string only_provider;
  if (const absl::Status denied = Decide(library_.context_.clock.UtcUs(), &schema, &rights, &only_provider);
      !denied.ok()) {
    return Deny(denied);
  }
  hangou::audit::v1::Entry entry = NewEntry();
  DescribeRights(*schema, *rights, &entry);
  entry.set_allowed(true);
  const ReadScope scope{*schema, *rights, pin_.snapshot().epoch(), only_provider, entry};
  if (const absl::Status built = build_(scope); !built.ok()) return Deny(built);
  library_.context_.audit.Append(
      std::move(entry), [self = shared_from_this()](absl::Status durable) { self->AfterAudit(durable); });
}

void ReadRun::AfterAudit(const absl::Status& durable) {
  if (!durable.ok()) return done_(durable);
  const absl::Status confirmed = pin_.Confirm();
  if (ReasonOf(confirmed) == Reason::kEpochNotReached) return Attempt();
  if (!confirmed.ok()) return Deny(confirmed);
  done_(absl::OkStatus());
  pin_ = PolicyHolder::Pin();
}

void ReadRun::Deny(const absl::Status& status) {
  hangou::audit::v1::Entry entry = NewEntry();
  entry.set_allowed(false);
  const auto reason = ReasonOf(status);
  entry.set_reason(std::string(reason ? ReasonName(*reason) : "INTERNAL"));
  // Damage of the view is mended by rebuilding it; the caller retries.
  library_.context_.audit.Append(std::move(entry), [self = shared_from_this(), status](absl::Status durable) {
    self->done_(durable.ok() ? status : durable);
    self->pin_ = PolicyHolder::Pin();
  });
}

}  // namespace hangou
