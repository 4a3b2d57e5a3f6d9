// The peer of publishing and of reading many at once: PostgreSQL with a table of the same rows.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hangou {

// One connection. Not thread-safe.
class PostgresPeer {
 public:
  // `conninfo` as libpq takes it. UNAVAILABLE where there is no server.
  static absl::StatusOr<std::unique_ptr<PostgresPeer>> Connect(const std::string& conninfo);

  // Makes the table of residents anew: the key, the NOT NULLs and the lengths of psb.resident.
  absl::Status MakeTable();
  // Copies so many residents (residents.h), from `first` on, in binary form, in one transaction. Seconds; the rows are
  // encoded before.
  absl::StatusOr<double> CopyResidents(int64_t first, int64_t count);
  // Makes a temporal table of what CopyResidents put into the other: each of `versions` of every resident holds for an
  // instant of `step_us` before the next, the last for ever; they begin at `begin_us` since 1970-01-01.
  absl::Status MakeTemporalTable(int versions, int64_t begin_us, int64_t step_us);
  // Prepares the read of residents by their ids as of an instant.
  absl::Status PrepareSelectAsOf();
  // Reads these residents as they were at an instant. How many were found.
  absl::StatusOr<int> SelectAsOf(const std::vector<std::string>& ids, int64_t as_of_us);
  // Makes the planner see what is there.
  absl::Status Analyze() { return Execute("ANALYZE resident"); }
  // Prepares the read of residents by their ids: the fields that the tax bureau may read.
  absl::Status PrepareSelect();
  // Reads these residents by one prepared `= ANY`. How many were found.
  absl::StatusOr<int> Select(const std::vector<std::string>& ids);

 private:
  struct Closer {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  explicit PostgresPeer(PGconn* connection) : connection_(connection) {}
  absl::Status Execute(const char* statement);
  absl::Status Prepare(const char* name, const char* statement);

  const std::unique_ptr<PGconn, Closer> connection_;
};

}  // namespace hangou
