// hangou-exchange: subscriptions and deliveries.
#include "libs/base/status.h"
#include "libs/log/kafka_delivery.h"
#include "libs/service/run.h"
#include "services/exchange/exchange_service.h"

namespace hangou {
namespace {

// Tables of the `local` store.
enum ExchangeTable : int { kCursors = 0, kSubscriptions = 1, kTopicCursors = 2, kExchangeTables = 3 };

constexpr ServiceKind kExchange{"exchange", "exchange", /*holds_groups=*/false, /*follows_policy=*/true,
                                kExchangeTables};

class ExchangeRole final : public ServiceRole {
 public:
  ExchangeRole(ServiceProcess& process, std::unique_ptr<DeliveryTopics> topics)
      : topics_(std::move(topics)),
        service_({process.log(), process.local(), kCursors, process.policy(), process.audit(), process.keys(),
                  process.peer(), process.clock(), process.layout().partitions()},
                 ExchangeTopics{*topics_, kSubscriptions, kTopicCursors}) {}

  std::vector<grpc::Service*> handlers() override { return {&service_}; }
  absl::Status status() const override { return absl::OkStatus(); }
  void Drain() override { service_.Drain(); }

 private:
  const std::unique_ptr<DeliveryTopics> topics_;
  ExchangeService service_;
};

}  // namespace
}  // namespace hangou

int main(int argc, char** argv) {
  using namespace hangou;
  return RunService(kExchange, "The exchange: subscriptions and deliveries.", argc, argv,
                    [](ServiceProcess& process) -> absl::StatusOr<std::unique_ptr<ServiceRole>> {
                      ASSIGN_OR_RETURN(auto topics, KafkaDeliveryTopics::Open(process.settings().kafka));
                      return std::make_unique<ExchangeRole>(process, std::move(topics));
                    });
}
