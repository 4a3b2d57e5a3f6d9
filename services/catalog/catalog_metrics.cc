#include "services/catalog/catalog_metrics.h"

namespace hangou {

void CollectCatalog(MetricsPage& page, const CatalogService& catalog) {
  const CatalogFigures figures = catalog.figures();
  page.Gauge("hangou_catalog_is_writer", "1 where this replica writes the policy, else 0.", {},
             figures.is_writer ? 1 : 0);
  page.Gauge("hangou_catalog_writer_epoch", "Epoch of the writer, as this replica has read it.", {},
             static_cast<double>(figures.writer_epoch));
  page.Gauge("hangou_catalog_epoch", "Newest policy epoch that this replica has read.", {},
             static_cast<double>(figures.epoch));
  page.Gauge("hangou_catalog_lease_holders", "Processes with a policy lease, as this replica knows them.", {},
             static_cast<double>(figures.lease_holders));
  page.Histogram("hangou_catalog_effective_seconds",
                 "From the beginning of a change until it was EFFECTIVE, of changes that this replica wrote.",
                 {}, figures.effective);
}

}  // namespace hangou
