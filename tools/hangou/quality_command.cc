// hangou quality, quarantine: what became of what a department sent, and what was refused.
#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <fstream>
#include <map>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/client/comparison_calls.h"
#include "libs/flags/flags.h"
#include "libs/importer/row_source.h"
#include "libs/schema/text_codec.h"
#include "libs/schema/walker.h"
#include "tools/hangou/command.h"
#include "tools/hangou/compare_view.h"
#include "tools/hangou/table.h"

namespace hangou {

namespace base_library_v1 = hangou::base_library::v1;

namespace {

struct QualityFlags {
  std::string resource;
  int32_t days = 0;
  bool returned = false;
};

std::string InstantOrDash(bool set, const google::protobuf::Timestamp& time) {
  return set ? FormatInstant(time.seconds() * kUsPerSecond) : "-";
}

std::string TimelinessWord(const base_library_v1::GetQualityResponse::Timeliness& line) {
  if (!line.has_due_time()) return "-";
  return SystemClock().UtcUs() > line.due_time().seconds() * kUsPerSecond ? "late" : "in time";
}

std::string ShareText(int64_t part, int64_t whole) {
  if (whole == 0) return "-";
  char text[16];
  std::snprintf(text, sizeof text, "%.2f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

void ShowQuality(const base_library_v1::GetQualityResponse& response) {
  Table days({"RESOURCE", "DAY", "ACCEPTED", "DUPLICATE", "STALE", "CONFLICT", "REFUSED", "SHARE"});
  std::map<std::vector<std::string>, int64_t> refusals;
  for (const auto& day : response.days()) {
    const int64_t all = day.accepted() + day.duplicate() + day.stale() + day.conflict() + day.refused();
    days.AddRow({day.resource(), FormatDay(day.day()), std::to_string(day.accepted()),
                 std::to_string(day.duplicate()), std::to_string(day.stale()), std::to_string(day.conflict()),
                 std::to_string(day.refused()), ShareText(day.refused(), all)});
    for (const auto& refusal : day.refusals())
      refusals[{day.resource(), refusal.reason(), refusal.field()}] += refusal.records();
  }
  Print(days.ToText());
  if (!refusals.empty()) {
    Table rules({"RESOURCE", "REFUSED FOR", "FIELD", "RECORDS"});
    for (const auto& [rule, records] : refusals)
      rules.AddRow({rule[0], rule[1], rule[2].empty() ? "-" : rule[2], std::to_string(records)});
    Print("\n" + rules.ToText());
  }
  Table timeliness({"RESOURCE", "UPDATE CYCLE", "LAST TAKEN", "DUE", "TIMELINESS"});
  for (const auto& line : response.timeliness()) {
    timeliness.AddRow({line.resource(), line.update_cycle().empty() ? "-" : line.update_cycle(),
                       InstantOrDash(line.has_last_accepted_time(), line.last_accepted_time()),
                       InstantOrDash(line.has_due_time(), line.due_time()), TimelinessWord(line)});
  }
  Print("\n" + timeliness.ToText());
}

// What comparing found wrong in the data, and returned to those who can correct it.
absl::StatusOr<int> Returned(const QualityFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  hangou::comparison::v1::ListDataErrorsRequest request;
  request.set_resource(flags.resource);
  Table table({"RESOURCE", "FIELD", "FOUND BY", "TIME", "NOTE", "RECORD"});
  do {
    ASSIGN_OR_RETURN(const auto page, ComparisonCalls(*client).ListDataErrors(request));
    if (globals.json()) Print(JsonOf(page));
    for (const auto& error : page.errors()) {
      std::string record;
      for (const auto& field : error.record())
        record += (record.empty() ? "" : ", ") + field.name() + " " + field.value();
      table.AddRow({error.error().resource(), error.error().field(), error.found_by(),
                    FormatInstant(error.time().seconds() * kUsPerSecond),
                    error.note().empty() ? "-" : error.note(), record.empty() ? "-" : record});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!globals.json()) Print(table.empty() ? "no data errors\n" : table.ToText());
  return kExitDone;
}

// How many data errors were returned; a service that does not answer does not keep the rest from being shown.
void ShowReturnedCounts(const std::string& resource, Client* client) {
  hangou::comparison::v1::ListDataErrorsRequest request;
  request.set_resource(resource);
  const auto page = ComparisonCalls(*client).ListDataErrors(request);
  if (!page.ok()) {
    std::fprintf(stderr, "what comparing found wrong is not known: %s\n", ErrorText(page.status()).c_str());
    return;
  }
  if (page->counts().empty()) return;
  Table table({"RESOURCE", "FOUND WRONG BY COMPARING", "RECORDS"});
  for (const auto& count : page->counts())
    table.AddRow({count.error().resource(), count.error().field(), std::to_string(count.records())});
  Print("\n" + table.ToText() + "`hangou quality --returned` shows them\n");
}

absl::StatusOr<int> Quality(const QualityFlags& flags, const Globals& globals) {
  if (flags.returned) return Returned(flags, globals);
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  base_library_v1::GetQualityRequest request;
  if (!flags.resource.empty()) request.set_resource(FullResourceName(flags.resource));
  request.set_days(flags.days);
  ASSIGN_OR_RETURN(const auto response, client->GetQuality(request));
  if (!globals.json()) {
    ShowQuality(response);
    ShowReturnedCounts(flags.resource, client.get());
    return kExitDone;
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  // Fails for Any messages of unknown type only.
  (void)google::protobuf::util::MessageToJsonString(response, &text, options);
  Print(text + "\n");
  return kExitDone;
}

struct QuarantineFlags {
  std::string resource;
  std::string out;
};

// A line of the file that goes back to the source: why, and the fields as far as they can be read.
std::string LineOf(const ResourceSchema& schema, const base_library_v1::ListQuarantineResponse::Item& item) {
  std::string reason, field, message;
  for (const auto& violation : item.violations()) {
    if (reason.empty()) {
      reason = violation.reason();
      field = violation.field();
    }
    message += (message.empty() ? "" : "; ") + violation.message();
  }
  std::string line = CsvCell(item.request_id() + "#" + std::to_string(item.place())) + "," + reason + "," +
                     CsvCell(field) + "," + CsvCell(message);
  std::vector<FieldSlice> slices;
  std::vector<std::string> texts(schema.fields().size());
  // What stands in front of a fault can be read, and helps to find the row.
  WalkPayload(schema, item.payload(), &slices).IgnoreError();
  for (const FieldSlice& slice : slices) {
    const FieldSchema& of = schema.fields()[slice.index];
    if (slice.encoded.empty() || (of.is_text() && !IsValidUtf8(slice.text))) continue;
    texts[slice.index] = DecodeField(of, slice);
  }
  for (const std::string& text : texts) line += "," + CsvCell(text);
  return line + "\n";
}

absl::StatusOr<int> Quarantine(const QuarantineFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto schema, client->Schema(FullResourceName(flags.resource)));
  std::string text = "@line,@reason,@field,@message";
  for (const FieldSchema& field : schema->fields()) text += "," + field.name;
  text += "\n";
  base_library_v1::ListQuarantineRequest request;
  request.set_resource(schema->name());
  uint64_t rows = 0;
  do {
    ASSIGN_OR_RETURN(const auto page, client->ListQuarantine(request));
    for (const auto& item : page.items()) text += LineOf(*schema, item);
    rows += static_cast<uint64_t>(page.items_size());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (flags.out.empty()) {
    Print(text);
  } else {
    RETURN_IF_ERROR(WriteFileDurably(flags.out, text, 0600));
  }
  std::fprintf(stderr, "%llu refused records\n", static_cast<unsigned long long>(rows));
  return kExitDone;
}

}  // namespace

void AddQualityCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<QualityFlags>();
  const Flags command = app.Sub("quality", "Show what became of what was sent, and whether it is in time");
  command.Add("RESOURCE", &flags->resource, "resource; all that the department provides");
  command.Add("--days", &flags->days, "days back; 30").Within(1, 90);
  command.Add("--returned", &flags->returned,
              "what comparing found wrong in the data (校核), record by record");
  command.Footer(
      "Counts of accepted, duplicate, stale, conflicting and refused records per day, refusals by rule, and "
      "the last\n"
      "update against the update cycle (role publisher).\n\n"
      "Examples:\n"
      "  hangou quality\n"
      "  hangou quality psb.resident --days 7 -o json");
  command.Callback(
      [flags, line] { line->action = [flags, line] { return Quality(*flags, line->globals); }; });
}

void AddQuarantineCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<QuarantineFlags>();
  const Flags command = app.Sub("quarantine", "Fetch the records that were refused, with the reasons");
  command.Add("RESOURCE", &flags->resource, "resource, such as psb.resident").Required();
  command.Add("--out", &flags->out, "file to write; standard output");
  command.Footer(
      "A CSV file with the columns @line (request and place), @reason, @field and @message in front of the "
      "fields:\n"
      "correct it and publish it. Refused records are kept for 30 days, at most 10,000 of a resource (role "
      "publisher).\n\n"
      "Example:\n"
      "  hangou quarantine psb.resident --out refused.csv");
  command.Callback(
      [flags, line] { line->action = [flags, line] { return Quarantine(*flags, line->globals); }; });
}

}  // namespace hangou
