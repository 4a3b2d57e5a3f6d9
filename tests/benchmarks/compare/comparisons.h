// The comparisons with peers, one function each. Every one prints its runs, figures beside, and RESULT lines.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace hangou {

// What a comparison works on.
struct CompareOptions {
  std::string cluster;        // folder of tools/cluster.sh, with the city of examples/city
  std::string postgres;       // where a peer needs it: a connection as libpq takes it
  std::string stdnum;         // script of the peer of `validate`
  std::string duckdb;         // script of the peer of `import` or `compare`
  std::string splink;         // script of the peer of `linkage`
  std::string sets;           // folder of the sets of `linkage`
  std::string city;           // folder of examples/city/base, for `import`
  int32_t runs = 5;           // of ours and of the peer, in turn
  int32_t records = 200'000;  // per run of publishing; else in the library, before the first run
};

// publish.kafka and publish.postgres: records published, checked, audited and acknowledged, beside librdkafka's
// producer of the messages that this wrote, and beside COPY of the same rows into a table.
absl::Status ComparePublish(const CompareOptions& options);
// get.echo: Get, with decision and audit entry, beside a server that only answers the same bytes.
absl::Status CompareGet(const CompareOptions& options);
// batch_get.postgres: BatchGet of 100 keys beside one prepared `= ANY`.
absl::Status CompareBatchGet(const CompareOptions& options);
// asof.postgres: BatchGet of 100 keys as of one of four instants, beside the same on a temporal table.
absl::Status CompareAsOf(const CompareOptions& options);
// validate.stdnum: citizen ids and credit codes checked, beside python-stdnum, which says how many it took for valid.
absl::Status CompareValidate(const CompareOptions& options);
// import.duckdb: a CSV file read, mapped and checked against the schema, beside DuckDB with the same checks in SQL,
// which says how many rows it took for valid; one thread each.
absl::Status CompareImport(const CompareOptions& options);
// compare.duckdb_*: sums of two tables by entity and rows of one without a counterpart, beside DuckDB with whole
// numbers stored in their order, and with texts in the order of arrival; two threads each.
absl::Status CompareTables(const CompareOptions& options);
// linkage.splink_*: pairs of the blocks per second, and precision, recall and F1, beside Splink on the same values, at
// the threshold that is best for it; two threads each.
absl::Status CompareLinkage(const CompareOptions& options);
// list.stream: a List of everything beside a stream of the same bytes.
absl::Status CompareList(const CompareOptions& options);

}  // namespace hangou
