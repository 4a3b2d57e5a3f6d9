// hangou describe resource: fields, rules, sharing, and what a department may read.
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/record_view.h"
#include "tools/hangou/table.h"
#include "tools/hangou/words.h"

namespace hangou {

using namespace hangou::catalog::v1;  // NOLINT: this file is about these messages

namespace {

struct DescribeFlags {
  std::string name;
  bool proto = false;
  std::string department;
  std::string purpose;

  bool explain() const { return !department.empty() || !purpose.empty(); }
};

void AddRule(const std::string& rule, std::string* rules) { *rules += (rules->empty() ? "" : ", ") + rule; }

std::string RulesText(const Field& field) {
  std::string rules;
  if (field.required()) AddRule("required", &rules);
  if (field.min_length() > 0)
    AddRule("at least " + std::to_string(field.min_length()) + " characters", &rules);
  if (field.max_length() > 0)
    AddRule("at most " + std::to_string(field.max_length()) + " characters", &rules);
  if (!field.min().empty() || !field.max().empty()) AddRule(field.min() + ".." + field.max(), &rules);
  if (!field.pattern().empty()) AddRule("/" + field.pattern() + "/", &rules);
  if (!field.code_list().empty()) AddRule("code of " + field.code_list(), &rules);
  if (!field.birth_date_of().empty()) AddRule("birth date of " + field.birth_date_of(), &rules);
  return rules;
}

std::string TypeText(const Field& field) {
  std::string text = Word(FieldType_Name(field.type()), "FIELD_TYPE_");
  if (field.type() == FIELD_TYPE_DECIMAL) text += "(" + std::to_string(field.scale()) + ")";
  return text;
}

std::string HeadText(const Resource& resource) {
  std::string providers;
  for (const std::string& provider : resource.providers())
    providers += (providers.empty() ? "" : ", ") + provider;
  std::string key;
  for (const std::string& field : resource.record_key_fields()) key += (key.empty() ? "" : ", ") + field;
  std::string versions = Word(Versioning_Name(resource.versioning()), "VERSIONING_");
  if (!resource.version_field().empty()) versions += ", field " + resource.version_field();
  Table table({"resource", resource.name() + " " + resource.title()});
  table.AddRow({"summary", resource.summary()});
  table.AddRow({"library", resource.library()});
  table.AddRow({"responsible", resource.responsible()});
  table.AddRow({"providers", providers});
  table.AddRow({"sharing", SharingWord(resource.sharing())});
  if (!resource.legal_basis().empty()) table.AddRow({"legal basis", resource.legal_basis()});
  table.AddRow({"owner", Word(hangou::record::v1::EntityKind_Name(resource.owner_kind()), "ENTITY_KIND_") +
                             ", field " + resource.owner_field()});
  table.AddRow({"record key", key.empty() ? "-" : key});
  table.AddRow({"versions", versions});
  table.AddRow({"update cycle", resource.update_cycle()});
  table.AddRow({"schema revision", std::to_string(resource.schema_revision())});
  return table.ToText();
}

std::string PermissionText(const ExplainResponse::FieldLine& line) {
  std::string text = Word(hangou::record::v1::Permission_Name(line.permission()), "PERMISSION_");
  if (line.mask() != hangou::record::v1::MASK_UNSPECIFIED) {
    text += " (" + Word(hangou::record::v1::Mask_Name(line.mask()), "MASK_") + ")";
  }
  return text;
}

std::string WhyText(const ExplainResponse::FieldLine& line) {
  return BasisText(line.basis(), line.permission() != hangou::record::v1::PERMISSION_NONE);
}

const ExplainResponse::FieldLine* LineOf(const ExplainResponse* explained, uint32_t number) {
  if (explained == nullptr) return nullptr;
  for (const auto& line : explained->fields()) {
    if (line.field() == number) return &line;
  }
  return nullptr;
}

std::string FieldsText(const Resource& resource, const ExplainResponse* explained) {
  std::vector<std::string> head = {"NO", "FIELD", "TITLE", "TYPE", "RULES", "SHARING"};
  if (explained != nullptr) head.insert(head.end(), {"MAY READ", "WHY"});
  Table table(head);
  for (const Field& field : resource.fields()) {
    std::vector<std::string> row = {
        std::to_string(field.number()), field.name(), field.title(), TypeText(field), RulesText(field),
        SharingWord(field.sharing())};
    if (const auto* line = LineOf(explained, field.number()); line != nullptr) {
      row.insert(row.end(), {PermissionText(*line), WhyText(*line)});
    }
    table.AddRow(std::move(row));
  }
  return table.ToText();
}

nlohmann::ordered_json FieldJson(const Field& field, const ExplainResponse::FieldLine* line) {
  nlohmann::ordered_json json = {{"number", field.number()},  {"field", field.name()},
                                 {"title", field.title()},    {"type", TypeText(field)},
                                 {"rules", RulesText(field)}, {"sharing", SharingWord(field.sharing())}};
  if (line != nullptr) {
    json["may_read"] = PermissionText(*line);
    json["why"] = WhyText(*line);
  }
  return json;
}

std::string DescribeJson(const Resource& resource, const ExplainResponse* explained) {
  nlohmann::ordered_json json = {{"resource", resource.name()},
                                 {"title", resource.title()},
                                 {"library", resource.library()},
                                 {"responsible", resource.responsible()},
                                 {"sharing", SharingWord(resource.sharing())},
                                 {"owner_field", resource.owner_field()},
                                 {"schema_revision", resource.schema_revision()}};
  if (explained != nullptr) json["epoch"] = explained->epoch();
  if (explained != nullptr) json["reason"] = explained->reason();
  json["fields"] = nlohmann::ordered_json::array();
  for (const Field& field : resource.fields()) {
    json["fields"].push_back(FieldJson(field, LineOf(explained, field.number())));
  }
  return json.dump() + "\n";
}

absl::StatusOr<int> DescribeResource(const DescribeFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  const std::string name = FullResourceName(flags.name);
  if (flags.proto) {
    ASSIGN_OR_RETURN(const auto schema, client->GetSchema(name));
    Print(schema.proto_text());
    return kExitDone;
  }
  ASSIGN_OR_RETURN(const auto object, client->GetObject(OBJECT_KIND_RESOURCE, name));
  ExplainResponse explained;
  if (flags.explain()) {
    ExplainRequest request;
    request.set_department(flags.department);
    request.set_resource(name);
    request.set_purpose(flags.purpose);
    ASSIGN_OR_RETURN(explained, client->Explain(request));
  }
  const ExplainResponse* shown = flags.explain() ? &explained : nullptr;
  if (globals.json()) {
    Print(DescribeJson(object.resource(), shown));
    return kExitDone;
  }
  Print(HeadText(object.resource()) + "\n" + FieldsText(object.resource(), shown));
  if (shown == nullptr) return kExitDone;
  const std::string decision = explained.reason().empty() ? "allowed" : "denied: " + explained.reason();
  Print("\nepoch " + std::to_string(explained.epoch()) + ", " + decision + "\n");
  return kExitDone;
}

}  // namespace

void AddDescribeCommand(Flags app, CommandLine* line) {
  const Flags describe = app.Sub("describe", "Show everything about an object");
  describe.NeedsSub();
  auto flags = std::make_shared<DescribeFlags>();
  const Flags command = describe.Sub("resource", "Fields, rules and sharing of a resource");
  command.Add("NAME", &flags->name, "resource, such as psb.resident").Required();
  command.Add("--proto", &flags->proto, "print its schema as a .proto file instead");
  command.Add("--department", &flags->department,
              "say what this department may read; another than your own needs the role manager or auditor");
  command.Add("--purpose", &flags->purpose, "say what may be read for this purpose, and why");
  const std::string examples =
      "Examples:\n"
      "  hangou describe resource psb.resident\n"
      "  hangou describe resource psb.resident --proto > resident.proto\n"
      "  hangou describe resource psb.resident --department tax --purpose tax_collection";
  describe.Footer(examples);
  command.Footer(examples);
  command.Callback(
      [flags, line] { line->action = [flags, line] { return DescribeResource(*flags, line->globals); }; });
}

}  // namespace hangou
