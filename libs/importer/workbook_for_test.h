// Workbooks for tests: parts that a test writes by hand.
#pragma once

#include <zip.h>

#include <map>
#include <string>

#include "libs/base/status.h"

namespace hangou {

// Names of the parts, and their contents.
using WorkbookParts = std::map<std::string, std::string>;

// A workbook of one sheet "S" with these rows (what stands in <sheetData>), styles: 0 general, 1 yyyy-mm-dd,
// 2 yyyy-mm-dd hh:mm, and shared texts "one" and "二".
inline WorkbookParts PartsForTest(const std::string& rows) {
  const std::string types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";
  return {
      {"_rels/.rels", "<Relationships><Relationship Id=\"r1\" Type=\"" + types +
                          "officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"},
      {"xl/_rels/workbook.xml.rels",
       "<Relationships><Relationship Id=\"a\" Type=\"" + types +
           "worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"b\" Type=\"" + types +
           "styles\" Target=\"/xl/styles.xml\"/><Relationship Id=\"c\" Type=\"" + types +
           "sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"},
      {"xl/workbook.xml",
       "<workbook><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"a\"/></sheets></workbook>"},
      {"xl/styles.xml",
       "<styleSheet><numFmts><numFmt numFmtId=\"170\" formatCode=\"yyyy\\-mm\\-dd hh:mm\"/></numFmts>"
       "<cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>"
       "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"170\"/></cellXfs></styleSheet>"},
      {"xl/sharedStrings.xml", "<sst><si><t>one</t></si><si><r><t>二</t></r><rPh><t>er</t></rPh></si></sst>"},
      {"xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + rows + "</sheetData></worksheet>"}};
}

// Writes a workbook of these parts.
inline void WriteParts(const WorkbookParts& parts, const std::string& path) {
  int error = 0;
  zip_t* const archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  HANGOU_CHECK(archive != nullptr, "cannot write " + path);
  for (const auto& [name, content] : parts) {
    zip_source_t* const source = zip_source_buffer(archive, content.data(), content.size(), 0);
    HANGOU_CHECK(zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8) >= 0, "cannot add " + name);
  }
  HANGOU_CHECK(zip_close(archive) == 0, "cannot write " + path);
}

}  // namespace hangou
