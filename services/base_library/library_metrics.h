// The metrics of a base library.
#pragma once

#include "libs/base_library/library.h"
#include "libs/metrics/metrics_page.h"

namespace hangou {

// Lag and progress of each partition group, and the outcomes of published records.
void CollectLibrary(MetricsPage& page, const Library& library);

}  // namespace hangou
