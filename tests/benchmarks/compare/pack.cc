// compare.pack: rules of examples/comparison over a city that is there many times, beside DuckDB on the same rows. The
// peer's script writes what projections have of one city; keys of the others are the same behind the city's number.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "libs/comparison/projector.h"
#include "libs/comparison/rule_files.h"
#include "libs/comparison/run.h"
#include "libs/policy/catalog_state.h"
#include "libs/policy/yaml.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/comparisons.h"
#include "tests/benchmarks/compare/table_peer.h"
#include "tests/benchmarks/compare/table_runs.h"

namespace hangou {
namespace {

// Those of the pack that have every kind of key.
constexpr char kPackRules[] = "t01,t03,t06,t10,t11,t14,t16,t19,t20,t24,t29,t31";
constexpr char kPackDay[] = "2025-06-30";
constexpr int64_t kPackYear = 2024;
constexpr int64_t kPackMonth = 2025 * 12 + 4;
constexpr char kNoValue[] = "\\N";

using Schemas = std::map<std::string, std::shared_ptr<const ResourceSchema>>;
using Rules = std::map<std::string, std::shared_ptr<const CompiledRule>>;

absl::StatusOr<Schemas> LoadSchemas() {
  PolicyObjects objects;
  for (const char* folder : {"examples/city/base", "examples/city/full"}) {
    ASSIGN_OR_RETURN(const auto loaded, LoadObjects(folder));
    for (const auto& object : loaded) objects.Put(object);
  }
  Schemas schemas;
  uint32_t number = 0;
  for (auto& [name, resource] : objects.resources) {
    RETURN_IF_ERROR(AssignNumbers(nullptr, &resource));
    resource.set_number(++number);
    ASSIGN_OR_RETURN(schemas[name.substr(std::string_view("resources/").size())],
                     ResourceSchema::Compile(resource, [](const std::string&) {
                       return std::make_shared<const std::unordered_set<std::string>>();
                     }));
  }
  return schemas;
}

absl::StatusOr<Rules> LoadRules(const Schemas& schemas) {
  ASSIGN_OR_RETURN(const auto objects, LoadComparisonObjects("examples/comparison"));
  auto parameters = std::make_shared<ParameterSet>();
  for (const auto& object : objects) {
    if (!object.has_parameter()) continue;
    ASSIGN_OR_RETURN(CompiledParameter compiled, CompiledParameter::Compile(object.parameter()));
    parameters->push_back(std::move(compiled));
  }
  Rules rules;
  for (const auto& object : objects) {
    const std::string& name = object.rule().name();
    const std::string number = name.substr(0, name.find('_')).substr(std::min<size_t>(name.size(), 6));
    if (!object.has_rule() || std::string_view(kPackRules).find(number) == std::string_view::npos) continue;
    ASSIGN_OR_RETURN(rules[name], CompiledRule::Compile(
                                      object.rule(),
                                      [&](const std::string& resource) {
                                        const auto found = schemas.find(resource);
                                        return found == schemas.end() ? nullptr : found->second;
                                      },
                                      parameters));
  }
  return rules;
}

// A row of one city, with its key less the city.
struct PackRow {
  std::string key;
  std::vector<std::string> cells;
};

absl::StatusOr<std::vector<PackRow>> ReadPackRows(const std::string& path, const std::vector<KeyKind>& kinds,
                                                  size_t fields) {
  std::ifstream file(path);
  std::vector<PackRow> rows;
  std::string line;
  while (std::getline(file, line)) {
    std::vector<std::string> cells = {""};
    for (const char c : line) {
      if (c == '\t') {
        cells.emplace_back();
      } else {
        cells.back().push_back(c);
      }
    }
    if (cells.size() != kinds.size() + fields) return absl::DataLossError(path + " has a torn line");
    PackRow row;
    for (size_t i = 0; i < kinds.size(); ++i) {
      int64_t number = 0;
      const std::string& cell = cells[i];
      const bool text = TypeOfKey(kinds[i]).kind == ValueKind::kText;
      if (!text) std::from_chars(cell.data(), cell.data() + cell.size(), number);
      // Identifiers are in their canonical form already.
      const auto kind = text ? hangou::comparison::v1::KEY_KIND_TEXT : kinds[i];
      if (!AppendKeyPart(kind, text ? TextValue(cell) : NumberValue(number), &row.key))
        return absl::DataLossError(path + " has a row without key");
    }
    row.cells.assign(cells.begin() + static_cast<std::ptrdiff_t>(kinds.size()), cells.end());
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const PackRow& a, const PackRow& b) { return a.key < b.key; });
  return rows;
}

std::vector<Cell> CellsOf(const PackRow& row, const std::vector<ColumnSpec>& columns) {
  std::vector<Cell> cells(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string& text = row.cells[i];
    if (text == kNoValue) continue;
    cells[i].present = true;
    if (columns[i].is_text) {
      cells[i].text = text;
    } else {
      std::from_chars(text.data(), text.data() + text.size(), cells[i].number);
    }
  }
  return cells;
}

// The projection of a side's resource as one segment; a city lies in one partition.
absl::StatusOr<std::shared_ptr<const Segment>> WriteCities(const std::string& folder,
                                                           const std::vector<PackRow>& rows,
                                                           const std::vector<ColumnSpec>& columns,
                                                           int64_t cities) {
  ASSIGN_OR_RETURN(const auto builder, SegmentBuilder::Create(folder, columns, kPartitionsOfTables));
  std::vector<std::vector<Cell>> cells;
  cells.reserve(rows.size());
  for (const PackRow& row : rows) cells.push_back(CellsOf(row, columns));
  for (int partition = 0; partition < kPartitionsOfTables; ++partition) {
    for (int64_t city = partition; city < cities; city += kPartitionsOfTables) {
      char prefix[16];
      std::snprintf(prefix, sizeof prefix, "%06lld", static_cast<long long>(city));
      for (size_t i = 0; i < rows.size(); ++i) {
        const uint64_t id = static_cast<uint64_t>(city) * rows.size() + i;
        RETURN_IF_ERROR(builder->Add(partition, {prefix + rows[i].key, id, false, cells[i], false}));
      }
    }
  }
  RETURN_IF_ERROR(builder->Finish());
  return Segment::Open(folder, columns, kPartitionsOfTables);
}

// A side's resource of a rule, ready to be read.
struct PackInput {
  size_t side = 0;
  std::shared_ptr<const Segment> segment;
  std::vector<int> columns;  // as SideInput has them
  std::vector<int> all;
};

// A rule with its inputs.
struct PackRule {
  std::shared_ptr<const CompiledRule> rule;
  std::vector<PackInput> inputs;
};

absl::StatusOr<TableAnswer> RunPackRule(const PackRule& pack) {
  ForgetPeakMemory();
  RunTerms terms;
  terms.as_of_day = *ParseDay(kPackDay);
  terms.period =
      pack.rule->declared().period() == hangou::comparison::v1::KEY_KIND_MONTH ? kPackMonth : kPackYear;
  const Stopwatch watch;
  std::vector<TableAnswer> answers(kPartitionsOfTables);
  std::vector<absl::Status> failed(kPartitionsOfTables);
  std::atomic<int> next = 0;
  RunControl control;
  const auto work = [&] {
    for (int partition = next++; partition < kPartitionsOfTables; partition = next++) {
      const auto at = static_cast<size_t>(partition);
      std::vector<SideInput> inputs;
      for (const PackInput& of : pack.inputs) {
        std::vector<std::unique_ptr<BlockSource>> sources;
        sources.push_back(MakeSegmentSource(of.segment, partition, of.all));
        inputs.push_back({of.side, std::make_unique<MergedRows>(std::move(sources)), of.columns});
      }
      failed[at] = RunRule(*pack.rule, std::move(inputs), terms, &control, [&](const Finding& finding) {
                     ++answers[at].keys;
                     answers[at].amount += finding.amount_fen.value_or(0);
                     return absl::OkStatus();
                   }).status();
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < kRunThreads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  TableAnswer answer;
  for (size_t i = 0; i < answers.size(); ++i) {
    RETURN_IF_ERROR(failed[i]);
    answer.keys += answers[i].keys;
    answer.amount += answers[i].amount;
  }
  answer.seconds = watch.Seconds();
  answer.peak_mib = PeakMemoryMib();
  return answer;
}

// Reads the list of projections, and writes each as a segment, once for all rules that share it.
class PackLoader {
 public:
  PackLoader(std::string folder, const Rules& rules) : folder_(std::move(folder)) {
    for (const auto& [name, rule] : rules) packs_[name].rule = rule;
  }

  absl::StatusOr<std::map<std::string, PackRule>> Load() {
    std::ifstream list(folder_ + "/projections.txt");
    list >> cities_;
    std::string rule, side, resource, file;
    while (list >> rule >> side >> resource >> file) RETURN_IF_ERROR(LoadOne(rule, side, resource, file));
    return std::move(packs_);
  }

 private:
  absl::Status LoadOne(const std::string& name, const std::string& side_name, const std::string& resource,
                       const std::string& file) {
    PackRule& pack = packs_[name];
    if (pack.rule == nullptr) return absl::InternalError("there is no rule " + name);
    PackInput input;
    while (pack.rule->sides()[input.side].name != side_name) ++input.side;
    const CompiledSide& side = pack.rule->sides()[input.side];
    const auto& declared = pack.rule->declared().sides(static_cast<int>(input.side));
    size_t at = 0;
    while (declared.resources(static_cast<int>(at)) != resource) ++at;
    const ProjectionShape shape = ShapeOf(*pack.rule, input.side, at);
    std::vector<ColumnSpec> columns;
    for (size_t i = 0; i < shape.fields.size(); ++i) {
      const auto column = std::find_if(side.columns.begin(), side.columns.end(),
                                       [&](const SideColumn& c) { return c.field == shape.fields[i]; });
      columns.push_back({shape.fields[i], column->type.kind == ValueKind::kText});
      input.all.push_back(static_cast<int>(i));
    }
    for (const SideColumn& column : side.columns) {
      const auto found = std::find(shape.fields.begin(), shape.fields.end(), column.field);
      input.columns.push_back(static_cast<int>(found - shape.fields.begin()));
    }
    std::shared_ptr<const Segment>& segment = segments_[file];
    if (segment == nullptr) {
      ASSIGN_OR_RETURN(const auto rows, ReadPackRows(file, shape.key_kinds, columns.size()));
      ASSIGN_OR_RETURN(segment,
                       WriteCities(folder_ + "/" + std::to_string(segments_.size()), rows, columns, cities_));
    }
    input.segment = segment;
    pack.inputs.push_back(std::move(input));
    return absl::OkStatus();
  }

  const std::string folder_;
  int64_t cities_ = 0;
  std::map<std::string, PackRule> packs_;
  std::map<std::string, std::shared_ptr<const Segment>> segments_;  // by file
};

}  // namespace

absl::Status ComparePack(const CompareOptions& options) {
  const TempFolder folder;
  ASSIGN_OR_RETURN(const Schemas schemas, LoadSchemas());
  ASSIGN_OR_RETURN(const Rules rules, LoadRules(schemas));
  ASSIGN_OR_RETURN(const auto peer, TablePeer::Start(options.duckdb,
                                                     {".", options.city, std::to_string(options.records),
                                                      kPackRules, folder.path()},
                                                     folder.path()));
  ASSIGN_OR_RETURN(const TableAnswer ready, peer->Ask("ready"));
  const auto rows = static_cast<double>(ready.keys);
  ASSIGN_OR_RETURN(const auto packs, PackLoader(folder.path(), rules).Load());
  std::printf("%zu rules over %.0f rows\n", packs.size(), rows);
  Comparison comparison("compare.pack", "rows/s");
  for (int run = 0; run < options.runs; ++run) {
    double ours = 0, theirs = 0;
    for (const auto& [name, pack] : packs) {
      ASSIGN_OR_RETURN(const TableAnswer mine, RunPackRule(pack));
      ASSIGN_OR_RETURN(const TableAnswer other, peer->Ask(name));
      std::printf("%s: %lld found, ours %.3f s and %.0f MiB, peer %.3f s and %.0f MiB\n", name.c_str(),
                  static_cast<long long>(mine.keys), mine.seconds, mine.peak_mib, other.seconds,
                  other.peak_mib);
      if (mine.keys != other.keys || mine.amount != other.amount)
        return absl::InternalError(name + ": found there " + std::to_string(other.keys));
      ours += mine.seconds;
      theirs += other.seconds;
    }
    comparison.Add(rows / ours, rows / theirs);
  }
  std::printf("%s\n", comparison.ResultLine().c_str());
  return absl::OkStatus();
}

}  // namespace hangou
