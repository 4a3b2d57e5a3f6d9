// hangou sample: synthetic rows of a resource.
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "libs/importer/row_source.h"
#include "tools/hangou/command.h"
#include "tools/hangou/publish_preview.h"
#include "tools/hangou/sample_rows.h"

namespace hangou {
namespace {

struct SampleFlags {
  std::string resource;
  uint64_t rows = 10;
  uint64_t seed = 1;
};

absl::StatusOr<int> Sample(const SampleFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto schema, SchemaWithCodes(*client, FullResourceName(flags.resource)));
  SampleRows sample(schema, flags.seed, SystemClock().UtcUs());
  std::string head;
  for (const FieldSchema& field : schema->fields()) head += (head.empty() ? "" : ",") + field.name;
  if (!globals.json()) Print(head + "\n");
  for (uint64_t i = 0; i < flags.rows; ++i) {
    ASSIGN_OR_RETURN(const auto row, sample.Next());
    std::string line;
    nlohmann::ordered_json json;
    for (size_t place = 0; place < row.size(); ++place) {
      line += (place == 0 ? "" : ",") + CsvCell(row[place]);
      if (!row[place].empty()) json[schema->fields()[place].name] = row[place];
    }
    Print((globals.json() ? json.dump() : line) + "\n");
  }
  return kExitDone;
}

}  // namespace

void AddSampleCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<SampleFlags>();
  const Flags command = app.Sub("sample", "Make synthetic rows that a resource would take");
  command.Add("RESOURCE", &flags->resource, "resource, such as psb.resident").Required();
  command.Add("--rows", &flags->rows, "how many; 10");
  command.Add("--seed", &flags->seed, "another seed, other rows; 1");
  command.Footer(
      "Rows of nobody, with valid identifiers, for a test space: an installation of your own (`hangou "
      "standalone`) with\n"
      "the same catalog, where mappings, clients and rules are tried without a person's data.\n\n"
      "Examples:\n"
      "  hangou sample psb.resident --rows 1000 > rows.csv\n"
      "  hangou sample psb.resident -o json");
  command.Callback([flags, line] { line->action = [flags, line] { return Sample(*flags, line->globals); }; });
}

}  // namespace hangou
