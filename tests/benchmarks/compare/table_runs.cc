#include "tests/benchmarks/compare/table_runs.h"

#include <cstdio>
#include <fstream>
#include <thread>

#include "libs/base/status.h"
#include "libs/comparison/run.h"
#include "tests/benchmarks/compare/comparison.h"

namespace hangou {
namespace {

// One row in so many has no counterpart, and one in so many another amount.
constexpr int64_t kMissingEvery = 997;
constexpr int64_t kOtherEvery = 499;
constexpr double kKibOfMib = 1024;

int64_t AmountOf(int64_t row) { return row * 7'919 % 1'000'003 * 100; }

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

}  // namespace

std::string EntityText(int64_t entity) {
  char text[16];
  std::snprintf(text, sizeof text, "M%08lld", static_cast<long long>(entity));
  return text;
}

bool IsOnTheRight(int64_t row) { return row % kMissingEvery != 0; }

int64_t AmountOnSide(int64_t row, bool right) {
  return right && row % kOtherEvery == 0 ? AmountOf(row) / 2 : AmountOf(row);
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
        const Cell cells[] = {{true, AmountOnSide(row, right), {}}};
        RETURN_IF_ERROR(builders[static_cast<size_t>(row * 31 % live)]->Add(
            partition, {key, static_cast<uint64_t>(row), false, cells, false}));
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
  ForgetPeakMemory();
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
  answer.peak_mib = PeakMemoryMib();
  return answer;
}

void ForgetPeakMemory() { std::ofstream("/proc/self/clear_refs") << "5"; }

double PeakMemoryMib() {
  std::ifstream file("/proc/self/status");
  std::string word;
  double kib = 0;
  while (file >> word) {
    if (word == "VmHWM:") file >> kib;
  }
  return kib / kKibOfMib;
}

}  // namespace hangou
