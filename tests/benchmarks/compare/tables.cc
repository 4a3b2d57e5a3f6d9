// compare.duckdb_*: a rule over two tables, beside DuckDB on the same rows. Two questions: the sums of two sides by
// entity, and which documents of one side are not on the other. Both sides have the same rows per entity; amounts and
// gaps follow from the row's number, so that the peer makes the same rows in SQL.
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <thread>

#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/columnar/segment.h"
#include "libs/comparison/run.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/comparisons.h"

namespace hangou {
namespace {

constexpr int64_t kRowsPerEntity = 10;
constexpr int kPartitionsOfTables = 8;
constexpr unsigned kRunThreads = 2;
// One row in so many has no counterpart, and one in so many another amount.
constexpr int64_t kMissingEvery = 997;
constexpr int64_t kOtherEvery = 499;

constexpr char kSumRule[] = "sum";
constexpr char kAntiRule[] = "anti";

// The key of an entity as projections have it: nine characters, as organisation codes have.
std::string EntityText(int64_t entity) {
  char text[16];
  std::snprintf(text, sizeof text, "M%08lld", static_cast<long long>(entity));
  return text;
}
int64_t AmountOf(int64_t row) { return row * 7'919 % 1'000'003 * 100; }
// On the right side: an amount, or nothing.
bool IsOnTheRight(int64_t row) { return row % kMissingEvery != 0; }
int64_t RightAmountOf(int64_t row) { return row % kOtherEvery == 0 ? AmountOf(row) / 2 : AmountOf(row); }

// What came of a run, to be the same as the peer's.
struct TableAnswer {
  double seconds = 0;
  int64_t keys = 0;
  int64_t amount = 0;
};

// A resource "t.left" or "t.right" with entity, document and amount.
std::shared_ptr<const ResourceSchema> SchemaOfTable(const std::string& name) {
  hangou::catalog::v1::Resource resource;
  resource.set_name("resources/" + name);
  resource.set_title("表");
  resource.set_library("tax");
  resource.set_responsible("t");
  resource.add_providers("t");
  resource.set_sharing(hangou::catalog::v1::SHARING_TYPE_UNCONDITIONAL);
  resource.set_versioning(hangou::catalog::v1::VERSIONING_ARRIVAL);
  resource.set_owner_kind(hangou::record::v1::ENTITY_KIND_ORGANISATION);
  resource.set_owner_field("uscc");
  const auto add = [&](const char* field, hangou::catalog::v1::FieldType type) {
    auto* const added = resource.add_fields();
    added->set_name(field);
    added->set_title(field);
    added->set_type(type);
    added->set_required(true);
  };
  add("uscc", hangou::catalog::v1::FIELD_TYPE_USCC);
  add("document", hangou::catalog::v1::FIELD_TYPE_TEXT);
  add("amount", hangou::catalog::v1::FIELD_TYPE_MONEY);
  HANGOU_CHECK(AssignNumbers(nullptr, &resource).ok(), "numbers are not assigned");
  resource.set_number(1);
  auto schema = ResourceSchema::Compile(resource, [](const std::string&) { return nullptr; });
  HANGOU_CHECK(schema.ok(), Message(schema.status()));
  return *schema;
}

std::shared_ptr<const CompiledRule> RuleOfTables(const std::string& kind) {
  namespace v1 = hangou::comparison::v1;
  v1::ComparisonRule rule;
  rule.set_name("rules/" + kind);
  rule.set_title("两表比对");
  rule.set_purpose("benchmark");
  auto* key = rule.add_key();
  key->set_name("taxpayer");
  key->set_kind(v1::KEY_KIND_TEXT);
  const bool anti = kind == kAntiRule;
  if (anti) {
    key = rule.add_key();
    key->set_name("number");
    key->set_kind(v1::KEY_KIND_TEXT);
  }
  for (const char* name : {"left", "right"}) {
    v1::Side* const side = rule.add_sides();
    side->set_name(name);
    side->add_resources(std::string("t.") + name);
    side->add_key()->set_text("uscc");
    if (anti) side->add_key()->set_text("document");
    auto* const total = side->add_measures();
    total->set_name("total");
    total->mutable_value()->set_text("sum(amount)");
  }
  rule.mutable_when()->set_text(anti ? "present(left) and missing(right)"
                                     : "left.total - right.total > 10 yuan");
  rule.mutable_amount()->set_text(anti ? "left.total" : "left.total - right.total");
  auto compiled = CompiledRule::Compile(
      rule, [](const std::string& resource) { return SchemaOfTable(resource); },
      std::make_shared<ParameterSet>());
  HANGOU_CHECK(compiled.ok(), Message(compiled.status()));
  return *compiled;
}

using Segments = std::vector<std::shared_ptr<const Segment>>;

// Writes a side: all rows in one segment, or spread over `live` of them.
absl::StatusOr<Segments> WriteSide(const std::string& folder, bool right, bool anti, int64_t rows, int live) {
  const std::vector<ColumnSpec> columns = {{"amount", false}};
  std::vector<std::unique_ptr<SegmentBuilder>> builders;
  for (int i = 0; i < live; ++i) {
    ASSIGN_OR_RETURN(auto builder,
                     SegmentBuilder::Create(folder + "/" + std::to_string(i), columns, kPartitionsOfTables));
    builders.push_back(std::move(builder));
  }
  const int64_t entities = rows / kRowsPerEntity;
  for (int partition = 0; partition < kPartitionsOfTables; ++partition) {
    for (int64_t entity = partition; entity < entities; entity += kPartitionsOfTables) {
      std::string key = EntityText(entity) + '\0';
      const size_t prefix = key.size();
      for (int64_t i = 0; i < kRowsPerEntity; ++i) {
        const int64_t row = entity * kRowsPerEntity + i;
        if (right && !IsOnTheRight(row)) continue;
        if (anti) {
          char document[32];
          std::snprintf(document, sizeof document, "HT%012lld", static_cast<long long>(row));
          key.resize(prefix);
          key += document;
          key.push_back('\0');
        }
        const Cell cells[] = {{true, right ? RightAmountOf(row) : AmountOf(row), {}}};
        RETURN_IF_ERROR(builders[static_cast<size_t>(row * 31 % live)]->Add(
            partition, {key, static_cast<uint64_t>(row), false, cells}));
      }
    }
  }
  Segments segments;
  for (int i = 0; i < live; ++i) {
    RETURN_IF_ERROR(builders[static_cast<size_t>(i)]->Finish());
    ASSIGN_OR_RETURN(auto segment,
                     Segment::Open(folder + "/" + std::to_string(i), columns, kPartitionsOfTables));
    segments.push_back(std::move(segment));
  }
  return segments;
}

absl::StatusOr<TableAnswer> RunTables(const CompiledRule& rule, const Segments& left, const Segments& right) {
  const Stopwatch watch;
  std::vector<TableAnswer> answers(kPartitionsOfTables);
  std::vector<absl::Status> failed(kPartitionsOfTables);
  std::atomic<int> next = 0;
  RunControl control;
  RunTerms terms;
  const auto work = [&] {
    for (int partition = next++; partition < kPartitionsOfTables; partition = next++) {
      const auto at = static_cast<size_t>(partition);
      std::vector<SideInput> inputs;
      for (size_t side = 0; side < 2; ++side) {
        std::vector<std::unique_ptr<BlockSource>> sources;
        for (const auto& segment : side == 0 ? left : right)
          sources.push_back(MakeSegmentSource(segment, partition, {0}));
        SideInput input;
        input.side = side;
        for (const SideColumn& column : rule.sides()[side].columns)
          input.columns.push_back(column.field == "amount" ? 0 : -1);
        input.rows = std::make_unique<MergedRows>(std::move(sources));
        inputs.push_back(std::move(input));
      }
      failed[at] = RunRule(rule, std::move(inputs), terms, &control, [&answers, at](const Finding& finding) {
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
  return answer;
}

// DuckDB's part, a process of its own that keeps its tables in memory: a line "QUESTION" gives "KEYS AMOUNT SECONDS".
class DuckTables {
 public:
  static absl::StatusOr<std::unique_ptr<DuckTables>> Start(const std::string& script, int64_t rows,
                                                           const std::string& folder) {
    std::unique_ptr<DuckTables> peer(new DuckTables());
    peer->questions_ = folder + "/questions";
    if (::mkfifo(peer->questions_.c_str(), 0600) != 0) return ErrnoError(errno, "make " + peer->questions_);
    const std::string command =
        "exec python3 -B '" + script + "' " + std::to_string(rows) + " <'" + peer->questions_ + "'";
    peer->answers_.reset(::popen(command.c_str(), "r"));
    return peer;
  }
  absl::StatusOr<TableAnswer> Ask(const std::string& question) {
    if (!asks_) asks_.reset(std::fopen(questions_.c_str(), "w"));
    if (!asks_) return absl::UnavailableError("DuckDB does not listen");
    std::fprintf(asks_.get(), "%s\n", question.c_str());
    std::fflush(asks_.get());
    long long keys = 0, amount = 0;
    TableAnswer answer;
    if (std::fscanf(answers_.get(), "%lld %lld %lf", &keys, &amount, &answer.seconds) != 3)
      return absl::UnavailableError("DuckDB does not answer; it is the package duckdb of PyPI");
    answer.keys = keys;
    answer.amount = amount;
    return answer;
  }

 private:
  struct CloseFile {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  struct CloseProcess {
    void operator()(FILE* file) const { ::pclose(file); }
  };
  std::string questions_;
  std::unique_ptr<FILE, CloseProcess> answers_;
  std::unique_ptr<FILE, CloseFile> asks_;
};

absl::Status CompareQuestion(const CompareOptions& options, DuckTables& peer, const std::string& folder,
                             const std::string& kind, int live, const std::vector<std::string>& peers) {
  const bool anti = kind == kAntiRule;
  ASSIGN_OR_RETURN(const Segments left, WriteSide(folder + "/left", false, anti, options.records, live));
  ASSIGN_OR_RETURN(const Segments right, WriteSide(folder + "/right", true, anti, options.records, live));
  const auto rule = RuleOfTables(kind);
  ASSIGN_OR_RETURN(const TableAnswer warm, RunTables(*rule, left, right));
  int64_t bytes = 0;
  for (const Segments* side : {&left, &right}) {
    for (const auto& segment : *side) bytes += segment->bytes();
  }
  std::printf("%s, %d segments a side: %lld keys found, %.1f bytes per row on disk\n", kind.c_str(), live,
              static_cast<long long>(warm.keys), static_cast<double>(bytes) / (2.0 * options.records));
  for (const std::string& other : peers) {
    Comparison comparison("compare." + other + "_" + kind + (live > 1 ? "_live" : ""), "rows/s");
    for (int run = 0; run < options.runs; ++run) {
      ASSIGN_OR_RETURN(const TableAnswer ours, RunTables(*rule, left, right));
      ASSIGN_OR_RETURN(const TableAnswer theirs, peer.Ask(other + "_" + kind));
      if (ours.keys != theirs.keys || ours.amount != theirs.amount) {
        return absl::InternalError("found here " + std::to_string(ours.keys) + ", there " +
                                   std::to_string(theirs.keys));
      }
      comparison.Add(2.0 * options.records / ours.seconds, 2.0 * options.records / theirs.seconds);
    }
    std::printf("%s\n", comparison.ResultLine().c_str());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CompareTables(const CompareOptions& options) {
  const TempFolder folder;
  ASSIGN_OR_RETURN(const auto peer, DuckTables::Start(options.duckdb, options.records, folder.path()));
  for (const char* kind : {kSumRule, kAntiRule}) {
    RETURN_IF_ERROR(CompareQuestion(options, *peer, folder.path() + "/" + kind, kind, 1,
                                    {"duckdb_sorted", "duckdb_text"}));
  }
  return CompareQuestion(options, *peer, folder.path() + "/live", kSumRule, 10, {"duckdb_sorted"});
}

}  // namespace hangou
