// Passing a unary call on to the replica that can answer it.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <string>

#include "libs/rpc/hops.h"
#include "libs/rpc/status.h"

namespace hangou {

// Calls `method` of a Stub's async interface at `address` for `caller`, and ends with its answer in `response`, from a
// thread of gRPC. `request` and `response` must live until `done` is called. UNAVAILABLE where nobody listens there.
template <class Service, class Request, class Response>
void ForwardUnary(const Hops& hops, const std::string& address, const Caller& caller, int64_t timeout_ms,
                  void (Service::StubInterface::async_interface::*method)(grpc::ClientContext*,
                                                                          const Request*, Response*,
                                                                          std::function<void(grpc::Status)>),
                  const Request* request, Response* response, std::function<void(absl::Status)> done) {
  const auto channel = hops.ChannelTo(address);
  if (!channel.ok()) return done(channel.status());
  // Both live until the call has ended.
  auto context = std::make_shared<grpc::ClientContext>();
  auto stub = std::shared_ptr<typename Service::Stub>(Service::NewStub(*channel));
  hops.Sign(caller, timeout_ms, context.get());
  (stub->async()->*method)(
      context.get(), request, response,
      [context, stub, done = std::move(done)](const grpc::Status& status) { done(FromGrpc(status)); });
}

}  // namespace hangou
