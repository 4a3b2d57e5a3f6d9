#include "services/base_library/library_process.h"

#include <spdlog/spdlog.h>

#include <string>

#include "libs/base/status.h"
#include "libs/base_library/library.h"
#include "libs/service/run.h"
#include "services/base_library/base_library_service.h"
#include "services/base_library/library_metrics.h"

namespace hangou {
namespace {

// Tables of the `local` store: as in the standalone process, whose folder can be taken over.
constexpr LocalTables kTables = {.verify = 0, .quality = 4, .quarantine = 5};
constexpr int kTableCount = 6;

class LibraryRole final : public ServiceRole {
 public:
  LibraryRole(const LibraryDeclaration& declaration, ServiceProcess& process)
      : process_(process),
        library_({std::string(declaration.name), process.settings().data + "/view",
                  process.settings().data + "/erasures/" + std::string(declaration.name),
                  process.settings().replica, process.layout().partitions(), process.layout().groups()},
                 {process.log(), process.local(), kTables, process.policy(), process.audit(), process.keys(),
                  process.clock(), process.budget(), process.peer()}),
        service_({&library_}, process.policy(), &process.hops()),
        source_(process.metrics().Add([this](MetricsPage& page) { CollectLibrary(page, library_); })) {}

  std::vector<grpc::Service*> handlers() override { return {&service_}; }
  absl::Status Start() override {
    RETURN_IF_ERROR(library_.Start());
    const absl::Status started = library_.AwaitCopies(process_.settings().start_timeout_s * 1000LL);
    // Damage of a partition is told and the other groups serve; what is not there yet will come.
    if (!started.ok()) spdlog::error("not all groups have caught up: {}", Message(started));
    return absl::OkStatus();
  }
  absl::Status status() const override { return library_.status(); }
  void Drain() override { service_.Drain(); }
  void Stop() override { library_.Stop(); }

 private:
  ServiceProcess& process_;
  Library library_;
  BaseLibraryService service_;
  MetricsRegistry::Source source_;
};

}  // namespace

int RunLibraryProcess(const LibraryDeclaration& declaration, int argc, char** argv) {
  const ServiceKind kind{declaration.name, "base_library", /*holds_groups=*/true, /*follows_policy=*/true,
                         kTableCount};
  const std::string about = "A replica of the base library " + std::string(declaration.name) + " (" +
                            std::string(declaration.title) + ").";
  return RunService(kind, about.c_str(), argc, argv, [&](ServiceProcess& process) {
    return absl::StatusOr<std::unique_ptr<ServiceRole>>(std::make_unique<LibraryRole>(declaration, process));
  });
}

}  // namespace hangou
