// hangou history: every revision of an entity's records.
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/read_flags.h"
#include "tools/hangou/record_view.h"
#include "tools/hangou/words.h"

namespace hangou {

namespace base_library_v1 = hangou::base_library::v1;

namespace {

struct HistoryFlags {
  ReadFlags read;
  std::string id;
  std::string key;
};

std::string KindOf(const base_library_v1::Revision& revision) {
  return Word(base_library_v1::Revision_Kind_Name(revision.kind()), "KIND_");
}

std::string ReceivedText(const hangou::record::v1::Record& record) {
  const auto& time = record.provenance().received_time();
  return FormatInstant(time.seconds() * kUsPerSecond + time.nanos() / 1000);
}

absl::Status PrintJson(const ResourceSchema& schema, const base_library_v1::GetHistoryResponse& response) {
  for (const auto& revision : response.revisions()) {
    ASSIGN_OR_RETURN(auto json, RecordJson(schema, revision.record()));
    json["kind"] = KindOf(revision);
    if (revision.kind() == base_library_v1::Revision::KIND_DELETED)
      json["valid_until"] = FormatDay(revision.valid_until_day());
    Print(json.dump() + "\n");
  }
  Print(nlohmann::ordered_json({{"decision", DecisionJson(schema, response.decision())}}).dump() + "\n");
  return absl::OkStatus();
}

absl::Status PrintTable(const ResourceSchema& schema, const base_library_v1::GetHistoryResponse& response) {
  Table table({"RECORD", "REVISION", "RECEIVED", "WHAT", "CONTENT"});
  for (const auto& revision : response.revisions()) {
    const auto& record = revision.record();
    std::string content;
    if (revision.kind() == base_library_v1::Revision::KIND_PUBLISHED) {
      ASSIGN_OR_RETURN(const auto texts, FieldTexts(schema, record));
      for (size_t i = 0; i < texts.size(); ++i) {
        if (texts[i].empty()) continue;
        content += (content.empty() ? "" : " ") + schema.fields()[i].name + "=" + texts[i];
      }
    } else if (revision.kind() == base_library_v1::Revision::KIND_DELETED) {
      content = "valid until " + FormatDay(revision.valid_until_day());
    }
    table.AddRow({record.record_key().empty() ? "-" : record.record_key(),
                  std::to_string(record.provenance().revision()), ReceivedText(record), KindOf(revision),
                  content});
  }
  Print(table.ToText());
  Print(std::to_string(response.revisions_size()) + " revisions" +
        (response.truncated() ? ", and older ones: name a record key" : "") + "\n" +
        DecisionText(schema, response.decision()));
  return absl::OkStatus();
}

absl::StatusOr<int> History(const HistoryFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto schema, client->Schema(FullResourceName(flags.read.resource)));
  base_library_v1::GetHistoryRequest request;
  ASSIGN_OR_RETURN(*request.mutable_context(), ContextOf(flags.read));
  request.set_resource(schema->name());
  *request.mutable_owner() = OwnerOf(*schema, flags.id);
  request.set_record_key(flags.key);
  ASSIGN_OR_RETURN(const auto response, client->GetHistory(request));
  RETURN_IF_ERROR(globals.json() ? PrintJson(*schema, response) : PrintTable(*schema, response));
  return kExitDone;
}

}  // namespace

void AddHistoryCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<HistoryFlags>();
  const Flags command = app.Sub("history", "Read every revision of an entity's records (role consumer)");
  AddReadFlags(command, &flags->read);
  command.Add("--id", &flags->id, "identifier of the entity").Required();
  command.Add("--key", &flags->key, "only the record with this key");
  command.Footer(
      "Newest first, under the same decision as query. What was recalled is not shown, nor anything before "
      "it.\n\n"
      "Example:\n"
      "  hangou history psb.resident --id 321002199001011234 --purpose tax_collection");
  command.Callback(
      [flags, line] { line->action = [flags, line] { return History(*flags, line->globals); }; });
}

}  // namespace hangou
