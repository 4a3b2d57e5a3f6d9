// What holds for every file that somebody hands in. Used by the property test and by libFuzzer.
#pragma once

#include <zip.h>

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/importer/encoding.h"
#include "libs/importer/workbook_for_test.h"
#include "libs/importer/xlsx_source.h"

namespace hangou::fuzz {

// The rows of a source that can be read, each as CSV; `wrong` tells what must not be.
inline std::vector<std::vector<std::string>> GoodRows(RowSource& source, std::string* wrong) {
  std::vector<std::vector<std::string>> good;
  Row row;
  while (true) {
    const absl::StatusOr<bool> some = source.Next(&row);
    if (!some.ok() || !*some) return good;
    if (!row.error.empty()) continue;
    if (row.names.empty() && row.values.size() != source.columns().size()) *wrong = "a row of other columns";
    if (!row.names.empty() && row.values.size() != row.names.size()) *wrong = "values without names";
    for (const std::string& value : row.values) {
      if (!IsValidUtf8(value)) *wrong = "a value that is not UTF-8";
    }
    if (row.raw.size() > 3 * kRowBytes) *wrong = "a row beyond the limit";
    good.push_back(row.values);
  }
}

inline std::string CsvLine(const std::vector<std::string>& values) {
  std::string line;
  for (size_t i = 0; i < values.size(); ++i) line += (i == 0 ? "" : ",") + CsvCell(values[i]);
  // A row of one empty cell would be an empty line, which is passed over.
  return (line.empty() ? "\"\"" : line) + "\n";
}

// Text in some encoding is read without harm, and what was read is read again from what is written.
inline std::string CheckTextFile(TextEncoding encoding, const std::string& bytes) {
  std::istringstream in(bytes);
  DecodedStream decoded(in, encoding);
  const auto source = OpenCsv(decoded);
  std::string wrong;
  if (source.ok()) {
    const auto rows = GoodRows(**source, &wrong);
    // A byte order mark, so that one in the first title is not taken for that of the file.
    std::string text = "\xEF\xBB\xBF" + CsvLine((*source)->columns());
    for (const auto& row : rows) text += CsvLine(row);
    std::istringstream again(text);
    const auto second = OpenCsv(again);
    if (!second.ok() || (*second)->columns() != (*source)->columns() || GoodRows(**second, &wrong) != rows)
      wrong = "rows are others when they are read again";
  }
  std::istringstream lines(bytes);
  DecodedStream decoded_lines(lines, encoding);
  GoodRows(*OpenNdjson(decoded_lines), &wrong);
  return wrong;
}

// An archive of these parts.
inline std::string ArchiveOf(const WorkbookParts& parts) {
  zip_error_t error;
  zip_source_t* const bytes = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(bytes);
  zip_t* const archive = zip_open_from_source(bytes, ZIP_TRUNCATE, &error);
  for (const auto& [name, content] : parts) {
    const zip_int64_t index =
        zip_file_add(archive, name.c_str(), zip_source_buffer(archive, content.data(), content.size(), 0),
                     ZIP_FL_ENC_UTF_8);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
  }
  HANGOU_CHECK(zip_close(archive) == 0, "no archive");
  zip_stat_t stat;
  zip_source_stat(bytes, &stat);
  std::string written(stat.size, '\0');
  zip_source_open(bytes);
  HANGOU_CHECK(
      zip_source_read(bytes, written.data(), written.size()) == static_cast<zip_int64_t>(written.size()),
      "no archive");
  zip_source_close(bytes);
  zip_source_free(bytes);
  return written;
}

// Bytes are read as a workbook without harm.
inline std::string CheckWorkbook(const std::string& bytes) {
  std::string wrong;
  auto archive = ZipArchive::OpenBytes(bytes);
  if (!archive.ok()) return "";
  const auto source = XlsxSource::Open(*std::move(archive), "");
  if (source.ok()) GoodRows(**source, &wrong);
  return wrong;
}

// The same of a workbook of which one part is `bytes`; 0 takes them for the whole archive.
inline std::string CheckPart(uint8_t which, const std::string& bytes) {
  WorkbookParts parts = PartsForTest("<row><c t=\"s\"><v>0</v></c></row><row><c><v>1</v></c></row>");
  if (which % (parts.size() + 1) == 0) return CheckWorkbook(bytes);
  auto part = parts.begin();
  std::advance(part, which % (parts.size() + 1) - 1);
  part->second = bytes;
  return CheckWorkbook(ArchiveOf(parts));
}

}  // namespace hangou::fuzz
