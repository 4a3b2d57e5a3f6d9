// The comparison of reading and checking a department's file.
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <unordered_set>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "libs/importer/row_encoder.h"
#include "libs/importer/table_input.h"
#include "libs/policy/yaml.h"
#include "libs/schema/walker.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/comparisons.h"
#include "tests/benchmarks/compare/residents.h"

namespace hangou {
namespace {

// One in so many has a wrong check digit, as in the files of departments.
constexpr int64_t kBadRowEvery = 20;

constexpr char kImportMapping[] =
    "columns:\n"
    "  性别: {field: sex, values: {男: 1, 女: 2}}\n"
    "  出生日期: {field: birth_date, date: \"%Y/%m/%d\"}\n"
    "  住址: address\n"
    "constants: {division: \"321002\", state: normal}\n";

struct Imported {
  int64_t valid = 0;
  double seconds = 0;
};

std::string ImportLine(int64_t number) {
  std::map<std::string, std::string> resident;
  for (auto& [name, text] : ResidentRowOf(number)) resident[name] = text;
  std::string& id = resident["citizen_id"];
  if (number % kBadRowEvery == 0) id.back() = id.back() == '1' ? '2' : '1';
  std::string born = resident["birth_date"];
  for (char& c : born) c = c == '-' ? '/' : c;
  return id + "," + resident["name"] + "," + (resident["sex"] == "1" ? "男" : "女") + "," + born + "," +
         resident["address"] + "," + resident["phone"] + "," + resident["updated_at"] + "\n";
}

absl::StatusOr<std::shared_ptr<const ResourceSchema>> SchemaOfResidents(const std::string& city) {
  ASSIGN_OR_RETURN(const auto objects, LoadObjects(city));
  std::map<std::string, std::shared_ptr<const std::unordered_set<std::string>>> lists;
  hangou::catalog::v1::Resource resource;
  for (const auto& object : objects) {
    if (object.has_resource() && object.resource().name() == kResidents) resource = object.resource();
    if (!object.has_code_list()) continue;
    auto codes = std::make_shared<std::unordered_set<std::string>>();
    for (const auto& code : object.code_list().codes()) codes->insert(code.code());
    lists[object.code_list().name()] = std::move(codes);
  }
  RETURN_IF_ERROR(AssignNumbers(nullptr, &resource));
  resource.set_number(1);
  return ResourceSchema::Compile(resource, [&](const std::string& name) { return lists[name]; });
}

absl::StatusOr<Imported> ImportOurs(const std::string& file,
                                    const std::shared_ptr<const ResourceSchema>& schema) {
  const Stopwatch watch;
  ASSIGN_OR_RETURN(const ImportMapping mapping, ParseMapping(kImportMapping, "mapping"));
  ASSIGN_OR_RETURN(const auto input, TableInput::Open({file, {}, ""}));
  ASSIGN_OR_RETURN(const RowEncoder encoder, RowEncoder::Make(schema, input->rows().columns(), mapping));
  const int64_t now_us = SystemClock().UtcUs();
  Imported imported;
  Row row;
  hangou::record::v1::Record record;
  RowProblem problem;
  std::vector<FieldSlice> slices;
  AdmittedRecord admitted;
  std::vector<FieldViolation> violations;
  while (true) {
    ASSIGN_OR_RETURN(const bool some, input->rows().Next(&row));
    if (!some) break;
    if (!encoder.Encode(row, &record, &problem)) continue;
    imported.valid +=
        AdmitPayload(*schema, record.payload(), now_us, &slices, &admitted, &violations) ? 1 : 0;
  }
  imported.seconds = watch.Seconds();
  return imported;
}

absl::StatusOr<Imported> ImportTheirs(const std::string& script, const std::string& file) {
  const std::string command = "python3 -B '" + script + "' '" + file + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  long long valid = 0;
  Imported imported;
  if (pipe == nullptr || std::fscanf(pipe.get(), "%lld %lf", &valid, &imported.seconds) != 2)
    return absl::UnavailableError("DuckDB does not answer; it is the package duckdb of PyPI");
  imported.valid = valid;
  return imported;
}

}  // namespace

absl::Status CompareImport(const CompareOptions& options) {
  const TempFolder folder;
  const std::string file = folder.path() + "/residents.csv";
  std::string text = "公民身份号码,姓名,性别,出生日期,住址,联系电话,更新时间\n";
  for (int64_t i = 0; i < options.records; ++i) text += ImportLine(i);
  RETURN_IF_ERROR(WriteFileDurably(file, text, 0600));
  ASSIGN_OR_RETURN(const auto schema, SchemaOfResidents(options.city));
  Comparison comparison("import.duckdb", "rows/s");
  for (int run = 0; run < options.runs; ++run) {
    ASSIGN_OR_RETURN(const Imported ours, ImportOurs(file, schema));
    ASSIGN_OR_RETURN(const Imported theirs, ImportTheirs(options.duckdb, file));
    if (ours.valid != theirs.valid) {
      return absl::InternalError("valid here " + std::to_string(ours.valid) + ", there " +
                                 std::to_string(theirs.valid));
    }
    comparison.Add(options.records / ours.seconds, options.records / theirs.seconds);
  }
  std::printf("%s\n", comparison.ResultLine().c_str());
  return absl::OkStatus();
}

}  // namespace hangou
