#include "libs/rpc/unary.h"

#include <atomic>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/status.h"

namespace hangou {
namespace {

// gRPC's retries, proposal A6: what a server asks of a client that would try again; below 0: not to.
constexpr char kRetryAfterKey[] = "grpc-retry-pushback-ms";
constexpr char kNoRetry[] = "-1";
// A group that moves is served again after 1 to 4 s; a client tries four times.
constexpr char kGroupMovesMs[] = "1000";

}  // namespace

// Ends the call once: by CallDone, or by going away with the last copy.
struct CallDone::State {
  State(grpc::CallbackServerContext* call, bool is_passed_on, CallMeter call_meter)
      : context(call),
        reactor(call->DefaultReactor()),
        passed_on(is_passed_on),
        meter(std::move(call_meter)) {}
  ~State() {
    if (!ended) Finish(MakeError(Reason::kDraining, "the service is stopping; retry"));
  }
  void Finish(const absl::Status& status) {
    meter.End(status);
    if (passed_on && !status.ok()) {
      context->AddTrailingMetadata(kRetryAfterKey, kNoRetry);
    } else if (ReasonOf(status) == Reason::kNotOwner) {
      context->AddTrailingMetadata(kRetryAfterKey, kGroupMovesMs);
    }
    reactor->Finish(ToGrpc(status));
  }

  // Both live until Finish.
  grpc::CallbackServerContext* const context;
  grpc::ServerUnaryReactor* const reactor;
  const bool passed_on;
  CallMeter meter;
  std::atomic<bool> ended = false;
};

CallDone::CallDone(grpc::CallbackServerContext* context, bool passed_on, CallMeter meter)
    : state_(std::make_shared<State>(context, passed_on, std::move(meter))) {}

grpc::ServerUnaryReactor* CallDone::reactor() const { return state_->reactor; }

void CallDone::operator()(const absl::Status& status) const {
  HANGOU_CHECK(!state_->ended.exchange(true), "a call was ended twice");
  state_->Finish(status);
}

grpc::ServerUnaryReactor* HandleUnary(grpc::CallbackServerContext* context,
                                      std::initializer_list<std::string_view> roles,
                                      const UnaryHandler& handler) {
  return HandleUnary(context, roles, nullptr, handler);
}

grpc::ServerUnaryReactor* HandleUnary(grpc::CallbackServerContext* context,
                                      std::initializer_list<std::string_view> roles, const Hops* hops,
                                      const UnaryHandler& handler) {
  CallMeter meter = CallMeter::Unary(*context);
  const absl::StatusOr<Caller> caller = AdmitCall(*context, roles, hops);
  CallDone done(context, caller.ok() && !caller->via.empty(), std::move(meter));
  grpc::ServerUnaryReactor* const reactor = done.reactor();
  if (caller.ok()) {
    handler(*caller, std::move(done));
  } else {
    done(caller.status());
  }
  return reactor;
}

}  // namespace hangou
