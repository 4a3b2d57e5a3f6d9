// hangou-catalog: a replica of the catalog.
#include <algorithm>

#include "libs/base/status.h"
#include "libs/service/run.h"
#include "services/catalog/catalog_metrics.h"
#include "services/catalog/catalog_service.h"

namespace hangou {
namespace {

constexpr ServiceKind kCatalog{"catalog", "catalog", /*holds_groups=*/false, /*follows_policy=*/false};

CatalogSettings SettingsOf(const ServiceProcess& process) {
  const ServiceSettings& given = process.settings();
  CatalogSettings settings;
  settings.replica = given.replica;
  settings.address = given.advertise.empty() ? given.listen : given.advertise;
  for (const std::string& address : given.catalog) {
    if (address != settings.address) settings.others.push_back(address);
  }
  settings.partitions = given.partitions;
  settings.groups = given.groups;
  return settings;
}

class CatalogRole final : public ServiceRole {
 public:
  explicit CatalogRole(ServiceProcess& process)
      : service_({process.log(), process.audit(), process.clock(), SettingsOf(process), &process.hops()}),
        source_(process.metrics().Add([this](MetricsPage& page) { CollectCatalog(page, service_); })) {}

  std::vector<grpc::Service*> handlers() override { return {&service_}; }
  absl::Status Start() override { return service_.Start(); }
  absl::Status status() const override { return service_.status(); }
  void Drain() override { service_.Drain(); }

 private:
  CatalogService service_;
  MetricsRegistry::Source source_;
};

}  // namespace
}  // namespace hangou

using hangou::RunService;
using hangou::ServiceProcess;
using hangou::ServiceRole;

int main(int argc, char** argv) {
  return RunService(
      hangou::kCatalog, "A replica of the catalog: resources, negative list, grants, epochs, leases.", argc,
      argv, [](ServiceProcess& process) -> absl::StatusOr<std::unique_ptr<ServiceRole>> {
        const hangou::CatalogSettings settings = hangou::SettingsOf(process);
        if (settings.others.size() == process.settings().catalog.size()) {
          return hangou::MakeError(
              hangou::Reason::kInvalidRequest,
              "the setting \"catalog\" does not name this replica's own address " + settings.address);
        }
        return std::make_unique<hangou::CatalogRole>(process);
      });
}
