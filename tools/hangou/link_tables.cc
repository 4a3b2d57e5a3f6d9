#include "tools/hangou/link_tables.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/importer/table_input.h"

namespace hangou {
namespace {

constexpr size_t kNoColumn = SIZE_MAX;

absl::StatusOr<size_t> ColumnAt(const std::vector<std::string>& columns, const std::string& name,
                                const std::string& path) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == name) return i;
  }
  return MakeError(Reason::kInvalidRequest, path + " has no column " + name + ", which the rule names", name);
}

struct PairText {
  std::string left;
  std::string right;
  std::string decision;
  std::string weight;
  std::string probability;
  std::string reasons;
};

std::string JsonLine(const PairText& pair) {
  nlohmann::ordered_json json = {{"left", pair.left}, {"right", pair.right}, {"decision", pair.decision}};
  if (!pair.weight.empty()) json["weight"] = std::stod(pair.weight);
  json["probability"] = std::stod(pair.probability);
  json["reasons"] = pair.reasons;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string CsvLine(const PairText& pair) {
  return CsvCell(pair.left) + "," + CsvCell(pair.right) + "," + pair.decision + "," + pair.weight + "," +
         pair.probability + "," + CsvCell(pair.reasons) + "\n";
}

std::string Decimal(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

}  // namespace

absl::StatusOr<uint64_t> ReadLinkageTable(const CompiledLinkage& rule, LinkageSide side,
                                          const std::string& path, LinkageRows* rows, RecordNames* names) {
  const bool is_right = side == LinkageSide::kRight;
  ASSIGN_OR_RETURN(const auto input, TableInput::Open({path, std::nullopt, ""}));
  const std::vector<std::string>& columns = input->rows().columns();
  if (columns.empty())
    return MakeError(Reason::kInvalidRequest, path + ": tables to link are CSV or workbooks");
  std::vector<size_t> at;
  for (int i = 0; i < rule.rule.fields_size(); ++i) {
    const std::string& left_column = rule.rule.fields(i).column();
    ASSIGN_OR_RETURN(
        at.emplace_back(),
        ColumnAt(columns, is_right ? rule.RightColumn(static_cast<size_t>(i)) : left_column, path));
  }
  size_t name_at = kNoColumn;
  const bool own_name = is_right && !rule.rule.right_record_column().empty();
  const std::string& name = own_name ? rule.rule.right_record_column() : rule.rule.record_column();
  if (!name.empty()) {
    ASSIGN_OR_RETURN(name_at, ColumnAt(columns, name, path));
  }
  uint64_t unread = 0;
  Row row;
  std::vector<std::string_view> cells(at.size());
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, input->rows().Next(&row));
    if (!more) return unread;
    if (!row.error.empty() || row.values.size() < columns.size()) {
      ++unread;
      continue;
    }
    for (size_t i = 0; i < at.size(); ++i) cells[i] = row.values[at[i]];
    RETURN_IF_ERROR(rows->Add(side, cells));
    names->push_back(name_at == kNoColumn ? std::to_string(row.line) : row.values[name_at]);
  }
}

absl::Status WriteLinkedPairs(const std::string& path, LinkDecision decision, const Linker& linker,
                              const LinkageResult& result, const RecordNames& left,
                              const RecordNames& right) {
  const bool json = path.ends_with(".json") || path.ends_with(".ndjson");
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  if (!out.is_open()) return ErrnoError(errno, "creating " + path);
  if (!json) out << "left,right,decision,weight,probability,reasons\n";
  for (const LinkedPair& pair : result.pairs) {
    if (pair.decision != decision) continue;
    PairText text = {left[pair.left], right[pair.right], "exact", "", "1", ""};
    if (!pair.identifier) {
      text.decision = decision == LinkDecision::kLink ? "link" : "review";
      text.weight = Decimal(pair.weight, 2);
      text.probability = Decimal(pair.probability, 6);
    }
    text.reasons = linker.ReasonsOf(*result.model, pair);
    out << (json ? JsonLine(text) : CsvLine(text));
  }
  out.close();
  return out.good() ? absl::OkStatus() : ErrnoError(errno, "writing " + path);
}

}  // namespace hangou
