// The loader is generic: keys are the names of the proto fields, enum values their names without the prefix of
// the enum, in lower case. What a kind may contain is told by its message and nowhere else.
#include "libs/policy/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/file.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/policy/code_file.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Reads the documents of one file.
class FileLoader {
 public:
  explicit FileLoader(std::string path) : path_(std::move(path)) {}

  // Appends the objects of the file to `objects`.
  absl::Status Load(std::vector<v1::CatalogObject>* objects);

 private:
  absl::Status ErrorAt(const YAML::Node& node, const std::string& what) const {
    const int line = node.Mark().is_null() ? 1 : node.Mark().line + 1;
    return MakeError(Reason::kInvalidObject, path_ + ":" + std::to_string(line) + ": " + what);
  }
  absl::Status LoadDocument(const YAML::Node& node, v1::CatalogObject* object);
  absl::Status FillMessage(const YAML::Node& node, bool is_document, Message* message);
  absl::Status FillField(const YAML::Node& key, const YAML::Node& value, Message* message);
  absl::Status FillRepeated(const YAML::Node& value, const FieldDescriptor* field, Message* message);
  absl::Status FillScalar(const YAML::Node& value, const FieldDescriptor* field, Message* message);
  absl::Status FillEnum(const YAML::Node& value, const FieldDescriptor* field, Message* message);
  absl::Status FillCodes(const YAML::Node& value, Message* message);

  const std::string path_;
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

absl::Status FileLoader::Load(std::vector<v1::CatalogObject>* objects) {
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
    v1::CatalogObject object;
    try {
      RETURN_IF_ERROR(LoadDocument(document, &object));
    } catch (const YAML::Exception& error) {
      return ErrorAt(document, "not YAML: " + error.msg);
    }
    objects->push_back(std::move(object));
  }
  return absl::OkStatus();
}

absl::Status FileLoader::LoadDocument(const YAML::Node& node, v1::CatalogObject* object) {
  if (!node.IsMap()) return ErrorAt(node, "a document is a map that begins with its kind");
  const YAML::Node kind = node["kind"];
  if (!kind || !kind.IsScalar()) return ErrorAt(node, "the key \"kind\" is missing");
  const google::protobuf::Descriptor* type = v1::CatalogObject::descriptor();
  for (int i = 0; i < type->oneof_decl(0)->field_count(); ++i) {
    const FieldDescriptor* field = type->oneof_decl(0)->field(i);
    if (field->message_type()->name() != kind.Scalar()) continue;
    return FillMessage(node, true, object->GetReflection()->MutableMessage(object, field));
  }
  return ErrorAt(kind,
                 "no such kind; one of Department, Purpose, CodeList, Resource, NegativeListEntry, Grant");
}

absl::Status FileLoader::FillMessage(const YAML::Node& node, bool is_document, Message* message) {
  if (!node.IsMap()) return ErrorAt(node, "a map of keys is needed here");
  std::set<std::string> seen;
  for (const auto& item : node) {
    if (!item.first.IsScalar()) return ErrorAt(item.first, "a key is a word");
    const std::string& key = item.first.Scalar();
    if (!seen.insert(key).second) return ErrorAt(item.first, "the key \"" + key + "\" stands twice");
    if (is_document && key == "kind") continue;
    if (is_document && key == "file" && message->GetDescriptor() == v1::CodeList::descriptor()) {
      RETURN_IF_ERROR(FillCodes(item.second, message));
    } else {
      RETURN_IF_ERROR(FillField(item.first, item.second, message));
    }
  }
  return absl::OkStatus();
}

absl::Status FileLoader::FillField(const YAML::Node& key, const YAML::Node& value, Message* message) {
  const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(key.Scalar());
  if (field == nullptr) {
    return ErrorAt(key, message->GetDescriptor()->name() + " has no key \"" + key.Scalar() + "\"");
  }
  if (field->is_repeated()) return FillRepeated(value, field, message);
  if (!value.IsScalar()) return ErrorAt(value.IsNull() ? key : value, "a single value is needed here");
  return FillScalar(value, field, message);
}

absl::Status FileLoader::FillRepeated(const YAML::Node& value, const FieldDescriptor* field,
                                      Message* message) {
  if (!value.IsSequence()) return ErrorAt(value, "a list is needed for " + field->name());
  for (const YAML::Node& item : value) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      RETURN_IF_ERROR(FillMessage(item, false, message->GetReflection()->AddMessage(message, field)));
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

absl::Status FileLoader::FillCodes(const YAML::Node& value, Message* message) {
  if (!value.IsScalar()) return ErrorAt(value, "file is the name of a CSV file beside this one");
  auto* list = dynamic_cast<v1::CodeList*>(message);
  const std::filesystem::path file = std::filesystem::path(path_).parent_path() / value.Scalar();
  if (absl::Status status = ReadCodeFile(file.string(), list); !status.ok()) {
    return ErrorAt(value, std::string(hangou::Message(status)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<v1::CatalogObject>> LoadObjects(const std::string& path) {
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
  std::vector<v1::CatalogObject> objects;
  for (const std::string& file : files) RETURN_IF_ERROR(FileLoader(file).Load(&objects));
  return objects;
}

}  // namespace hangou
