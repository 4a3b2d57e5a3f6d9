// hangou-bench: figures, some of which tools/demo.sh prints.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <string>

#include "libs/base/status.h"
#include "tests/benchmarks/audit.h"
#include "tests/benchmarks/decisions.h"
#include "tests/benchmarks/effective.h"
#include "tests/benchmarks/metrics.h"
#include "tests/benchmarks/reads.h"
#include "tests/benchmarks/shipping.h"

namespace hangou {
namespace {

// One identifier a line.
std::vector<std::string> ReadLines(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

int Report(const absl::StatusOr<std::string>& line) {
  if (line.ok()) {
    std::printf("%s\n", line->c_str());
    return 0;
  }
  std::fprintf(stderr, "error: %s\n", std::string(Message(line.status())).c_str());
  return 1;
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Measures Hangou: decisions of a catalog, the audit chain, and governed reads of a running "
      "installation.");
  app.require_subcommand(1);
  std::string catalog;
  std::string owners_file;
  std::string kind = "person";
  double seconds = 2;
  ReadLoad load;
  CLI::App* decisions = app.add_subcommand("decisions", "times decisions of the policy engine");
  decisions->add_option("--catalog", catalog, "folder of declarations")->required();
  decisions->add_option("--seconds", seconds, "how long to measure, in seconds");
  int outstanding_entries = 64;
  CLI::App* audit =
      app.add_subcommand("audit", "times durable entries of an audit chain, in a folder of TMPDIR");
  audit->add_option("--outstanding", outstanding_entries, "entries under way")->check(CLI::Range(1, 1024));
  audit->add_option("--seconds", seconds, "how long to measure, in seconds");
  int rate = 5000;
  bool indexed = false;
  CLI::App* shipping =
      app.add_subcommand("shipping", "times shipping an audit chain to a log, in a folder of TMPDIR");
  shipping->add_option("--rate", rate, "entries per second; 0: as many as the chain takes")
      ->check(CLI::Range(0, 1'000'000));
  shipping->add_option("--seconds", seconds, "how long to measure, in seconds");
  shipping->add_flag("--indexed", indexed, "index them as the audit service does, too");
  int threads = 2;
  CLI::App* metrics = app.add_subcommand("metrics", "times counters and histograms");
  metrics->add_option("--threads", threads, "threads that count")->check(CLI::Range(1, 64));
  metrics->add_option("--seconds", seconds, "how long to measure, in seconds");
  CLI::App* reads = app.add_subcommand("reads", "times Get calls");
  reads->add_option("--address", load.client.address, "host:port of the catalog")->required();
  reads->add_option("--identity", load.client.identity_folder, "folder of the identity")->required();
  reads->add_option("--resource", load.resource, "resource to read")->required();
  reads->add_option("--purpose", load.purpose, "purpose of the reads")->required();
  reads->add_option("--case", load.case_number, "case number of the reads");
  reads->add_option("--kind", kind, "kind of the owners")
      ->check(CLI::IsMember({"person", "organisation", "place"}));
  reads->add_option("--owners", owners_file, "file of owner identifiers, one a line")->required();
  reads->add_option("--outstanding", load.outstanding, "calls under way")->check(CLI::Range(1, 256));
  reads->add_option("--seconds", seconds, "how long to measure, in seconds");
  std::string field;
  int changes = 100;
  CLI::App* effective = app.add_subcommand(
      "effective", "times policy changes at a running installation until they are EFFECTIVE");
  effective->add_option("--address", load.client.address, "host:port of the catalog")->required();
  effective->add_option("--identity", load.client.identity_folder, "folder of a manager's identity")
      ->required();
  effective->add_option("--resource", load.resource, "resource of the entries")->required();
  effective->add_option("--field", field, "field that goes on the negative list")->required();
  effective->add_option("--changes", changes, "how many")->check(CLI::Range(1, 10'000));
  CLI11_PARSE(app, argc, argv);
  if (decisions->parsed()) return Report(MeasureDecisions(catalog, seconds));
  if (audit->parsed()) return Report(MeasureAudit(outstanding_entries, seconds));
  if (shipping->parsed()) return Report(MeasureShipping(rate, seconds, indexed));
  if (metrics->parsed()) return Report(MeasureMetrics(threads, seconds));
  if (effective->parsed()) return Report(MeasureEffective(load.client, load.resource, field, changes));
  load.resource = FullResourceName(load.resource);
  load.seconds = seconds;
  load.owners = ReadLines(owners_file);
  if (kind == "organisation") load.kind = hangou::record::v1::ENTITY_KIND_ORGANISATION;
  if (kind == "place") load.kind = hangou::record::v1::ENTITY_KIND_PLACE;
  return Report(MeasureReads(load));
}

}  // namespace
}  // namespace hangou

int main(int argc, char** argv) { return hangou::Main(argc, argv); }
