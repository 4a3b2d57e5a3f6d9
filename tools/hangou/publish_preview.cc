#include "tools/hangou/publish_preview.h"

#include <nlohmann/json.hpp>
#include <unordered_set>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/schema/walker.h"
#include "tools/hangou/record_view.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

using Codes = std::shared_ptr<const std::unordered_set<std::string>>;

// Checks rows as the service does.
class RowChecker {
 public:
  RowChecker(const RowEncoder& encoder, int64_t now_us) : encoder_(encoder), now_us_(now_us) {}

  bool Check(const Row& row, hangou::record::v1::Record* record, RowProblem* problem) {
    if (!encoder_.Encode(row, record, problem)) return false;
    if (AdmitPayload(encoder_.schema(), record->payload(), now_us_, &slices_, &admitted_, &violations_))
      return true;
    const FieldViolation& first = violations_.front();
    *problem = {std::string(ReasonName(first.reason)), first.field, first.message};
    return false;
  }

 private:
  const RowEncoder& encoder_;
  const int64_t now_us_;
  std::vector<FieldSlice> slices_;
  AdmittedRecord admitted_;
  std::vector<FieldViolation> violations_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const ResourceSchema>> SchemaWithCodes(Client& client,
                                                                      const std::string& resource) {
  ASSIGN_OR_RETURN(const auto object, client.GetObject(hangou::catalog::v1::OBJECT_KIND_RESOURCE, resource));
  std::map<std::string, Codes> lists;
  for (const auto& field : object.resource().fields()) {
    if (field.code_list().empty() || lists.contains(field.code_list())) continue;
    ASSIGN_OR_RETURN(const auto list,
                     client.GetObject(hangou::catalog::v1::OBJECT_KIND_CODE_LIST, field.code_list()));
    auto codes = std::make_shared<std::unordered_set<std::string>>();
    for (const auto& code : list.code_list().codes()) codes->insert(code.code());
    lists[field.code_list()] = std::move(codes);
  }
  return ResourceSchema::Compile(object.resource(), [&](const std::string& name) { return lists[name]; });
}

absl::StatusOr<PublishPreview> PreviewJob(const PublishJob& job, std::shared_ptr<const ResourceSchema> schema,
                                          uint64_t most_rows) {
  ASSIGN_OR_RETURN(const OpenedJob opened, OpenJob(job, schema));
  PublishPreview preview;
  preview.input = opened.input->Description();
  preview.uses = opened.encoder->Uses();
  for (const FieldSchema& field : schema->fields()) preview.head.push_back(field.title);
  RowChecker checker(*opened.encoder, SystemClock().UtcUs());
  Row row;
  hangou::record::v1::Record record;
  RowProblem problem;
  while (most_rows == 0 || preview.checked < most_rows) {
    ASSIGN_OR_RETURN(const bool some, opened.input->rows().Next(&row));
    if (!some) break;
    ++preview.checked;
    const bool good = checker.Check(row, &record, &problem);
    if (!good) {
      ++preview.refused;
      ++preview.problems[{problem.reason, problem.field, problem.message}];
    } else if (preview.rows.size() < kPreviewedRows) {
      ASSIGN_OR_RETURN(auto texts, FieldTexts(*schema, record));
      preview.rows.push_back(std::move(texts));
    }
  }
  return preview;
}

std::string PreviewText(const PublishPreview& preview, size_t columns) {
  std::string text = "read as " + OneLine(preview.input) + "\n\n";
  Table uses({"COLUMN", "FIELD", "TYPE", "CONVERSION"});
  for (const ColumnUse& use : preview.uses) {
    uses.AddRow(
        {OneLine(use.column), use.field.empty() ? "ignored" : use.field, use.type, OneLine(use.conversion)});
  }
  Table rows(preview.head);
  for (const auto& row : preview.rows) {
    std::vector<std::string> cells;
    for (const std::string& cell : row) cells.push_back(OneLine(cell));
    rows.AddRow(std::move(cells));
  }
  if (!preview.uses.empty()) text += uses.ToText() + "\n";
  if (!rows.empty()) text += (rows.width() > columns ? rows.ToBlocks() : rows.ToText()) + "\n";
  text += std::to_string(preview.checked) + " rows checked, " + std::to_string(preview.refused) +
          " would be refused\n";
  Table problems({"REASON", "FIELD", "ROWS", "WHY"});
  for (const auto& [key, count] : preview.problems)
    problems.AddRow({key[0], key[1], std::to_string(count), OneLine(key[2])});
  return preview.problems.empty() ? text : text + "\n" + problems.ToText();
}

std::string PreviewJson(const PublishPreview& preview) {
  nlohmann::ordered_json json = {{"input", preview.input}, {"columns", nlohmann::ordered_json::array()}};
  for (const ColumnUse& use : preview.uses) {
    json["columns"].push_back(
        {{"column", use.column}, {"field", use.field}, {"type", use.type}, {"conversion", use.conversion}});
  }
  json["fields"] = preview.head;
  json["rows"] = preview.rows;
  json["checked"] = preview.checked;
  json["refused"] = preview.refused;
  json["problems"] = nlohmann::ordered_json::array();
  for (const auto& [key, count] : preview.problems) {
    json["problems"].push_back({{"reason", key[0]}, {"field", key[1]}, {"message", key[2]}, {"rows", count}});
  }
  return json.dump() + "\n";
}

}  // namespace hangou
