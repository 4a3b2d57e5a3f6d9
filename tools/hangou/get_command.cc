// hangou get: lists what the catalog holds.
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <optional>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/table.h"
#include "tools/hangou/words.h"

namespace hangou {

using namespace hangou::catalog::v1;  // NOLINT: this file is about these messages

namespace {

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::vector<std::string> Head(ObjectKind kind) {
  switch (kind) {
    case OBJECT_KIND_DEPARTMENT:
      return {"NAME", "TITLE", "USCC"};
    case OBJECT_KIND_PURPOSE:
      return {"NAME", "TITLE", "DEPARTMENTS", "LEGAL BASIS"};
    case OBJECT_KIND_CODE_LIST:
      return {"NAME", "TITLE", "CODES", "SOURCE"};
    case OBJECT_KIND_RESOURCE:
      return {"NAME", "TITLE", "LIBRARY", "SHARING", "PROVIDERS", "FIELDS", "REVISION"};
    case OBJECT_KIND_NEGATIVE_LIST_ENTRY:
      return {"NAME", "RESOURCE", "FIELD", "NOT FOR", "LEGAL BASIS", "REVIEW"};
    default:
      return {"NAME", "RESOURCE", "DEPARTMENT", "PURPOSES", "FIELDS", "UNTIL"};
  }
}

std::vector<std::string> GrantRow(const Grant& grant) {
  std::string fields;
  for (const auto& field : grant.fields()) {
    const std::string level = Word(hangou::record::v1::Permission_Name(field.permission()), "PERMISSION_");
    fields += (fields.empty() ? "" : ",") + field.field() + (level == "full" ? "" : ":" + level);
  }
  return {grant.name(), grant.resource(),   grant.department(), Joined(grant.purposes()),
          fields,       grant.valid_until()};
}

std::vector<std::string> RowOf(const CatalogObject& object) {
  switch (object.object_case()) {
    case CatalogObject::kDepartment:
      return {object.department().name(), object.department().title(), object.department().uscc()};
    case CatalogObject::kPurpose: {
      const Purpose& purpose = object.purpose();
      return {purpose.name(), purpose.title(), Joined(purpose.departments()), purpose.legal_basis()};
    }
    case CatalogObject::kCodeList: {
      const CodeList& list = object.code_list();
      return {list.name(), list.title(), std::to_string(list.codes_size()), list.source()};
    }
    case CatalogObject::kResource: {
      const Resource& resource = object.resource();
      return {resource.name(),
              resource.title(),
              resource.library(),
              SharingWord(resource.sharing()),
              Joined(resource.providers()),
              std::to_string(resource.fields_size()),
              std::to_string(resource.schema_revision())};
    }
    case CatalogObject::kNegativeListEntry: {
      const NegativeListEntry& entry = object.negative_list_entry();
      return {entry.name(),
              entry.resource(),
              entry.field().empty() ? "all" : entry.field(),
              entry.departments().empty() ? "all" : Joined(entry.departments()),
              entry.legal_basis(),
              entry.review_date()};
    }
    default:
      return GrantRow(object.grant());
  }
}

std::string Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  // Fails for Any messages of unknown type only; the catalog has none.
  (void)google::protobuf::util::MessageToJsonString(message, &text, options);
  return text + "\n";
}

absl::StatusOr<int> GetChanges(const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto changes, client->ListChanges());
  Table table({"CHANGE", "APPLIED", "BY", "WHAT IT LOOSENS"});
  for (const Change& change : changes) {
    if (globals.json()) Print(Json(change));
    for (int i = 0; i < std::max(change.notes_size(), 1); ++i) {
      const std::string note = i < change.notes_size() ? change.notes(i) : "";
      if (i == 0) table.AddRow({change.id(), FormatInstant(change.applied_us()), change.applied_by(), note});
      if (i > 0) table.AddRow({"", "", "", note});
    }
  }
  if (!globals.json()) Print(table.ToText());
  return kExitDone;
}

absl::StatusOr<int> Get(const std::string& word, const std::string& name, const Globals& globals) {
  if (word == "changes" || word == "change") return GetChanges(globals);
  const std::optional<ObjectKind> kind = KindFromWord(word);
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  std::vector<CatalogObject> objects;
  if (name.empty()) {
    ASSIGN_OR_RETURN(objects, client->ListObjects(*kind));
  } else {
    ASSIGN_OR_RETURN(auto object,
                     client->GetObject(*kind, *kind == OBJECT_KIND_RESOURCE ? FullResourceName(name) : name));
    objects.push_back(std::move(object));
  }
  Table table(Head(*kind));
  for (const CatalogObject& object : objects) {
    if (globals.json()) Print(Json(object));
    table.AddRow(RowOf(object));
  }
  if (!globals.json()) Print(table.ToText());
  return kExitDone;
}

}  // namespace

void AddGetCommand(Flags app, CommandLine* line) {
  auto kind = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  const Flags command = app.Sub("get", "List objects of the catalog, or one of them");
  command
      .Add("KIND", kind.get(),
           "departments, purposes, code-lists, resources, negative-list, grants or changes")
      .Required()
      .Check([](const std::string& word) {
        const bool known = word == "changes" || word == "change" || KindFromWord(word).has_value();
        return known ? std::string() : "the catalog has no " + word;
      });
  command.Add("NAME", name.get(), "only the object of this name");
  command.Footer(
      "With -o json every object is one line, with all it has.\n\n"
      "Examples:\n"
      "  hangou get resources\n"
      "  hangou get resources psb.resident -o json\n"
      "  hangou get changes");
  command.Callback(
      [kind, name, line] { line->action = [kind, name, line] { return Get(*kind, *name, line->globals); }; });
}

}  // namespace hangou
