#include "libs/importer/workbook.h"

#include <charconv>
#include <map>

#include "libs/base/status.h"
#include "libs/importer/xml_reader.h"

namespace hangou {
namespace {

// A relation of a part: where its target lies, and what it is.
struct Relation {
  std::string target;
  std::string type;  // the last word of its address
};
using Relations = std::map<std::string, Relation>;

class RelationsHandler : public XmlHandler {
 public:
  explicit RelationsHandler(std::string folder) : folder_(std::move(folder)) {}
  void OnStart(std::string_view name, const XmlAttributes& attributes) override {
    if (name != "Relationship" || relations.size() > kWorkbookSheets) return;
    const std::string_view type = attributes["Type"];
    const std::string_view target = attributes["Target"];
    const std::string part =
        target.starts_with('/') ? std::string(target.substr(1)) : folder_ + std::string(target);
    relations[std::string(attributes["Id"])] = {part, std::string(type.substr(type.rfind('/') + 1))};
  }
  void OnEnd(std::string_view) override {}
  void OnText(std::string_view) override {}

  Relations relations;

 private:
  const std::string folder_;
};

// Sheets with the names of their relations.
class WorkbookHandler : public XmlHandler {
 public:
  void OnStart(std::string_view name, const XmlAttributes& attributes) override {
    if (name == "sheet" && sheets.size() < kWorkbookSheets) {
      sheets.push_back({std::string(attributes["name"]), std::string(attributes["id"])});
    } else if (name == "workbookPr") {
      from_1904 = attributes["date1904"] == "1" || attributes["date1904"] == "true";
    }
  }
  void OnEnd(std::string_view) override {}
  void OnText(std::string_view) override {}

  std::vector<SheetPlace> sheets;
  bool from_1904 = false;
};

int IntegerOf(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// <numFmts> names formats by numbers, <cellXfs> are the styles that cells name.
class StylesHandler : public XmlHandler {
 public:
  explicit StylesHandler(std::vector<NumberFormat>& styles) : styles_(styles) {}
  void OnStart(std::string_view name, const XmlAttributes& attributes) override {
    if (name == "cellXfs") in_styles_ = true;
    if (name == "numFmt" && own_.size() < kWorkbookStyles) {
      own_[IntegerOf(attributes["numFmtId"])] = NumberFormatOfCode(attributes["formatCode"]);
    } else if (name == "xf" && in_styles_ && styles_.size() < kWorkbookStyles) {
      const int number = IntegerOf(attributes["numFmtId"]);
      const auto found = own_.find(number);
      styles_.push_back(found == own_.end() ? NumberFormatOfNumber(number) : found->second);
    }
  }
  void OnEnd(std::string_view name) override {
    if (name == "cellXfs") in_styles_ = false;
  }
  void OnText(std::string_view) override {}

 private:
  std::vector<NumberFormat>& styles_;
  std::map<int, NumberFormat> own_;
  bool in_styles_ = false;
};

absl::Status ReadPart(ZipArchive& archive, const std::string& name, XmlHandler& handler) {
  ASSIGN_OR_RETURN(const auto part, archive.OpenPart(name));
  return ReadXml(*part, handler);
}

// The relations of "xl/workbook.xml" stand in "xl/_rels/workbook.xml.rels".
absl::StatusOr<Relations> RelationsOf(ZipArchive& archive, const std::string& part) {
  const size_t slash = part.rfind('/') + 1;  // 0 where there is none
  RelationsHandler handler(part.substr(0, slash));
  RETURN_IF_ERROR(
      ReadPart(archive, part.substr(0, slash) + "_rels/" + part.substr(slash) + ".rels", handler));
  return std::move(handler.relations);
}

absl::StatusOr<std::string> WorkbookPart(ZipArchive& archive) {
  ASSIGN_OR_RETURN(const Relations relations, RelationsOf(archive, ""));
  for (const auto& [id, relation] : relations) {
    if (relation.type == "officeDocument") return relation.target;
  }
  return MakeError(Reason::kInvalidRequest, "the file is no workbook (.xlsx)");
}

}  // namespace

absl::StatusOr<WorkbookFrame> ReadWorkbookFrame(ZipArchive& archive) {
  WorkbookFrame frame;
  ASSIGN_OR_RETURN(const std::string workbook, WorkbookPart(archive));
  ASSIGN_OR_RETURN(const Relations relations, RelationsOf(archive, workbook));
  WorkbookHandler handler;
  RETURN_IF_ERROR(ReadPart(archive, workbook, handler));
  frame.from_1904 = handler.from_1904;
  for (SheetPlace& sheet : handler.sheets) {
    const auto relation = relations.find(sheet.part);
    // Charts and macros may have sheets of their own, without rows.
    if (relation == relations.end() || relation->second.type != "worksheet") continue;
    frame.sheets.push_back({std::move(sheet.name), relation->second.target});
  }
  for (const auto& [id, relation] : relations) {
    if (relation.type == "sharedStrings" && archive.Has(relation.target))
      frame.shared_texts = relation.target;
    if (relation.type != "styles" || !archive.Has(relation.target)) continue;
    StylesHandler styles(frame.styles);
    RETURN_IF_ERROR(ReadPart(archive, relation.target, styles));
  }
  return frame;
}

}  // namespace hangou
