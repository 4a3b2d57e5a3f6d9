// hangou-compare: our figures beside those of peers, from the same run. tests/benchmarks/run.sh sets up what it needs.
#include <cstdio>
#include <functional>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "tests/benchmarks/compare/bare_server.h"
#include "tests/benchmarks/compare/comparisons.h"

namespace hangou {
namespace {

constexpr size_t kReplyBytes = 16 << 20;

int Main(int argc, char** argv) {
  FlagParser parser("Compares Hangou with peers. tests/benchmarks/run.sh starts what it works on.",
                    "hangou-compare");
  parser.flags().NeedsSub();
  CompareOptions options;
  std::function<absl::Status()> action;
  const auto add = [&](const char* name, const char* help, absl::Status (*compare)(const CompareOptions&),
                       bool needs_cluster) {
    const Flags command = parser.flags().Sub(name, help);
    const Flag cluster = command.Add("--cluster", &options.cluster, "folder of tools/cluster.sh");
    if (needs_cluster) cluster.Required();
    command.Add("--postgres", &options.postgres, "connection of the peer, as libpq takes it");
    command.Add("--stdnum", &options.stdnum, "script that checks a file of identifiers by python-stdnum");
    command.Add("--duckdb", &options.duckdb, "script of DuckDB's part");
    command.Add("--clickhouse", &options.clickhouse, "script of ClickHouse's part");
    command.Add("--splink", &options.splink, "script of Splink's part");
    command.Add("--sets", &options.sets, "folder with a folder per set to link");
    command.Add("--city", &options.city, "folder of the catalog of the examples, or of a city's files");
    command.Add("--runs", &options.runs, "runs of ours and of the peer").Within(1, 100);
    command.Add("--records", &options.records, "records per run, or in the library")
        .Within(2000, 300'000'000);
    command.Callback(
        [&action, &options, compare] { action = [&options, compare] { return compare(options); }; });
  };
  add("publish", "Publish beside a plain Kafka producer and PostgreSQL's COPY", ComparePublish, true);
  add("get", "Get beside a bare server", CompareGet, true);
  add("batch_get", "BatchGet beside PostgreSQL", CompareBatchGet, true);
  add("asof", "Reads as of an instant beside PostgreSQL", CompareAsOf, true);
  add("list", "List beside a bare stream", CompareList, true);
  add("validate", "Checking identifiers beside python-stdnum", CompareValidate, false);
  add("import", "Reading and checking a file beside DuckDB", CompareImport, false);
  add("compare", "A rule over two tables beside DuckDB", CompareTables, false);
  add("compare_clickhouse", "A rule over two tables beside ClickHouse", CompareClickhouse, false);
  add("compare_total", "A rule over rows as they come beside DuckDB", CompareTotal, false);
  add("compare_cold", "A rule over tables on disk beside reading them", CompareCold, false);
  add("compare_growth", "A rule over ten times as many rows", CompareGrowth, false);
  add("compare_continuous", "A rule that is followed while records come", CompareContinuous, true);
  add("compare_pack", "Rules over many cities beside DuckDB", ComparePack, false);
  add("linkage", "Linking records beside Splink", CompareLinkage, false);
  std::string identity;
  std::string reply_file;
  const Flags bare = parser.flags().Sub("bare-server", "The bare server itself; the comparisons start it");
  bare.Add("--identity", &identity, "identity of the role service").Required();
  bare.Add("--reply", &reply_file, "file with the bytes that it answers").Required();
  bare.Callback([&] {
    action = [&]() -> absl::Status {
      ASSIGN_OR_RETURN(const std::string reply, ReadFile(reply_file, kReplyBytes));
      return RunBareServer(identity, reply);
    };
  });
  const ParseResult parsed = parser.Parse(argc, argv);
  if (parsed != ParseResult::kUnderstood) return parsed == ParseResult::kHelpShown ? 0 : 2;
  const absl::Status done = action();
  if (done.ok()) return 0;
  std::fprintf(stderr, "error: %s\n", std::string(Message(done)).c_str());
  return 1;
}

}  // namespace
}  // namespace hangou

int main(int argc, char** argv) { return hangou::Main(argc, argv); }
