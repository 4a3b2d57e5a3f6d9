// hangou-comparison: rules that compare the records of several departments, and the clues they find.
#include "libs/base/status.h"
#include "libs/service/run.h"
#include "services/comparison/comparison_service.h"

namespace hangou {
namespace {

constexpr ServiceKind kComparison{"comparison", "comparison"};

class ComparisonRole final : public ServiceRole {
 public:
  explicit ComparisonRole(std::unique_ptr<ComparisonService> service) : service_(std::move(service)) {}

  std::vector<grpc::Service*> handlers() override { return {service_.get()}; }
  // A rule whose rows are not there yet says so itself.
  absl::Status status() const override { return absl::OkStatus(); }
  void Drain() override { service_->Drain(); }

 private:
  const std::unique_ptr<ComparisonService> service_;
};

}  // namespace
}  // namespace hangou

using hangou::ComparisonService;
using hangou::RunService;
using hangou::ServiceProcess;
using hangou::ServiceRole;

int main(int argc, char** argv) {
  return RunService(
      hangou::kComparison, "The comparison: rules across departments, and their clues.", argc, argv,
      [](ServiceProcess& process) -> absl::StatusOr<std::unique_ptr<ServiceRole>> {
        ASSIGN_OR_RETURN(
            auto service,
            ComparisonService::Open({process.log(), process.policy(), process.audit(), process.keys(),
                                     process.clock(), process.budget(), process.settings().data + "/view",
                                     process.layout().partitions()}));
        return std::make_unique<hangou::ComparisonRole>(std::move(service));
      });
}
