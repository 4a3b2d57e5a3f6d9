#include "libs/rpc/unary.h"

#include <atomic>

#include "libs/base/status.h"
#include "libs/rpc/status.h"

namespace hangou {

// Ends the call once: by CallDone, or by going away with the last copy.
struct CallDone::State {
  explicit State(grpc::ServerUnaryReactor* call) : reactor(call) {}
  ~State() {
    if (!ended) reactor->Finish(ToGrpc(MakeError(Reason::kDraining, "the service is stopping; retry")));
  }

  grpc::ServerUnaryReactor* const reactor;  // lives until Finish
  std::atomic<bool> ended = false;
};

CallDone::CallDone(grpc::ServerUnaryReactor* reactor) : state_(std::make_shared<State>(reactor)) {}

void CallDone::operator()(const absl::Status& status) const {
  HANGOU_CHECK(!state_->ended.exchange(true), "a call was ended twice");
  state_->reactor->Finish(ToGrpc(status));
}

grpc::ServerUnaryReactor* HandleUnary(grpc::CallbackServerContext* context,
                                      std::initializer_list<std::string_view> roles,
                                      const UnaryHandler& handler) {
  return HandleUnary(context, roles, nullptr, handler);
}

grpc::ServerUnaryReactor* HandleUnary(grpc::CallbackServerContext* context,
                                      std::initializer_list<std::string_view> roles, const Hops* hops,
                                      const UnaryHandler& handler) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Caller> caller = AdmitCall(*context, roles, hops);
  if (caller.ok()) {
    handler(*caller, CallDone(reactor));
  } else {
    reactor->Finish(ToGrpc(caller.status()));
  }
  return reactor;
}

}  // namespace hangou
