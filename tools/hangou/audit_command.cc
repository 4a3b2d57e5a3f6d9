// hangou audit: shows the entries of the audit and who accessed an entity; heads and verification of the chains.
#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/flags/flags.h"
#include "libs/identifiers/entity_key.h"
#include "tools/hangou/audit_verify.h"
#include "tools/hangou/audit_view.h"

namespace hangou {

namespace audit_v1 = hangou::audit::v1;

namespace {

constexpr auto kFollowPause = std::chrono::milliseconds(500);  // as fast as people read

struct TailFlags {
  int32_t count = 20;
  bool follow = false;
};

struct WhoFlags {
  std::string entity;
  std::string resource;
  std::string from;
  std::string until;
  int32_t count = 100;
  bool bulk = false;
};

// Newest sequence seen, by chain.
using SeenEntries = std::map<std::string, uint64_t>;

// Following reads the audit again and again, and each of these reads is an entry: they are left out there, or nothing
// else would be seen.
absl::Status PrintPage(const audit_v1::ListEntriesResponse& page, bool following, const Globals& globals,
                       SeenEntries* seen) {
  EntryPrinter printer(globals);
  for (const audit_v1::ChainedEntry& chained : page.entries()) {
    ASSIGN_OR_RETURN(const audit_v1::Entry entry, ContentOf(chained));
    uint64_t& newest = (*seen)[chained.chain_id()];
    newest = std::max(newest, entry.sequence());
    if (following && entry.action() == audit_v1::ACTION_AUDIT && entry.allowed()) continue;
    printer.Add(chained, entry);
  }
  printer.Finish();
  return absl::OkStatus();
}

// Prints what has come into the chains since it was last seen.
absl::Status PrintNew(Client& client, const Globals& globals, SeenEntries* seen) {
  ASSIGN_OR_RETURN(const auto heads, client.ListHeads());
  for (const auto& head : heads.heads()) {
    audit_v1::ListEntriesRequest request;
    request.set_page_size(limits::kPageMax);
    request.set_chain_id(head.chain_id());
    request.set_from_sequence((*seen)[head.chain_id()] + 1);
    if (head.sequence() < request.from_sequence()) continue;
    ASSIGN_OR_RETURN(const auto page, client.ListEntries(request));
    RETURN_IF_ERROR(PrintPage(page, true, globals, seen));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> Tail(const TailFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  SeenEntries seen;
  if (flags.follow) {
    ASSIGN_OR_RETURN(const auto heads, client->ListHeads());
    for (const auto& head : heads.heads()) seen[head.chain_id()] = head.sequence();
  }
  audit_v1::ListEntriesRequest request;
  request.set_page_size(flags.count);
  request.set_newest(true);
  ASSIGN_OR_RETURN(const auto page, client->ListEntries(request));
  RETURN_IF_ERROR(PrintPage(page, false, globals, &seen));
  while (flags.follow) {
    std::this_thread::sleep_for(kFollowPause);  // waits: the service offers only polling
    RETURN_IF_ERROR(PrintNew(*client, globals, &seen));
  }
  return kExitDone;
}

// "person:ID" as an entity; the kind is empty where the text is none.
hangou::record::v1::Entity EntityOfText(const std::string& text) {
  const size_t colon = text.find(':');
  hangou::record::v1::Entity entity;
  for (int kind = 1; hangou::record::v1::EntityKind_IsValid(kind); ++kind) {
    if (EntityKindName(static_cast<EntityKind>(kind)) == text.substr(0, colon)) {
      entity.set_kind(static_cast<hangou::record::v1::EntityKind>(kind));
    }
  }
  if (colon != std::string::npos) entity.set_id(text.substr(colon + 1));
  return entity;
}

// An instant, or the beginning of a day in UTC+8; none where it is neither.
std::optional<int64_t> TimeOfText(const std::string& text) {
  if (ParseDay(text)) return ParseInstant(text + " 00:00:00");
  return ParseInstant(text);
}

std::string ProblemOfTime(const std::string& text) {
  return TimeOfText(text) ? "" : "write a day, 2026-01-31, or an instant, 2026-01-31T08:00:00Z";
}

absl::StatusOr<int> Who(const WhoFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  audit_v1::WhoAccessedRequest request;
  *request.mutable_entity() = EntityOfText(flags.entity);
  if (!flags.resource.empty()) request.set_resource(FullResourceName(flags.resource));
  if (!flags.from.empty()) request.set_from_time_us(*TimeOfText(flags.from));
  if (!flags.until.empty()) request.set_until_time_us(*TimeOfText(flags.until));
  request.set_bulk(flags.bulk);
  EntryPrinter printer(globals);
  uint64_t bulk_count = 0;
  for (int32_t left = flags.count; left > 0;) {
    request.set_page_size(std::min(left, limits::kPageMax));
    ASSIGN_OR_RETURN(const auto page, client->WhoAccessed(request));
    for (const audit_v1::ChainedEntry& chained : page.entries()) {
      ASSIGN_OR_RETURN(const audit_v1::Entry entry, ContentOf(chained));
      printer.Add(chained, entry);
    }
    left -= page.entries_size();
    bulk_count = page.bulk_count();
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  printer.Finish();
  if (!globals.json() && !flags.bulk && bulk_count > 0) {
    Print(std::to_string(bulk_count) + (bulk_count >= limits::kPageMax ? " or more" : "") +
          " bulk accesses of that time name nobody and may have covered the entity; --bulk lists them\n");
  }
  return kExitDone;
}

absl::StatusOr<int> Heads(const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto heads, client->ListHeads());
  Table table({"CHAIN", "PROCESS", "ENTRIES", "NEWEST", "HEAD", "SIGNED", "SIGNED AT", "KEY", "STATE"});
  bool whole = heads.finding_count() == 0;
  for (const audit_v1::Head& head : heads.heads()) {
    whole = whole && head.finding_count() == 0;
    if (globals.json()) Print(HeadJson(head).dump() + "\n");
    const auto& anchor = head.signed_head();
    table.AddRow({head.chain_id(), head.process(), std::to_string(head.sequence()),
                  FormatInstant(head.time_us()), Hex(head.hash()).substr(0, 16),
                  head.has_signed_head() ? std::to_string(anchor.sequence()) : "-",
                  head.has_signed_head() ? FormatInstant(anchor.signed_us()) : "", anchor.key_id(),
                  head.finding_count() == 0 ? "whole" : std::to_string(head.finding_count()) + " findings"});
  }
  if (!globals.json()) {
    Print(table.ToText());
    for (const auto& head : heads.heads()) {
      for (const auto& finding : head.findings()) Print(head.chain_id() + ": " + FindingText(finding) + "\n");
    }
    for (const auto& finding : heads.findings()) Print(FindingText(finding) + "\n");
  }
  return whole ? kExitDone : kExitPartly;
}

absl::StatusOr<int> PublicKey(const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto heads, client->ListHeads());
  for (const auto& key : heads.keys()) Print("key " + key.key_id() + "\n" + key.pem());
  return kExitDone;
}

void AddTail(Flags command, CommandLine* line) {
  auto flags = std::make_shared<TailFlags>();
  const Flags tail = command.Sub("tail", "Show the newest entries of all chains");
  tail.Add("-n,--count", &flags->count, "how many").Within(1, limits::kPageMax);
  tail.Add("-f,--follow", &flags->follow, "go on with new entries as they come, reads of the audit left out");
  tail.Callback([flags, line] { line->action = [flags, line] { return Tail(*flags, line->globals); }; });
}

void AddWho(Flags command, CommandLine* line) {
  auto flags = std::make_shared<WhoFlags>();
  const Flags who = command.Sub("who", "Show who accessed the data of an entity, newest first");
  who.Add("--entity", &flags->entity,
          "KIND:ID, any accepted spelling; person, organisation, place or vehicle")
      .Required()
      .Check([](const std::string& text) {
        const auto entity = EntityOfText(text);
        return entity.kind() == 0 || entity.id().empty()
                   ? std::string("write KIND:ID, such as person:3210...")
                   : std::string();
      });
  who.Add("--resource", &flags->resource, "only accesses to this resource");
  who.Add("--from", &flags->from, "none before this day or instant").Check(ProblemOfTime);
  who.Add("--until", &flags->until, "none from this day or instant on").Check(ProblemOfTime);
  who.Add("-n,--count", &flags->count, "how many; 100").Within(1, 1'000'000);
  who.Add("--bulk", &flags->bulk,
          "instead: bulk accesses, which name nobody and may have covered the entity");
  who.Footer(
      "A delivery names each entity in it; a List names none, and is a bulk access.\n\n"
      "Example:\n"
      "  hangou audit who --entity person:321002198507140016 --from 2026-01-01");
  who.Callback([flags, line] { line->action = [flags, line] { return Who(*flags, line->globals); }; });
}

void AddVerify(Flags command, CommandLine* line) {
  auto flags = std::make_shared<AuditVerifyFlags>();
  const Flags verify = command.Sub("verify", "Verify all chains; exit code 3 where one breaks");
  verify.Add("--chain", &flags->chain_folder,
             "offline: the chain in this folder, of a process that is stopped");
  verify.Add("--heads", &flags->heads_file, "with --chain: what `hangou audit heads -o json` printed before");
  verify.Add("--topic", &flags->topic, "offline: all chains in the topics of a log");
  verify.Add("--log", &flags->log_folder, "folder of the log, of a process that is stopped");
  verify.Add("--settings", &flags->settings_file,
             "settings of a service that may read the log at the brokers, such as the audit's");
  verify.Add("--public-key", &flags->public_key_file,
             "keys that sign heads, in PEM; online without it: those that the service names");
  verify.Footer(
      "Examples:\n"
      "  hangou audit verify --public-key head-key.pem\n"
      "  hangou audit verify --chain city-data/audit --heads heads.json --public-key head-key.pem\n"
      "  hangou audit verify --topic --log city-data/log --public-key head-key.pem\n"
      "  hangou audit verify --topic --settings cluster-data/settings/audit-0.yaml --public-key "
      "head-key.pem");
  verify.Callback(
      [flags, line] { line->action = [flags, line] { return VerifyAudit(*flags, line->globals); }; });
}

}  // namespace

void AddAuditCommand(Flags app, CommandLine* line) {
  const Flags command = app.Sub("audit", "Show and verify the audit chains (role auditor)");
  command.NeedsSub();
  command.Footer(
      "Field numbers are those of `hangou describe resource`.\n\n"
      "Examples:\n"
      "  hangou audit tail -n 50 --follow\n"
      "  hangou audit who --entity organisation:91321002MA1234567X\n"
      "  hangou audit heads -o json\n"
      "  hangou audit verify");
  AddTail(command, line);
  AddWho(command, line);
  AddVerify(command, line);
  const Flags heads = command.Sub("heads", "Show the heads of all chains; exit code 3 where one breaks");
  heads.Callback([line] { line->action = [line] { return Heads(line->globals); }; });
  const Flags key = command.Sub("public-key", "Print the keys that sign heads, in PEM");
  key.Callback([line] { line->action = [line] { return PublicKey(line->globals); }; });
}

}  // namespace hangou
