#include "tools/hangou/publish_report.h"

#include <nlohmann/json.hpp>

#include "libs/base/status.h"

namespace hangou {

std::string PublishReportJson(const PublishResult& result, double seconds) {
  const PublishCounts& counts = result.counts;
  nlohmann::ordered_json json = {{"rows", counts.rows},           {"accepted", counts.accepted},
                                 {"duplicate", counts.duplicate}, {"stale", counts.stale},
                                 {"conflict", counts.conflict},   {"refused", counts.refused},
                                 {"by_reason", counts.by_reason}, {"seconds", seconds}};
  if (result.resumed_rows > 0) json["resumed_rows"] = result.resumed_rows;
  if (!result.rejected.empty()) json["rejected_file"] = result.rejected;
  if (!result.status.ok()) json["error"] = std::string(Message(result.status));
  // Names of files are bytes, not all of them UTF-8.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace hangou
