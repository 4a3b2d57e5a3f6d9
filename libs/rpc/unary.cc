#include "libs/rpc/unary.h"

#include <atomic>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/status.h"

namespace hangou {

// Ends the call once: by CallDone, or by going away with the last copy.
struct CallDone::State {
  State(grpc::ServerUnaryReactor* call, CallMeter call_meter) : reactor(call), meter(std::move(call_meter)) {}
  ~State() {
    if (!ended) Finish(MakeError(Reason::kDraining, "the service is stopping; retry"));
  }
  void Finish(const absl::Status& status) {
    meter.End(status);
    reactor->Finish(ToGrpc(status));
  }

  grpc::ServerUnaryReactor* const reactor;  // lives until Finish
  CallMeter meter;
  std::atomic<bool> ended = false;
};

CallDone::CallDone(grpc::ServerUnaryReactor* reactor, CallMeter meter)
    : state_(std::make_shared<State>(reactor, std::move(meter))) {}

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
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Caller> caller = AdmitCall(*context, roles, hops);
  if (caller.ok()) {
    handler(*caller, CallDone(reactor, std::move(meter)));
  } else {
    CallDone(reactor, std::move(meter))(caller.status());
  }
  return reactor;
}

}  // namespace hangou
