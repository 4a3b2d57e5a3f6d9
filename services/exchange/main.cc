// hangou-exchange: subscriptions and deliveries.
#include "libs/base/status.h"
#include "libs/log/kafka_delivery.h"
#include "libs/service/run.h"
#include "services/exchange/exchange_metrics.h"
#include "services/exchange/exchange_service.h"

namespace hangou {
namespace {

// Tables of the `local` store: as in the standalone process, whose folder can be taken over.
enum ExchangeTable : int {
  kCursors = 1,
  kSubscriptions = 2,
  kTopicCursors = 3,
  kRecalls = 6,
  kExchangeTables = 7
};

constexpr ServiceKind kExchange{"exchange", "exchange", /*holds_groups=*/false, /*follows_policy=*/true,
                                kExchangeTables};

class ExchangeRole final : public ServiceRole {
 public:
  ExchangeRole(ServiceProcess& process, std::unique_ptr<DeliveryTopics> topics)
      : topics_(std::move(topics)),
        service_({process.log(), process.local(), kCursors, kRecalls, process.policy(), process.audit(),
                  process.keys(), process.peer(), process.clock(), process.layout().partitions()},
                 ExchangeTopics{*topics_, kSubscriptions, kTopicCursors}),
        source_(process.metrics().Add([this, &process](MetricsPage& page) {
          CollectExchange(page, service_, process.audit().delivered());
        })) {}

  std::vector<grpc::Service*> handlers() override { return {&service_}; }
  absl::Status status() const override { return absl::OkStatus(); }
  void Drain() override { service_.Drain(); }

 private:
  const std::unique_ptr<DeliveryTopics> topics_;
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
                      ASSIGN_OR_RETURN(auto topics,
                                       hangou::KafkaDeliveryTopics::Open(process.settings().kafka));
                      return std::make_unique<hangou::ExchangeRole>(process, std::move(topics));
                    });
}
