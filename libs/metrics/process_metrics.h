// What Prometheus' clients tell of every process, under the names that they all use.
#pragma once

#include "libs/metrics/metrics_page.h"

namespace hangou {

// Writes process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes, process_open_fds,
// process_max_fds, process_threads and process_start_time_seconds of this process, from /proc. What cannot be read is
// left out.
void CollectProcess(MetricsPage& page);

}  // namespace hangou
