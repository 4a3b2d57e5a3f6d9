#include "services/exchange/exchange_metrics.h"

namespace hangou {

void CollectExchange(MetricsPage& page, const ExchangeService& exchange, uint64_t delivered) {
  page.Gauge("hangou_exchange_subscriptions", "Subscriptions that are open.", {},
             static_cast<double>(exchange.open_subscriptions()));
  page.Counter("hangou_exchange_delivered_changes_total",
               "Changes in deliveries that were decided; one that had to be decided anew counts again.", {},
               static_cast<double>(delivered));
}

}  // namespace hangou
