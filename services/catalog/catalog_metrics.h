// The metrics of a replica of the catalog.
#pragma once

#include "libs/metrics/metrics_page.h"
#include "services/catalog/catalog_service.h"

namespace hangou {

// Writer, epochs, leases, and how long changes took to become EFFECTIVE.
void CollectCatalog(MetricsPage& page, const CatalogService& catalog);

}  // namespace hangou
