// hangou-audit: verifies, indexes and anchors the audit chains of all processes.
#include "libs/service/run.h"
#include "services/audit/audit_service.h"

namespace hangou {
namespace {

constexpr ServiceKind kAudit{"audit", "audit"};

class AuditRole final : public ServiceRole {
 public:
  explicit AuditRole(ServiceProcess& process)
      : service_({process.log(), process.audit(), process.shipper(), process.keys(), process.clock()},
                 {process.settings().data + "/view", process.budget()}) {}

  std::vector<grpc::Service*> handlers() override { return {&service_}; }
  absl::Status Start() override {
    service_.Start();
    return absl::OkStatus();
  }
  absl::Status status() const override { return service_.status(); }
  void Drain() override {}
  void Stop() override { service_.Stop(); }

 private:
  AuditService service_;
};

}  // namespace
}  // namespace hangou

using hangou::RunService;
using hangou::ServiceProcess;
using hangou::ServiceRole;

int main(int argc, char** argv) {
  return RunService(hangou::kAudit, "The audit: verifies, indexes and anchors the chains of all processes.",
                    argc, argv, [](ServiceProcess& process) -> absl::StatusOr<std::unique_ptr<ServiceRole>> {
                      return std::make_unique<hangou::AuditRole>(process);
                    });
}
