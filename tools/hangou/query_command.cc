// hangou query: reads records of one entity, of several, or of a whole resource.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/read_flags.h"
#include "tools/hangou/record_view.h"

namespace hangou {

namespace base_library_v1 = hangou::base_library::v1;
using hangou::record::v1::Decision;
using hangou::record::v1::Record;

namespace {

struct QueryFlags {
  ReadFlags read;
  std::vector<std::string> ids;
  std::string key;
  std::string role;
  bool all = false;
  uint64_t limit = 0;  // 0: without end
};

using Records = google::protobuf::RepeatedPtrField<Record>;

// Prints records as they come, and the decision at the end.
class Printer {
 public:
  Printer(const ResourceSchema& schema, const Globals& globals) : schema_(schema), globals_(globals) {}

  absl::Status Page(const Records& records, const Decision& decision) {
    // A decision that changed between pages belongs to the records in front of it.
    if (seen_ && decision.epoch() != decision_.epoch()) End();
    decision_ = decision;
    seen_ = true;
    if (globals_.json()) {
      for (const Record& record : records) {
        ASSIGN_OR_RETURN(const auto json, RecordJson(schema_, record));
        Print(json.dump() + "\n");
      }
    } else {
      RecordTable table(schema_, decision);
      for (const Record& record : records) RETURN_IF_ERROR(table.Add(record));
      if (!table.empty()) Print(table.ToText(OutputColumns()) + "\n");
    }
    count_ += static_cast<uint64_t>(records.size());
    return absl::OkStatus();
  }

  void End() {
    if (globals_.json()) {
      Print(nlohmann::ordered_json({{"decision", DecisionJson(schema_, decision_)}}).dump() + "\n");
      return;
    }
    Print(std::to_string(count_) + (count_ == 1 ? " record" : " records") + ", epoch " +
          std::to_string(decision_.epoch()) + "\n" + DecisionText(schema_, decision_));
    count_ = 0;
  }

 private:
  const ResourceSchema& schema_;
  const Globals& globals_;
  Decision decision_;
  bool seen_ = false;
  uint64_t count_ = 0;
};

absl::StatusOr<int> QueryOne(Client& client, const QueryFlags& flags, const ResourceSchema& schema,
                             Printer* printer) {
  base_library_v1::GetRequest request;
  ASSIGN_OR_RETURN(*request.mutable_context(), ContextOf(flags.read));
  request.set_resource(schema.name());
  if (flags.role.empty()) {
    *request.mutable_owner() = OwnerOf(schema, flags.ids.front());
  } else {
    request.mutable_owner()->set_id(flags.ids.front());
    request.set_role(flags.role);
  }
  request.set_record_key(flags.key);
  ASSIGN_OR_RETURN(const auto response, client.Get(request));
  RETURN_IF_ERROR(printer->Page(response.records(), response.decision()));
  printer->End();
  return kExitDone;
}

absl::StatusOr<int> QuerySeveral(Client& client, const QueryFlags& flags, const ResourceSchema& schema,
                                 Printer* printer) {
  base_library_v1::BatchGetRequest request;
  ASSIGN_OR_RETURN(*request.mutable_context(), ContextOf(flags.read));
  request.set_resource(schema.name());
  for (const std::string& id : flags.ids) *request.add_owners() = OwnerOf(schema, id);
  ASSIGN_OR_RETURN(const auto response, client.BatchGet(request));
  Records records;
  int wrong = 0;
  for (int i = 0; i < response.items_size(); ++i) {
    const auto& item = response.items(i);
    records.MergeFrom(item.records());
    if (!item.has_violation()) continue;
    ++wrong;
    std::fprintf(stderr, "--id number %d: %s: %s\n", i + 1, item.violation().reason().c_str(),
                 item.violation().message().c_str());
  }
  RETURN_IF_ERROR(printer->Page(records, response.decision()));
  printer->End();
  return wrong > 0 ? kExitPartly : kExitDone;
}

absl::StatusOr<int> QueryAll(Client& client, const QueryFlags& flags, const ResourceSchema& schema,
                             Printer* printer) {
  base_library_v1::ListRequest request;
  ASSIGN_OR_RETURN(*request.mutable_context(), ContextOf(flags.read));
  request.set_resource(schema.name());
  uint64_t left = flags.limit == 0 ? UINT64_MAX : flags.limit;
  do {
    request.set_page_size(static_cast<int32_t>(std::min<uint64_t>(left, limits::kPageMax)));
    ASSIGN_OR_RETURN(const auto page, client.List(request));
    RETURN_IF_ERROR(printer->Page(page.records(), page.decision()));
    left -= std::min<uint64_t>(left, static_cast<uint64_t>(page.records_size()));
    request.set_page_token(page.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  printer->End();
  return kExitDone;
}

absl::StatusOr<int> Query(const QueryFlags& flags, const Globals& globals) {
  if (flags.all == !flags.ids.empty())
    return UsageError("say which records: --id, also several times, or --all");
  if (!flags.role.empty() && flags.ids.size() != 1) return UsageError("--role goes with one --id");
  if (flags.ids.size() > limits::kReadEntities) return UsageError("a query has at most 256 entities");
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto schema, client->Schema(FullResourceName(flags.read.resource)));
  Printer printer(*schema, globals);
  if (flags.all) return QueryAll(*client, flags, *schema, &printer);
  if (flags.ids.size() > 1) return QuerySeveral(*client, flags, *schema, &printer);
  return QueryOne(*client, flags, *schema, &printer);
}

}  // namespace

void AddQueryCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<QueryFlags>();
  const Flags command = app.Sub("query", "Read records, field by field as the policy allows (role consumer)");
  AddReadFlags(command, &flags->read);
  command.Add("--id", &flags->ids, "identifier of the entity; may be repeated").OnePerUse();
  command.Add("--key", &flags->key, "only the record with this key (with one --id)");
  command.Add("--role", &flags->role, "the entity is not the owner, but stands in this role (with one --id)");
  command.Add("--all", &flags->all, "walk the whole resource");
  command.Add("--limit", &flags->limit, "at most so many records (with --all)");
  command.Footer(
      "Masked values are shown as they are; masked and withheld fields are listed with their reason.\n"
      "With -o json every record is one line, and the last line is the decision.\n\n"
      "Examples:\n"
      "  hangou query psb.resident --id 321002199001011234 --purpose tax_collection\n"
      "  hangou query psb.resident --id 321002199001011234 --purpose tax_collection --as-of 2026-01-31\n"
      "  hangou query nrp.transfer --id 91321000703903783L --role buyer --purpose tax_collection\n"
      "  hangou query psb.resident --all --limit 20 --purpose tax_collection -o json");
  command.Callback([flags, line] { line->action = [flags, line] { return Query(*flags, line->globals); }; });
}

}  // namespace hangou
