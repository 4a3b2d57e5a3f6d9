#include "libs/yaml/documents.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "libs/base/file.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Reads the documents of one file.
class FileLoader {
 public:
  FileLoader(std::string path, const YamlReader& reader) : path_(std::move(path)), reader_(reader) {}

  absl::Status Load();

 private:
  absl::Status ErrorAt(const YAML::Node& node, const std::string& what) const {
    const int line = node.Mark().is_null() ? 1 : node.Mark().line + 1;
    return MakeError(Reason::kInvalidObject, path_ + ":" + std::to_string(line) + ": " + what);
  }
  absl::Status LoadDocument(const YAML::Node& node);
  absl::Status FillSpecial(const YAML::Node& key, const YAML::Node& value, bool is_document,
                           Message* message);
  absl::Status FillMessage(const YAML::Node& node, bool is_document, Message* message);
  absl::Status FillField(const YAML::Node& key, const YAML::Node& value, Message* message);
  absl::Status FillRepeated(const YAML::Node& value, const FieldDescriptor* field, Message* message);
  absl::Status FillLineOfText(const YAML::Node& value, Message* message);
  absl::Status FillScalar(const YAML::Node& value, const FieldDescriptor* field, Message* message);
  absl::Status FillEnum(const YAML::Node& value, const FieldDescriptor* field, Message* message);

  const std::string path_;
  const YamlReader& reader_;
};

// FIELD_TYPE_ of FieldType.
std::string PrefixOf(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    if (c >= 'A' && c <= 'Z' && !prefix.empty()) prefix += '_';
    prefix += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return prefix + "_";
}

std::string Upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

// The values that a person may write, joined for a message.
std::string ChoicesOf(const EnumDescriptor& type) {
  const std::string prefix = PrefixOf(type);
  std::string choices;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() == 0) continue;
    if (!choices.empty()) choices += ", ";
    for (const char c : type.value(i)->name().substr(prefix.size())) {
      choices += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
  }
  return choices;
}

// An expression, say: its text, and where it stands.
bool IsLineOfText(const Message& message) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  return type.field_count() == 2 && type.FindFieldByName("text") != nullptr &&
         type.FindFieldByName("line") != nullptr;
}

absl::Status FileLoader::Load() {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path_, limits::kApplyBytes));
  if (!IsValidUtf8(text)) return MakeError(Reason::kInvalidObject, path_ + ":1: not UTF-8");
  std::vector<YAML::Node> documents;
  try {
    documents = YAML::LoadAll(text);
  } catch (const YAML::Exception& error) {
    return MakeError(Reason::kInvalidObject,
                     path_ + ":" + std::to_string(error.mark.line + 1) + ": not YAML: " + error.msg);
  }
  for (const YAML::Node& document : documents) {
    if (document.IsNull()) continue;
    try {
      RETURN_IF_ERROR(LoadDocument(document));
    } catch (const YAML::Exception& error) {
      return ErrorAt(document, "not YAML: " + error.msg);
    }
  }
  return absl::OkStatus();
}

absl::Status FileLoader::LoadDocument(const YAML::Node& node) {
  if (!node.IsMap()) return ErrorAt(node, "a document is a map that begins with its kind");
  const YAML::Node kind = node["kind"];
  if (!kind || !kind.IsScalar()) return ErrorAt(node, "the key \"kind\" is missing");
  Message* const document = reader_.add();
  const google::protobuf::OneofDescriptor& kinds = *document->GetDescriptor()->oneof_decl(0);
  std::string choices;
  for (int i = 0; i < kinds.field_count(); ++i) {
    const FieldDescriptor* field = kinds.field(i);
    const std::string& name = field->message_type()->name();
    if (name == kind.Scalar())
      return FillMessage(node, true, document->GetReflection()->MutableMessage(document, field));
    choices += (choices.empty() ? "" : ", ") + name;
  }
  return ErrorAt(kind, "no such kind; one of " + choices);
}

absl::Status FileLoader::FillMessage(const YAML::Node& node, bool is_document, Message* message) {
  if (!node.IsMap()) return ErrorAt(node, "a map of keys is needed here");
  std::set<std::string> seen;
  for (const auto& item : node) {
    if (!item.first.IsScalar()) return ErrorAt(item.first, "a key is a word");
    const std::string& key = item.first.Scalar();
    if (!seen.insert(key).second) return ErrorAt(item.first, "the key \"" + key + "\" stands twice");
    if (is_document && key == "kind") continue;
    if (message->GetDescriptor()->FindFieldByName(key) == nullptr) {
      RETURN_IF_ERROR(FillSpecial(item.first, item.second, is_document, message));
    } else {
      RETURN_IF_ERROR(FillField(item.first, item.second, message));
    }
  }
  return absl::OkStatus();
}

absl::Status FileLoader::FillSpecial(const YAML::Node& key, const YAML::Node& value, bool is_document,
                                     Message* message) {
  if (is_document && reader_.special && value.IsScalar()) {
    const auto taken = reader_.special(key.Scalar(), value.Scalar(), path_, message);
    if (!taken.ok()) return ErrorAt(value, std::string(hangou::Message(taken.status())));
    if (*taken) return absl::OkStatus();
  }
  return ErrorAt(key, message->GetDescriptor()->name() + " has no key \"" + key.Scalar() + "\"");
}

absl::Status FileLoader::FillField(const YAML::Node& key, const YAML::Node& value, Message* message) {
  const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(key.Scalar());
  if (field->is_repeated()) return FillRepeated(value, field, message);
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    Message* const part = message->GetReflection()->MutableMessage(message, field);
    return IsLineOfText(*part) ? FillLineOfText(value, part) : FillMessage(value, false, part);
  }
  if (!value.IsScalar()) return ErrorAt(value.IsNull() ? key : value, "a single value is needed here");
  return FillScalar(value, field, message);
}

absl::Status FileLoader::FillLineOfText(const YAML::Node& value, Message* message) {
  if (!value.IsScalar()) return ErrorAt(value, "a single value is needed here");
  const google::protobuf::Descriptor& type = *message->GetDescriptor();
  message->GetReflection()->SetString(message, type.FindFieldByName("text"), value.Scalar());
  message->GetReflection()->SetUInt32(message, type.FindFieldByName("line"),
                                      static_cast<uint32_t>(value.Mark().line + 1));
  return absl::OkStatus();
}

absl::Status FileLoader::FillRepeated(const YAML::Node& value, const FieldDescriptor* field,
                                      Message* message) {
  if (!value.IsSequence()) return ErrorAt(value, "a list is needed for " + field->name());
  for (const YAML::Node& item : value) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Message* const part = message->GetReflection()->AddMessage(message, field);
      RETURN_IF_ERROR(IsLineOfText(*part) ? FillLineOfText(item, part) : FillMessage(item, false, part));
    } else if (!item.IsScalar()) {
      return ErrorAt(item, "a list of single values is needed for " + field->name());
    } else {
      message->GetReflection()->AddString(message, field, item.Scalar());
    }
  }
  return absl::OkStatus();
}

absl::Status FileLoader::FillScalar(const YAML::Node& value, const FieldDescriptor* field, Message* message) {
  const std::string& text = value.Scalar();
  const google::protobuf::Reflection* reflection = message->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection->SetString(message, field, text);
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_ENUM:
      return FillEnum(value, field, message);
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") return ErrorAt(value, field->name() + " is true or false");
      reflection->SetBool(message, field, text == "true");
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_UINT32: {
      uint32_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size()) {
        return ErrorAt(value, field->name() + " is a whole number from 0");
      }
      reflection->SetUInt32(message, field, number);
      return absl::OkStatus();
    }
    default:
      return ErrorAt(value, field->name() + " cannot be declared");
  }
}

absl::Status FileLoader::FillEnum(const YAML::Node& value, const FieldDescriptor* field, Message* message) {
  const EnumDescriptor& type = *field->enum_type();
  const std::string& text = value.Scalar();
  const bool lower = std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  const EnumValueDescriptor* found = type.FindValueByName(PrefixOf(type) + Upper(text));
  if (!lower || found == nullptr || found->number() == 0) {
    return ErrorAt(value, field->name() + " is one of " + ChoicesOf(type));
  }
  message->GetReflection()->SetEnum(message, field, found);
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadYaml(const std::string& path, const YamlReader& reader) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    for (auto entry = fs::recursive_directory_iterator(path, error); !error && entry != fs::end(entry);
         entry.increment(error)) {
      const std::string extension = entry->path().extension();
      if (entry->is_regular_file() && (extension == ".yaml" || extension == ".yml"))
        files.push_back(entry->path());
    }
    if (error) return MakeError(Reason::kInvalidRequest, path + ": " + error.message());
    if (files.empty()) return MakeError(Reason::kInvalidRequest, path + ": no *.yaml file is in this folder");
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  for (const std::string& file : files) RETURN_IF_ERROR(FileLoader(file, reader).Load());
  return absl::OkStatus();
}

}  // namespace hangou
