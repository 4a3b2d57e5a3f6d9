// The XML of a workbook's parts, as events.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct XML_ParserStruct;

namespace hangou {

class ZipPart;

// Bytes without any event: a tag or a comment is never so long.
constexpr size_t kXmlTokenBytes = 1 << 20;

// The attributes of an element. Names come without their prefix, as those of elements do: writers choose prefixes.
class XmlAttributes {
 public:
  explicit XmlAttributes(const char** pairs) : pairs_(pairs) {}
  // The value of an attribute; empty where there is none.
  std::string_view operator[](std::string_view name) const;

 private:
  const char** pairs_;
};

// Takes the events of a part.
class XmlHandler {
 public:
  virtual ~XmlHandler() = default;
  virtual void OnStart(std::string_view name, const XmlAttributes& attributes) = 0;
  virtual void OnEnd(std::string_view name) = 0;
  virtual void OnText(std::string_view text) = 0;
};

// Reads one part. What has a document type is refused: no workbook has one, and it is what attacks are made of. Not
// thread-safe; part and handler outlive it.
class XmlReader {
 public:
  XmlReader(ZipPart& part, XmlHandler& handler);
  ~XmlReader();
  XmlReader(const XmlReader&) = delete;
  XmlReader& operator=(const XmlReader&) = delete;

  // Reads on until the handler pauses it (true) or the part ends (false). INVALID_REQUEST where the part is damaged,
  // or the error that the handler gave.
  absl::StatusOr<bool> Run();
  // For handlers: Run returns behind this event.
  void Pause();
  // For handlers: Run returns this error.
  void Fail(absl::Status error);

 private:
  static void OnStart(void* self, const char* name, const char** attributes);
  static void OnEnd(void* self, const char* name);
  static void OnText(void* self, const char* text, int length);
  static void OnDocumentType(void* self, const char*, const char*, const char*, int);

  ZipPart& part_;
  XmlHandler& handler_;
  XML_ParserStruct* const parser_;
  bool paused_ = false;
  bool at_end_ = false;
  size_t bytes_without_event_ = 0;
  absl::Status error_;
};

// Reads a whole part. For parts that are small, or whose handler keeps little.
absl::Status ReadXml(ZipPart& part, XmlHandler& handler);

}  // namespace hangou
