// The metrics of the exchange.
#pragma once

#include <cstdint>

#include "libs/metrics/metrics_page.h"
#include "services/exchange/exchange_service.h"

namespace hangou {

// Open subscriptions, and the changes that deliveries gave: `delivered` since the start.
void CollectExchange(MetricsPage& page, const ExchangeService& exchange, uint64_t delivered);

}  // namespace hangou
