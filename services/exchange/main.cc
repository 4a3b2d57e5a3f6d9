// hangou-exchange: subscriptions and deliveries.
#include "libs/base/status.h"
#include "libs/service/run.h"
#include "services/exchange/exchange_metrics.h"
#include "services/exchange/exchange_service.h"

namespace hangou {
namespace {

// Tables of the `local` store: as in the standalone process, whose folder can be taken over.
enum ExchangeTable : int { kCursors = 1, kExchangeTables = 2 };

constexpr ServiceKind kExchange{"exchange", "exchange", /*holds_groups=*/false, /*follows_policy=*/true,
                                kExchangeTables};

class ExchangeRole final : public ServiceRole {
 public:
  explicit ExchangeRole(ServiceProcess& process)
      : service_({process.log(), process.local(), kCursors, process.policy(), process.audit(), process.keys(),
                  process.peer(), process.clock(), process.layout().partitions()}),
        source_(process.metrics().Add([this, &process](MetricsPage& page) {
          CollectExchange(page, service_, process.audit().delivered());
        })) {}

  std::vector<grpc::Service*> handlers() override { return {&service_}; }
  absl::Status status() const override { return absl::OkStatus(); }
  void Drain() override { service_.Drain(); }

 private:
  ExchangeService service_;
  MetricsRegistry::Source source_;
};

}  // namespace
}  // namespace hangou

using hangou::RunService;
using hangou::ServiceProcess;
using hangou::ServiceRole;

int main(int argc, char** argv) {
  return RunService(hangou::kExchange, "The exchange: subscriptions and deliveries.", argc, argv,
                    [](ServiceProcess& process) -> absl::StatusOr<std::unique_ptr<ServiceRole>> {
                      return std::make_unique<hangou::ExchangeRole>(process);
                    });
}
