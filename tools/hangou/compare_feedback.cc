#include "tools/hangou/compare_feedback.h"

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/importer/table_input.h"

namespace hangou {
namespace {

namespace comparison_v1 = hangou::comparison::v1;

// Titles of the columns that are read back.
constexpr char kClueTitle[] = "疑点编号";
constexpr char kResultTitle[] = "核查结果";
constexpr char kRecoveredTitle[] = "入库金额(元)";
constexpr char kExceptionTitle[] = "例外截止日";
constexpr char kErrorTitle[] = "错误信息项";
constexpr char kNoteTitle[] = "核查说明";

struct ResultWord {
  const char* title;
  const char* word;
  comparison_v1::ClueState state;
};
constexpr ResultWord kResults[] = {
    {"属实待补", "verified", comparison_v1::CLUE_STATE_VERIFIED},
    {"属实补税", "recovered", comparison_v1::CLUE_STATE_RECOVERED},
    {"无问题", "no_issue", comparison_v1::CLUE_STATE_NO_ISSUE},
    {"数据错误", "data_error", comparison_v1::CLUE_STATE_DATA_ERROR},
    {"查无下落", "not_found", comparison_v1::CLUE_STATE_NOT_FOUND},
};

std::string TitleOf(const std::map<std::string, std::string>& titles, const std::string& name) {
  const auto found = titles.find(name);
  return found == titles.end() ? name : found->second;
}

// Finds the columns of a sheet by their titles.
class FeedbackReader {
 public:
  explicit FeedbackReader(const std::vector<std::string>& columns) : columns_(columns) {}

  absl::Status CheckColumns() const {
    for (const char* title : {kClueTitle, kResultTitle}) {
      if (std::find(columns_.begin(), columns_.end(), title) == columns_.end()) {
        return MakeError(Reason::kInvalidRequest,
                         std::string("the file has no column ") + title +
                             "; fill in what `hangou compare clues -o xlsx --to FILE` writes");
      }
    }
    return absl::OkStatus();
  }
  FeedbackRow Read(const Row& row) const;
  std::string CellOf(const Row& row, const char* title) const {
    const auto found = std::find(columns_.begin(), columns_.end(), title);
    const auto at = static_cast<size_t>(found - columns_.begin());
    return at < row.values.size() ? row.values[at] : "";
  }

 private:
  const std::vector<std::string>& columns_;
};

FeedbackRow FeedbackReader::Read(const Row& row) const {
  FeedbackRow told;
  told.line = row.line;
  comparison_v1::ClueAnswer& answer = told.answer;
  answer.set_clue(FullNameOf("clues/", CellOf(row, kClueTitle)));
  answer.set_result(ResultOf(CellOf(row, kResultTitle)));
  answer.set_note(CellOf(row, kNoteTitle));
  answer.set_exception_until(CellOf(row, kExceptionTitle));
  if (!row.error.empty()) told.problem = row.error;
  if (answer.result() == comparison_v1::CLUE_STATE_UNSPECIFIED)
    told.problem = std::string(kResultTitle) + " is none of 属实待补, 属实补税, 无问题, 数据错误, 查无下落";
  if (const std::string recovered = CellOf(row, kRecoveredTitle); !recovered.empty()) {
    const auto fen = FenOfYuan(recovered);
    if (fen) answer.set_recovered_fen(*fen);
    if (!fen)
      told.problem = std::string(kRecoveredTitle) + " is no amount with at most two digits behind the point";
  }
  if (const std::string field = CellOf(row, kErrorTitle); !field.empty()) {
    const size_t dot = field.rfind('.');
    if (dot == std::string::npos)
      told.problem = std::string(kErrorTitle) + " is RESOURCE.FIELD, such as tax.deed.paid";
    answer.mutable_data_error()->set_resource(field.substr(0, dot));
    if (dot != std::string::npos) answer.mutable_data_error()->set_field(field.substr(dot + 1));
  }
  return told;
}

}  // namespace

comparison_v1::ClueState ResultOf(const std::string& text) {
  for (const ResultWord& result : kResults) {
    if (text == result.title || text == result.word) return result.state;
  }
  return comparison_v1::CLUE_STATE_UNSPECIFIED;
}

ListReport MakeClueSheet() {
  ListReport sheet;
  sheet.name = "疑点清单";
  for (const char* title : {kClueTitle, "规则", "规则名称", "主体", "比对键", "属期"})
    sheet.columns.push_back({title});
  sheet.columns.push_back({"疑点金额(元)", true});
  for (const char* title : {"区划", "税务所", "状态"}) sheet.columns.push_back({title});
  sheet.columns.push_back({"已入库(元)", true});
  ListColumn result = {kResultTitle, false, true};
  for (const ResultWord& word : kResults) result.choices.emplace_back(word.title);
  sheet.columns.push_back(std::move(result));
  sheet.columns.push_back({kRecoveredTitle, true, true});
  for (const char* title : {kExceptionTitle, kErrorTitle, kNoteTitle})
    sheet.columns.push_back({title, false, true});
  return sheet;
}

void AddClueRow(const comparison_v1::Clue& clue, const std::map<std::string, std::string>& titles,
                ListReport* sheet) {
  sheet->rows.push_back({clue.name(), clue.rule(), TitleOf(titles, clue.rule()),
                         clue.withheld().empty() ? clue.subject() : clue.withheld(), KeyTextOf(clue),
                         clue.period(), clue.has_amount_fen() ? YuanText(clue.amount_fen()) : "",
                         clue.division(), TitleOf(titles, clue.office()), StateTitle(clue.state()),
                         clue.recovered_fen() == 0 ? "" : YuanText(clue.recovered_fen())});
}

absl::StatusOr<std::vector<FeedbackRow>> ReadFeedback(const std::string& path) {
  ASSIGN_OR_RETURN(const auto input, TableInput::Open({path, {}, ""}));
  const FeedbackReader reader(input->rows().columns());
  RETURN_IF_ERROR(reader.CheckColumns());
  std::vector<FeedbackRow> rows;
  Row row;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, input->rows().Next(&row));
    if (!more) return rows;
    if (row.error.empty() && reader.CellOf(row, kResultTitle).empty()) continue;
    rows.push_back(reader.Read(row));
  }
}

}  // namespace hangou
