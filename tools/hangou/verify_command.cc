// hangou verify: compares values with what is stored; no value leaves.
#include <map>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "libs/schema/text_codec.h"
#include "tools/hangou/command.h"
#include "tools/hangou/read_flags.h"
#include "tools/hangou/record_view.h"
#include "tools/hangou/table.h"
#include "tools/hangou/words.h"

namespace hangou {

namespace base_library_v1 = hangou::base_library::v1;

namespace {

struct VerifyFlags {
  ReadFlags read;
  std::string id;
  std::string key;
  std::vector<std::string> values;
};

// A payload of "field=value" arguments, in the order of field numbers.
absl::StatusOr<std::string> PayloadOf(const ResourceSchema& schema, const std::vector<std::string>& values) {
  std::map<int, std::string> by_index;
  for (const std::string& value : values) {
    const size_t equals = value.find('=');
    const std::string name = value.substr(0, equals);
    const int index = schema.IndexOfName(name);
    if (index < 0) return MakeError(Reason::kFieldUnknown, "the resource has no such field", name);
    if (!by_index.emplace(index, value.substr(equals + 1)).second) {
      return MakeError(Reason::kInvalidRequest, "the field is given twice", name);
    }
  }
  std::string payload;
  for (const auto& [index, text] : by_index) {
    RETURN_IF_ERROR(EncodeField(schema.fields()[index], text, &payload));
  }
  return payload;
}

bool PrintVerdicts(const ResourceSchema& schema, const base_library_v1::VerifyResponse& response,
                   const Globals& globals) {
  bool all_match = true;
  Table table({"FIELD", "TITLE", "VERDICT"});
  nlohmann::ordered_json verdicts = nlohmann::ordered_json::object();
  for (const auto& line : response.verdicts()) {
    const int index = schema.IndexOfNumber(line.field());
    const std::string name = index < 0 ? std::to_string(line.field()) : schema.fields()[index].name;
    const std::string word = Word(base_library_v1::VerifyResponse::Verdict_Name(line.verdict()), "VERDICT_");
    all_match = all_match && line.verdict() == base_library_v1::VerifyResponse::VERDICT_MATCH;
    verdicts[name] = word;
    table.AddRow({name, index < 0 ? "" : schema.fields()[index].title, word});
  }
  if (globals.json()) {
    const nlohmann::ordered_json json = {{"verdicts", verdicts},
                                         {"decision", DecisionJson(schema, response.decision())}};
    Print(json.dump() + "\n");
  } else {
    Print(table.ToText());
  }
  return all_match;
}

absl::StatusOr<int> Verify(const VerifyFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto schema, client->Schema(FullResourceName(flags.read.resource)));
  base_library_v1::VerifyRequest request;
  ASSIGN_OR_RETURN(*request.mutable_context(), ContextOf(flags.read));
  request.set_resource(schema->name());
  *request.mutable_owner() = OwnerOf(*schema, flags.id);
  request.set_record_key(flags.key);
  ASSIGN_OR_RETURN(*request.mutable_payload(), PayloadOf(*schema, flags.values));
  ASSIGN_OR_RETURN(const auto response, client->Verify(request));
  return PrintVerdicts(*schema, response, globals) ? kExitDone : kExitPartly;
}

}  // namespace

void AddVerifyCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<VerifyFlags>();
  const Flags command = app.Sub("verify", "Compare values with what is stored; no value leaves");
  AddReadFlags(command, &flags->read);
  command.Add("--id", &flags->id, "identifier of the entity").Required();
  command.Add("--key", &flags->key, "only the record with this key");
  command.Add("VALUES", &flags->values, "FIELD=VALUE, one or several")
      .Required()
      .Check([](const std::string& value) {
        return value.find('=') == std::string::npos ? std::string("give values as FIELD=VALUE")
                                                    : std::string();
      });
  command.Footer(
      "The verdict of a field is match, mismatch, unknown (no record, or it lacks the field) or withheld.\n"
      "Exit code 0: every field matches; 3: one does not.\n\n"
      "Example:\n"
      "  hangou verify psb.resident --id 321002199001011234 --purpose loan name=张三");
  command.Callback([flags, line] { line->action = [flags, line] { return Verify(*flags, line->globals); }; });
}

}  // namespace hangou
