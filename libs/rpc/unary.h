// Unary calls: from the certificate to the reply.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/caller.h"
#include "libs/rpc/identity.h"
#include "libs/rpc/rpc_metrics.h"

namespace hangou {

// Ends a unary call. Copyable; call one copy, once, from any thread. When it returns, reply or error has been
// handed to gRPC and nothing of ours can change or recall it, so a policy pin may be dropped after it; request,
// response and context are gone from then on. (Called inside the handler, gRPC sends when the handler returns:
// return at once.) Where all copies are destroyed without a call, as when an event loop stops, the caller gets
// DRAINING. A client that tries again by itself is asked to wait until a partition group that moves may have
// arrived.
class CallDone {
 public:
  // `context` is the call's; `passed_on`: by another service, which knows best whether to try again.
  CallDone(grpc::CallbackServerContext* context, bool passed_on, CallMeter meter);
  // Ends the call: OK sends the response, an error its code, reason and message.
  void operator()(const absl::Status& status) const;
  // What the handler of gRPC has to return.
  grpc::ServerUnaryReactor* reactor() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// What does the work of a call: fills the response, then calls `done`, at once or later from any thread. Runs
// on a thread of gRPC and must not block. `caller` lives as long as the handler runs: copy what is needed
// later.
using UnaryHandler = std::function<void(const Caller& caller, CallDone done)>;

// Handles a unary call of a caller with one of `roles` (any, where the list is empty):
//
//   grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context, const GetRequest* request,
//                                 GetResponse* response) override {
//     return HandleUnary(context, {roles::kConsumer}, [=, this](const Caller& caller, CallDone done) {
//       get_.Run(caller, *request, RemainingMs(*context), response, std::move(done));
//     });
//   }
//
// Calls without the role, or whose deadline has passed, are answered without the handler. The request, the
// response and the context live until `done` is called.
grpc::ServerUnaryReactor* HandleUnary(grpc::CallbackServerContext* context,
                                      std::initializer_list<std::string_view> roles,
                                      const UnaryHandler& handler);
// The same for a method that other services may pass calls on to.
grpc::ServerUnaryReactor* HandleUnary(grpc::CallbackServerContext* context,
                                      std::initializer_list<std::string_view> roles, const Hops* hops,
                                      const UnaryHandler& handler);

}  // namespace hangou
