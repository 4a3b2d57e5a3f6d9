// Rows of a PostgreSQL query, one page above a watermark.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/importer/row_source.h"
#include "tools/hangou/agent_config.h"

namespace hangou {

// One page of a query. Values are texts as the platform writes them; what is NULL is empty. Not thread-safe.
class PostgresRows : public RowSource {
 public:
  // Begins a page: the first `page_rows` rows above the watermark in its order, and those that have the same watermark
  // as the last of them. No watermark: from the beginning; rows whose watermark is NULL are never read. UNAVAILABLE
  // where the database cannot be reached, refuses the query, or answers it for ten minutes. `stop` is asked every
  // second while the database is waited for: DRAINING where it says so.
  static absl::StatusOr<std::unique_ptr<PostgresRows>> Open(const PolledQuery& query,
                                                            const std::optional<std::string>& watermark,
                                                            const std::function<bool()>& stop);
  // The watermark of the last row that was read; none where there was no row.
  virtual const std::optional<std::string>& watermark() const = 0;
};

}  // namespace hangou
