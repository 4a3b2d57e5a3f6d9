#include "libs/importer/mapping.h"

#include <yaml-cpp/yaml.h>

#include <set>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

// Takes one document apart. yaml-cpp throws; ParseMapping catches.
class MappingReader {
 public:
  explicit MappingReader(std::string name) : name_(std::move(name)) {}

  absl::StatusOr<ImportMapping> Read(const YAML::Node& document) const {
    if (!document.IsMap()) return ErrorAt(document, "a mapping is a map with the key \"columns\"");
    ImportMapping mapping;
    for (const auto& item : document) {
      const std::string key = item.first.Scalar();
      if (key == "resource") {
        mapping.resource = item.second.Scalar();
      } else if (key == "sheet") {
        mapping.sheet = item.second.Scalar();
      } else if (key == "encoding") {
        mapping.encoding = TextEncodingFromName(item.second.Scalar());
        if (!mapping.encoding)
          return ErrorAt(item.second, "the encoding is utf-8, utf-16le, utf-16be or gb18030");
      } else if (key == "columns") {
        RETURN_IF_ERROR(ReadColumns(item.second, &mapping));
      } else if (key == "constants") {
        RETURN_IF_ERROR(ReadConstants(item.second, &mapping));
      } else {
        return ErrorAt(item.first, "no such key; there are resource, sheet, encoding, columns and constants");
      }
    }
    return mapping;
  }

  absl::Status ErrorAt(const YAML::Node& node, const std::string& what) const {
    const int line = node.Mark().is_null() ? 1 : node.Mark().line + 1;
    return MakeError(Reason::kInvalidRequest, name_ + ":" + std::to_string(line) + ": " + what);
  }

 private:
  absl::Status ReadColumns(const YAML::Node& node, ImportMapping* mapping) const {
    if (!node.IsMap()) return ErrorAt(node, "\"columns\" is a map of titles");
    std::set<std::string> seen;
    for (const auto& item : node) {
      ColumnMapping column;
      column.column = item.first.Scalar();
      if (!seen.insert(PlainTitle(column.column)).second)
        return ErrorAt(item.first, "the column stands twice");
      if (item.second.IsScalar()) {
        // "ignore", or the field alone.
        if (item.second.Scalar() != "ignore") column.field = item.second.Scalar();
      } else {
        RETURN_IF_ERROR(ReadColumn(item.second, &column));
      }
      mapping->columns.push_back(std::move(column));
    }
    return absl::OkStatus();
  }

  absl::Status ReadColumn(const YAML::Node& node, ColumnMapping* column) const {
    if (!node.IsMap())
      return ErrorAt(node, "a column is \"ignore\", a field, or a map with the key \"field\"");
    for (const auto& item : node) {
      const std::string key = item.first.Scalar();
      if (key == "field") {
        column->field = item.second.Scalar();
      } else if (key == "unit") {
        column->unit = item.second.Scalar();
      } else if (key == "to") {
        column->to = item.second.Scalar();
      } else if (key == "trim") {
        column->trim = item.second.as<bool>();
      } else if (key == "date") {
        RETURN_IF_ERROR(ReadDates(item.second, column));
      } else if (key == "values") {
        if (!item.second.IsMap()) return ErrorAt(item.second, "\"values\" is a map of values");
        for (const auto& value : item.second) column->values[value.first.Scalar()] = value.second.Scalar();
      } else {
        return ErrorAt(item.first, "no such key; there are field, unit, to, trim, date and values");
      }
    }
    return column->field.empty() ? ErrorAt(node, "the key \"field\" is missing") : absl::OkStatus();
  }

  absl::Status ReadDates(const YAML::Node& node, ColumnMapping* column) const {
    if (node.IsScalar()) {
      column->dates.push_back(node.Scalar());
      return absl::OkStatus();
    }
    if (!node.IsSequence()) return ErrorAt(node, "\"date\" is a pattern or a list of them");
    for (const auto& pattern : node) column->dates.push_back(pattern.Scalar());
    return absl::OkStatus();
  }

  absl::Status ReadConstants(const YAML::Node& node, ImportMapping* mapping) const {
    if (!node.IsMap()) return ErrorAt(node, "\"constants\" is a map of fields");
    for (const auto& item : node) mapping->constants.emplace_back(item.first.Scalar(), item.second.Scalar());
    return absl::OkStatus();
  }

  const std::string name_;
};

// A text in YAML, quoted, so that no title means something else there.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '\n') {
      quoted += "\\n";
      continue;
    }
    if (c == '\r') {
      quoted += "\\r";
      continue;
    }
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

}  // namespace

absl::StatusOr<ImportMapping> ParseMapping(const std::string& yaml, const std::string& name) {
  const MappingReader reader(name);
  if (!IsValidUtf8(yaml)) return MakeError(Reason::kInvalidRequest, name + ":1: not UTF-8");
  try {
    return reader.Read(YAML::Load(yaml));
  } catch (const YAML::Exception& error) {
    return MakeError(Reason::kInvalidRequest,
                     name + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

absl::StatusOr<ImportMapping> LoadMapping(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path, kMappingBytes));
  return ParseMapping(yaml, path);
}

std::string PlainTitle(std::string_view title) {
  std::string plain;
  for (size_t i = 0; i < title.size(); ++i) {
    const std::string_view rest = title.substr(i);
    if (rest.starts_with("\xE3\x80\x80") || rest.starts_with("\xE2\x80\x8B") ||
        rest.starts_with("\xEF\xBB\xBF")) {
      i += 2;  // ideographic space, zero-width space, byte order mark
    } else if (rest.starts_with("\xC2\xA0")) {
      i += 1;  // no-break space
    } else if (rest.size() >= 3 && rest[0] == '\xEF' && (rest[1] == '\xBC' || rest[1] == '\xBD') &&
               !(rest[1] == '\xBD' && static_cast<unsigned char>(rest[2]) > 0x9E)) {
      // U+FF01 to U+FF5E are the full-width forms of "!" to "~".
      const int offset = (rest[1] == '\xBC' ? 0 : 0x40) + static_cast<unsigned char>(rest[2]) - 0x80;
      plain.push_back(static_cast<char>(0x20 + offset));
      i += 2;
    } else if (title[i] != ' ' && title[i] != '\t' && title[i] != '\r' && title[i] != '\n') {
      plain.push_back(title[i]);
    }
  }
  return plain;
}

std::string MappingToStartFrom(const ResourceSchema& schema, const std::vector<std::string>& columns) {
  std::string text =
      "# Columns of the file, and the field that each is. Keys of a column: field, trim, unit, to, date,\n"
      "# values; or \"ignore\" in place of all.\nresource: " +
      schema.name().substr(schema.name().find('/') + 1) + "\ncolumns:\n";
  std::set<int> used;
  for (const std::string& column : columns) {
    const int index = IndexOfTitle(schema, column);
    if (index >= 0) used.insert(index);
    const bool kept = index >= 0 || column.starts_with('@');
    text +=
        "  " + Quoted(column) + ": " +
        (kept ? "{field: " + (index >= 0 ? schema.fields()[index].name : Quoted(column)) + "}" : "ignore") +
        "\n";
  }
  text += "# Values of fields that the file does not have, such as \"state: normal\".\nconstants: {}\n";
  for (size_t i = 0; i < schema.fields().size(); ++i) {
    const FieldSchema& field = schema.fields()[i];
    if (used.contains(static_cast<int>(i))) continue;
    text +=
        "# not in the file: " + field.name + " " + field.title + (field.required ? ", required" : "") + "\n";
  }
  return text;
}

int IndexOfTitle(const ResourceSchema& schema, std::string_view title) {
  const std::string plain = PlainTitle(title);
  if (const int index = schema.IndexOfName(plain); index >= 0) return index;
  int found = -1;
  for (size_t i = 0; i < schema.fields().size(); ++i) {
    if (PlainTitle(schema.fields()[i].title) != plain) continue;
    if (found >= 0) return -1;  // two fields have this title
    found = static_cast<int>(i);
  }
  return found;
}

}  // namespace hangou
