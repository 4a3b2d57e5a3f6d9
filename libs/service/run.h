// Runs a service as a process of its own: settings, start, readiness, drain.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/service/process.h"

namespace grpc {
class Service;
}

namespace hangou {

// What a process serves. Used by the thread that runs it, but for status(), which is thread-safe.
class ServiceRole {
 public:
  virtual ~ServiceRole() = default;
  // The handlers, registered before the listener opens.
  virtual std::vector<grpc::Service*> handlers() = 0;
  // Catches up, with the listener open and not yet ready. An error ends the process.
  virtual absl::Status Start() { return absl::OkStatus(); }
  // Why it cannot serve; OK where it can.
  virtual absl::Status status() const = 0;
  // From now on new calls are answered DRAINING; those under way end.
  virtual void Drain() = 0;
  // After the last call has ended: flushes, and ends its threads.
  virtual void Stop() {}
};

using MakeRole = std::function<absl::StatusOr<std::unique_ptr<ServiceRole>>(ServiceProcess& process)>;

// What main of a service does: reads the command line, opens the process, serves until SIGTERM or SIGINT, drains.
// Returns the exit code: 0, 1 with the reason on standard error, 2 for wrong usage.
//
// Readiness, as grpc.health.v1 tells it: keys loaded, policy there, lease held, and what the role says. It may go and
// come back.
int RunService(const ServiceKind& kind, const char* about, int argc, char** argv, const MakeRole& make);

}  // namespace hangou
