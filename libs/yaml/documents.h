// YAML documents as protobuf messages: what people declare in files.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace hangou {

// How documents become messages. A document is a map that begins with its kind; the kinds are the messages of the first
// oneof of a message that holds any of them. Keys are names of proto fields, enum values their names without the prefix
// of the enum, in lower case. A message whose fields are `text` and `line` is written as a single value, and told the
// line that it stands in.
struct YamlReader {
  // Makes the message that holds the next document.
  std::function<google::protobuf::Message*()> add;
  // Takes a key of a document that is no field of its kind, and returns true; `file` is the document's. False: unknown.
  // May be empty.
  std::function<absl::StatusOr<bool>(const std::string& key, const std::string& value,
                                     const std::string& file, google::protobuf::Message* message)>
      special;
};

// Reads a file, or every *.yaml and *.yml below a folder in the order of their paths; a file may hold several
// documents. INVALID_OBJECT with file and line where something is wrong; unknown keys are wrong.
absl::Status ReadYaml(const std::string& path, const YamlReader& reader);

}  // namespace hangou
