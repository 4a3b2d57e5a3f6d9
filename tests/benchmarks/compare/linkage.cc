// linkage.splink_*: records linked without a trustworthy identifier, beside Splink on the same values.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "libs/importer/table_input.h"
#include "libs/linkage/han_text.h"
#include "libs/linkage/linker.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/comparisons.h"

namespace hangou {
namespace {

namespace fs = std::filesystem;
namespace linkage_v1 = hangou::linkage::v1;

constexpr unsigned kLinkThreads = 2;
constexpr std::string_view kTestNames[] = {"", "same", "similar", "edits", "within", "swapped", "both_valid"};

using NamePairs = std::set<std::pair<std::string, std::string>>;

// What came of a run.
struct LinkQuality {
  double pairs = 0;
  double seconds = 0;
  double precision = 0;
  double recall = 0;

  double F1() const { return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0; }
};

// A table as cells, before any time is taken.
struct LinkTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;

  size_t At(const std::string& column) const {
    const auto found = std::find(columns.begin(), columns.end(), column);
    HANGOU_CHECK(found != columns.end(), "a column of the rule is missing");
    return static_cast<size_t>(found - columns.begin());
  }
};

absl::StatusOr<LinkTable> ReadLinkTable(const std::string& path) {
  ASSIGN_OR_RETURN(const auto input, TableInput::Open({path, std::nullopt, ""}));
  LinkTable table;
  table.columns = input->rows().columns();
  Row row;
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, input->rows().Next(&row));
    if (!more) return table;
    if (!row.error.empty()) return absl::InvalidArgumentError(path + ": " + row.error);
    table.rows.push_back(row.values);
  }
}

// A set: its rule, its tables (one or two), and which of their rows belong together.
struct LinkSet {
  std::string name;
  CompiledLinkage rule;
  std::vector<LinkTable> tables;
  NamePairs truth;
};

absl::StatusOr<LinkSet> ReadLinkSet(const fs::path& folder) {
  LinkSet set;
  set.name = folder.filename();
  ASSIGN_OR_RETURN(const auto declared, LoadLinkageRule(folder / "rule.yaml"));
  ASSIGN_OR_RETURN(set.rule, CompileLinkage(declared));
  for (const char* side : {"left.csv", "right.csv"}) {
    if (!fs::exists(folder / side)) continue;
    ASSIGN_OR_RETURN(set.tables.emplace_back(), ReadLinkTable(folder / side));
  }
  ASSIGN_OR_RETURN(const LinkTable truth, ReadLinkTable(folder / "truth.csv"));
  for (const auto& row : truth.rows) set.truth.emplace(row[0], row[1]);
  return set;
}

absl::StatusOr<std::unique_ptr<LinkageRows>> FillRows(const LinkSet& set) {
  auto rows = std::make_unique<LinkageRows>(set.rule, DayInChina(SystemClock().UtcUs()));
  std::vector<std::string_view> cells;
  for (size_t side = 0; side < set.tables.size(); ++side) {
    const LinkTable& table = set.tables[side];
    std::vector<size_t> at;
    for (const auto& field : set.rule.rule.fields()) at.push_back(table.At(field.column()));
    for (const auto& row : table.rows) {
      cells.clear();
      for (const size_t column : at) cells.push_back(row[column]);
      RETURN_IF_ERROR(rows->Add(side == 0 ? LinkageSide::kLeft : LinkageSide::kRight, cells));
    }
  }
  return rows;
}

const std::string& NameOf(const LinkSet& set, size_t side, uint32_t record) {
  const LinkTable& table = set.tables[std::min(side, set.tables.size() - 1)];
  return table.rows[record][table.At(set.rule.rule.record_column())];
}

// Ours: from cells in memory to linked pairs, normalising included, which the peer is spared.
absl::StatusOr<LinkQuality> LinkOurs(const LinkSet& set) {
  const Stopwatch watch;
  ASSIGN_OR_RETURN(const auto rows, FillRows(set));
  Linker linker(set.rule, rows.get(), kLinkThreads, nullptr);
  ASSIGN_OR_RETURN(const LinkageResult result, linker.Run());
  LinkQuality quality;
  quality.seconds = watch.Seconds();
  // Those that an identifier settled are pairs that the peer has to score.
  quality.pairs = static_cast<double>(result.compared + result.exact);
  double linked = 0, right = 0;
  for (const LinkedPair& pair : result.pairs) {
    if (pair.decision != LinkDecision::kLink) continue;
    const std::string& a = NameOf(set, 0, pair.left);
    const std::string& b = NameOf(set, 1, pair.right);
    ++linked;
    right += set.truth.contains({a, b}) || (set.rule.one_table() && set.truth.contains({b, a})) ? 1 : 0;
  }
  quality.precision = linked > 0 ? right / linked : 0;
  quality.recall = right / static_cast<double>(set.truth.size());
  return quality;
}

nlohmann::json JsonOfRule(const CompiledLinkage& rule) {
  const auto name = [&rule](size_t field) { return rule.rule.fields(static_cast<int>(field)).name(); };
  nlohmann::json json = {{"two_tables", !rule.one_table()}};
  for (const CompiledBlocking& blocking : rule.blocking) {
    nlohmann::json fields = nlohmann::json::array();
    for (const size_t field : blocking.fields) fields.push_back(name(field));
    json["blocking"].push_back(fields);
  }
  for (const CompiledComparison& comparison : rule.comparisons) {
    nlohmann::json levels = nlohmann::json::array();
    for (const CompiledLevel& level : comparison.levels) {
      levels.push_back({{"test", kTestNames[level.test]},
                        {"field", name(level.field)},
                        {"with", name(level.with)},
                        {"at_least", level.at_least},
                        {"at_most", level.at_most}});
    }
    json["comparisons"].push_back(
        {{"field", comparison.name}, {"rare", comparison.rare_counts_more}, {"levels", levels}});
  }
  return json;
}

// The values as we compare them, for the peer.
void WriteValues(const LinkSet& set, const LinkageRows& rows, size_t side, const std::string& path) {
  std::ofstream out(path);
  out << "unique_id";
  for (const auto& field : set.rule.rule.fields())
    out << ',' << field.name() << ',' << field.name() << "_valid";
  out << '\n';
  const uint32_t begin = side == 0 ? 0 : rows.left_count();
  const uint32_t end = side == 0 ? rows.left_count() : rows.count();
  for (uint32_t record = begin; record < end; ++record) {
    out << CsvCell(NameOf(set, side, record - begin));
    for (size_t field = 0; field < static_cast<size_t>(set.rule.rule.fields_size()); ++field) {
      out << ',' << CsvCell(ToUtf8(rows.Text(field, rows.Value(field, record)))) << ','
          << (rows.IsValid(field, record) ? 1 : 0);
    }
    out << '\n';
  }
}

absl::StatusOr<LinkQuality> LinkTheirs(const std::string& script, const std::string& folder) {
  const std::string command = "python3 -B '" + script + "' '" + folder + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  LinkQuality quality;
  if (pipe == nullptr || std::fscanf(pipe.get(), "%lf %lf %lf %lf", &quality.pairs, &quality.seconds,
                                     &quality.precision, &quality.recall) != 4) {
    return absl::UnavailableError("Splink does not answer; it is the package splink of PyPI");
  }
  return quality;
}

absl::Status CompareSet(const CompareOptions& options, const fs::path& folder) {
  ASSIGN_OR_RETURN(const LinkSet set, ReadLinkSet(folder));
  const TempFolder values;
  ASSIGN_OR_RETURN(const auto rows, FillRows(set));
  for (size_t side = 0; side < set.tables.size(); ++side)
    WriteValues(set, *rows, side, values.path() + (side == 0 ? "/left.csv" : "/right.csv"));
  std::ofstream(values.path() + "/rule.json") << JsonOfRule(set.rule);
  fs::copy_file(folder / "truth.csv", values.path() + "/truth.csv");
  Comparison speed("linkage.splink_" + set.name, "pairs/s");
  LinkQuality ours, theirs;
  for (int run = 0; run < options.runs; ++run) {
    ASSIGN_OR_RETURN(ours, LinkOurs(set));
    ASSIGN_OR_RETURN(theirs, LinkTheirs(options.splink, values.path()));
    // The pairs of the blocks, each once: what both have to settle, though we settle some by identifier.
    speed.Add(theirs.pairs / ours.seconds, theirs.pairs / theirs.seconds);
  }
  std::printf(
      "%s: ours %.0f pairs scored or linked by identifier in %.2f s, precision %.4f, recall %.4f, F1 %.4f; "
      "peer %.0f pairs in %.2f s, "
      "precision "
      "%.4f, recall %.4f, F1 %.4f\n",
      set.name.c_str(), ours.pairs, ours.seconds, ours.precision, ours.recall, ours.F1(), theirs.pairs,
      theirs.seconds, theirs.precision, theirs.recall, theirs.F1());
  std::printf("RESULT name=linkage.splink_%s_f1 ratio=%.4f ours=%.4f peer=%.4f runs=%d spread_percent=0\n",
              set.name.c_str(), ours.F1() / std::max(theirs.F1(), 1e-9), ours.F1(), theirs.F1(),
              options.runs);
  std::printf("%s\n", speed.ResultLine().c_str());
  return absl::OkStatus();
}

}  // namespace

absl::Status CompareLinkage(const CompareOptions& options) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(options.sets)) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) RETURN_IF_ERROR(CompareSet(options, folder));
  return absl::OkStatus();
}

}  // namespace hangou
