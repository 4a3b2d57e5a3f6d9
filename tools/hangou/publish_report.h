// What came of a file, for programs.
#pragma once

#include <string>

#include "tools/hangou/publish_job.h"

namespace hangou {

// One line of JSON without its end: rows, accepted, duplicate, stale, conflict, refused, by_reason, seconds, and where
// they are: resumed_rows, rejected_file, error.
std::string PublishReportJson(const PublishResult& result, double seconds);

}  // namespace hangou
