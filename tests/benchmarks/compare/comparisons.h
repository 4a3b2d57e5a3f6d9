// The comparisons with peers, one function each. Every one prints its runs, figures beside, and RESULT lines.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace hangou {

// What a comparison works on.
struct CompareOptions {
  std::string cluster;   // folder of tools/cluster.sh, with the city of examples/city
  std::string postgres;  // where a peer needs it: a connection as libpq takes it
  std::string stdnum;    // script of the peer of `validate`
  std::string duckdb;    // script of DuckDB's part of `import`, `compare`, `compare_total` or `compare_pack`
  std::string clickhouse;  // script of the peer of `compare_clickhouse`
  std::string splink;      // script of the peer of `linkage`
  std::string sets;        // folder of the sets of `linkage`
  std::string city;  // folder of examples/city/base, for `import`; of citygen's files, for `compare_pack`
  int32_t runs = 5;  // of ours and of the peer, in turn
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
// compare.clickhouse_*: the same beside ClickHouse with text keys in their order.
absl::Status CompareClickhouse(const CompareOptions& options);
// compare.duckdb_total: rows in memory to projections and a first run, beside DuckDB's load of them and a first run.
absl::Status CompareTotal(const CompareOptions& options);
// compare.cold: bytes per second of a run over segments that no memory has, beside those of reading them only.
absl::Status CompareCold(const CompareOptions& options);
// compare.growth: rows per second of a run over all records, beside those over a tenth of them.
absl::Status CompareGrowth(const CompareOptions& options);
// compare.continuous: from the acknowledgement of a record to its clue at a client, 99 of 100, at 2,000 records/s,
// beside a second.
absl::Status CompareContinuous(const CompareOptions& options);
// compare.pack: twelve rules of examples/comparison over so many records, beside DuckDB.
absl::Status ComparePack(const CompareOptions& options);
// linkage.splink_*: pairs of the blocks per second, and precision, recall and F1, beside Splink on the same values, at
// the threshold that is best for it; two threads each.
absl::Status CompareLinkage(const CompareOptions& options);
// list.stream: a List of everything beside a stream of the same bytes.
absl::Status CompareList(const CompareOptions& options);

}  // namespace hangou
