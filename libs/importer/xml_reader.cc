#include "libs/importer/xml_reader.h"

#include <expat.h>

#include "libs/base/status.h"
#include "libs/importer/zip_file.h"

namespace hangou {
namespace {

std::string_view LocalName(std::string_view name) {
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

std::string_view XmlAttributes::operator[](std::string_view name) const {
  for (const char** pair = pairs_; *pair != nullptr; pair += 2) {
    if (LocalName(pair[0]) == name) return pair[1];
  }
  return {};
}

XmlReader::XmlReader(ZipPart& part, XmlHandler& handler)
    : part_(part), handler_(handler), parser_(XML_ParserCreate(nullptr)) {
  HANGOU_CHECK(parser_ != nullptr, "no memory for an XML parser");
  XML_SetUserData(parser_, this);
  XML_SetElementHandler(parser_, OnStart, OnEnd);
  XML_SetCharacterDataHandler(parser_, OnText);
  XML_SetStartDoctypeDeclHandler(parser_, OnDocumentType);
}

XmlReader::~XmlReader() { XML_ParserFree(parser_); }

absl::StatusOr<bool> XmlReader::Run() {
  while (!at_end_) {
    XML_Status status = XML_STATUS_OK;
    if (paused_) {
      paused_ = false;
      status = XML_ResumeParser(parser_);
    } else {
      ASSIGN_OR_RETURN(const std::string_view bytes, part_.Read());
      bytes_without_event_ += bytes.size();
      // The parser keeps what it could not use yet: its own buffer, not the part's.
      status = XML_Parse(parser_, bytes.data(), static_cast<int>(bytes.size()), bytes.empty() ? 1 : 0);
    }
    RETURN_IF_ERROR(error_);
    if (status == XML_STATUS_ERROR || bytes_without_event_ > kXmlTokenBytes) {
      return MakeError(
          Reason::kInvalidRequest,
          "the workbook is damaged: a part of it is not XML; save it again with the program that made it");
    }
    if (status == XML_STATUS_SUSPENDED) return true;
    XML_ParsingStatus parsing;
    XML_GetParsingStatus(parser_, &parsing);
    at_end_ = parsing.parsing == XML_FINISHED;
  }
  return false;
}

void XmlReader::Pause() {
  paused_ = true;
  XML_StopParser(parser_, XML_TRUE);
}

void XmlReader::Fail(absl::Status error) {
  if (error_.ok()) error_ = std::move(error);
  XML_StopParser(parser_, XML_FALSE);
}

void XmlReader::OnStart(void* self, const char* name, const char** attributes) {
  auto* const reader = static_cast<XmlReader*>(self);
  reader->bytes_without_event_ = 0;
  reader->handler_.OnStart(LocalName(name), XmlAttributes(attributes));
}

void XmlReader::OnEnd(void* self, const char* name) {
  auto* const reader = static_cast<XmlReader*>(self);
  reader->bytes_without_event_ = 0;
  reader->handler_.OnEnd(LocalName(name));
}

void XmlReader::OnText(void* self, const char* text, int length) {
  auto* const reader = static_cast<XmlReader*>(self);
  reader->bytes_without_event_ = 0;
  reader->handler_.OnText(std::string_view(text, static_cast<size_t>(length)));
}

void XmlReader::OnDocumentType(void* self, const char*, const char*, const char*, int) {
  static_cast<XmlReader*>(self)->Fail(
      MakeError(Reason::kInvalidRequest, "the workbook is refused: a part of it declares a document type"));
}

absl::Status ReadXml(ZipPart& part, XmlHandler& handler) {
  XmlReader reader(part, handler);
  return reader.Run().status();
}

}  // namespace hangou
