#include "libs/service/run.h"

#include <spdlog/spdlog.h>

#include <cstdio>
#include <string>

#include "libs/base/event_loop.h"
#include "libs/base/status.h"
#include "libs/rpc/server.h"
#include "libs/service/await.h"
#include "libs/service/signals.h"

namespace hangou {
namespace {

// How often readiness is looked at: a fraction of a lease, so that the health service is never far from the truth.
constexpr int64_t kReadinessMs = 200;
// How long a replica that is stopped waits for the catalog to give its groups to another.
constexpr int64_t kHandOverMs = 5000;

// Looks at readiness and tells the health service and the catalog. Stopped before what it looks at goes.
class Readiness {
 public:
  Readiness(ServiceProcess& process, const ServiceRole& role, RpcServer& server, std::string address)
      : process_(process), role_(role), server_(server), address_(std::move(address)), loop_("readiness") {
    loop_.Post([this] { Look(); });
  }
  // From now on it is not ready.
  void Drain() {
    loop_.Run([this] {
      draining_ = true;
      Look();
    });
  }
  void Stop() { loop_.Stop(); }

 private:
  void Look() {
    const absl::Status role =
        draining_ ? MakeError(Reason::kDraining, "the process is stopping") : role_.status();
    const absl::Status status = role.ok() ? process_.lease_status() : role;
    // The catalog hears whether the role can serve; of the lease it knows itself.
    if (process_.kind().follows_policy && (!told_ || role.ok() != role_ready_)) {
      process_.TellServed(address_, role.ok());
    }
    if (!told_ || status.ok() != ready_) {
      server_.SetServing("", status.ok());
      if (status.ok()) {
        spdlog::info("ready");
      } else {
        spdlog::warn("not ready: {}", Message(status));
      }
    }
    told_ = true;
    role_ready_ = role.ok();
    ready_ = status.ok();
    if (!draining_) loop_.PostAfter(kReadinessMs, [this] { Look(); });
  }

  ServiceProcess& process_;
  const ServiceRole& role_;
  RpcServer& server_;
  const std::string address_;
  bool told_ = false;
  bool ready_ = false;
  bool role_ready_ = false;
  bool draining_ = false;
  EventLoop loop_;
};

// Waits until the others know that this replica serves no more, so that nobody asks it in vain.
void AwaitHandOver(const ServiceProcess& process) {
  if (!process.kind().follows_policy || !process.HasOthers()) return;
  AwaitCondition([&process] { return !process.IsPlaced(); }, kHandOverMs);
}

absl::Status Serve(const ServiceKind& kind, const ServiceSettings& settings, const MakeRole& make) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ServiceProcess> process, ServiceProcess::Open(kind, settings));
  ASSIGN_OR_RETURN(const std::unique_ptr<ServiceRole> role, make(*process));
  RpcServerOptions options;
  options.address = settings.listen;
  options.identity_folder = settings.identity;
  options.services = role->handlers();
  options.serving = false;
  options.metrics = &process->rpc_metrics();
  ASSIGN_OR_RETURN(const std::unique_ptr<RpcServer> server, RpcServer::Start(options));
  RETURN_IF_ERROR(role->Start());
  const std::string address = settings.advertise.empty() ? server->address() : settings.advertise;
  std::printf("%s: listening on %s, reached at %s, data in %s, memory budget %d MiB\n",
              settings.replica.c_str(), server->address().c_str(), address.c_str(), settings.data.c_str(),
              settings.memory_mib);
  std::fflush(stdout);
  Readiness readiness(*process, *role, *server, address);
  AwaitStop();
  spdlog::info("draining");
  readiness.Drain();
  AwaitHandOver(*process);
  readiness.Stop();
  role->Drain();
  process->StopLease();
  server->Shutdown(settings.drain_s * 1000LL);
  process->StopShipping();
  role->Stop();
  return absl::OkStatus();
}

}  // namespace

int RunService(const ServiceKind& kind, const char* about, int argc, char** argv, const MakeRole& make) {
  if (!PrepareProcess()) return 2;
  ServiceSettings settings;
  switch (ParseServiceFlags("hangou-" + std::string(kind.name), about, argc, argv, &settings)) {
    case ParseResult::kUnderstood:
      break;
    case ParseResult::kHelpShown:
      return 0;
    case ParseResult::kRefused:
      return 2;
  }
  const absl::Status served = Serve(kind, settings, make);
  if (served.ok()) return 0;
  const Reason reason = ReasonOf(served).value_or(Reason::kInternal);
  std::fprintf(stderr, "error: %s\nreason: %s: %s\n", std::string(Message(served)).c_str(),
               std::string(ReasonName(reason)).c_str(), std::string(ReasonAdvice(reason)).c_str());
  return 1;
}

}  // namespace hangou
