// hangou audit: shows and verifies the audit chain.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "hangou/audit/v1/entry.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/flags/flags.h"
#include "tools/hangou/command.h"
#include "tools/hangou/table.h"
#include "tools/hangou/words.h"

namespace hangou {

namespace audit_v1 = hangou::audit::v1;

namespace {

constexpr auto kFollowPause = std::chrono::milliseconds(500);  // as fast as people read

struct AuditFlags {
  int32_t count = 20;
  bool follow = false;
};

std::string Numbers(const google::protobuf::RepeatedField<uint32_t>& numbers) {
  std::string text;
  for (const uint32_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text.empty() ? "-" : text;
}

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

// A list of names as far as a table has room for it; JSON has it whole. Names are ASCII.
std::string Shortened(const std::string& names) {
  constexpr size_t kColumns = 60;
  return names.size() <= kColumns ? names : names.substr(0, kColumns - 3) + "...";
}

nlohmann::ordered_json EntryJson(const audit_v1::Entry& entry) {
  const auto numbers = [](const auto& list) { return std::vector<uint32_t>(list.begin(), list.end()); };
  const auto words = [](const auto& list) { return std::vector<std::string>(list.begin(), list.end()); };
  return {{"sequence", entry.sequence()},
          {"time", FormatInstant(entry.time_us())},
          {"process", entry.process()},
          {"action", Word(audit_v1::Action_Name(entry.action()), "ACTION_")},
          {"allowed", entry.allowed()},
          {"reason", entry.reason()},
          {"caller", entry.caller()},
          {"role", entry.role()},
          {"workload", entry.workload()},
          {"purpose", entry.purpose()},
          {"case_number", entry.case_number()},
          {"subject", entry.subject()},
          {"epoch", entry.epoch()},
          {"given", numbers(entry.given())},
          {"masked", numbers(entry.masked())},
          {"withheld", numbers(entry.withheld())},
          {"decided_by", words(entry.decided_by())},
          {"records", entry.records()},
          {"refused", entry.refused()},
          {"entity_hashes", words(entry.entity_hashes())},
          {"positions", words(entry.positions())},
          {"note", entry.note()}};
}

std::vector<std::string> EntryRow(const audit_v1::Entry& entry) {
  const bool fields = entry.given_size() + entry.masked_size() + entry.withheld_size() > 0;
  const std::string given =
      fields ? Numbers(entry.given()) + " / " + Numbers(entry.masked()) + " / " + Numbers(entry.withheld())
             : "";
  std::string records = std::to_string(entry.records());
  if (entry.refused() > 0) records += " (" + std::to_string(entry.refused()) + " refused)";
  return {std::to_string(entry.sequence()),
          FormatInstant(entry.time_us()),
          entry.caller() + (entry.role().empty() ? "" : "/" + entry.role()),
          Word(audit_v1::Action_Name(entry.action()), "ACTION_"),
          entry.allowed() ? "allowed" : "denied " + entry.reason(),
          Shortened(entry.subject()),
          entry.purpose() + (entry.case_number().empty() ? "" : " " + entry.case_number()),
          std::to_string(entry.epoch()),
          records,
          given,
          Shortened(Joined(entry.decided_by()))};
}

// Prints a page; returns the sequence of its last entry, 0 where there is none. Following reads the audit again and
// again, and each of these reads is an entry: they are left out there, or nothing else would be seen.
absl::StatusOr<uint64_t> PrintPage(const audit_v1::ListEntriesResponse& page, bool following,
                                   const Globals& globals) {
  Table table({"SEQ", "TIME", "CALLER", "ACTION", "DECISION", "SUBJECT", "PURPOSE", "EPOCH", "RECORDS",
               "GIVEN / MASKED / WITHHELD", "DECIDED BY"});
  uint64_t last = 0;
  for (const audit_v1::ChainedEntry& chained : page.entries()) {
    audit_v1::Entry entry;
    if (!entry.ParseFromString(chained.entry())) {
      return MakeError(Reason::kDataLoss,
                       "an entry behind sequence " + std::to_string(last) + " cannot be read");
    }
    last = entry.sequence();
    if (following && entry.action() == audit_v1::ACTION_AUDIT && entry.allowed()) continue;
    if (globals.json()) Print(EntryJson(entry).dump() + "\n");
    table.AddRow(EntryRow(entry));
  }
  if (!globals.json() && !table.empty()) Print(table.ToText());
  return last;
}

absl::StatusOr<int> Tail(const AuditFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  audit_v1::ListEntriesRequest request;
  request.set_page_size(flags.count);
  request.set_newest(true);
  ASSIGN_OR_RETURN(auto page, client->ListEntries(request));
  ASSIGN_OR_RETURN(uint64_t last, PrintPage(page, false, globals));
  while (flags.follow) {
    std::this_thread::sleep_for(kFollowPause);  // waits: the service offers only polling
    request.Clear();
    request.set_page_size(limits::kPageMax);
    request.set_from_sequence(last + 1);
    ASSIGN_OR_RETURN(page, client->ListEntries(request));
    ASSIGN_OR_RETURN(const uint64_t newer, PrintPage(page, true, globals));
    last = std::max(last, newer);
  }
  return kExitDone;
}

int PrintVerified(const ChainVerifier& verifier, const absl::Status& broken, const Globals& globals) {
  if (globals.json()) {
    nlohmann::ordered_json json = {
        {"verified", verifier.verified()}, {"head", Hex(verifier.head())}, {"ok", broken.ok()}};
    if (!broken.ok()) json["breaks"] = std::string(Message(broken));
    Print(json.dump() + "\n");
  } else {
    Print("entries  " + std::to_string(verifier.verified()) + "\nhead     " + Hex(verifier.head()) + "\n");
    if (broken.ok()) Print("the chain is whole\n");
  }
  if (broken.ok()) return kExitDone;
  std::fprintf(stderr, "error: the chain breaks: %s\n", OneLine(Message(broken)).c_str());
  return kExitPartly;
}

absl::StatusOr<int> Verify(const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ChainVerifier verifier;
  audit_v1::ListEntriesRequest request;
  request.set_page_size(limits::kPageMax);
  request.set_from_sequence(1);
  // Reading is audited too, so the chain grows while it is read: its end is where it was at the first page.
  audit_v1::ListEntriesRequest newest;
  newest.set_page_size(1);
  newest.set_newest(true);
  ASSIGN_OR_RETURN(const auto end, client->ListEntries(newest));
  audit_v1::Entry last;
  if (!end.entries().empty() && !last.ParseFromString(end.entries(0).entry())) {
    return MakeError(Reason::kDataLoss, "the newest entry cannot be read");
  }
  while (verifier.verified() < last.sequence()) {
    ASSIGN_OR_RETURN(const auto page, client->ListEntries(request));
    for (const audit_v1::ChainedEntry& chained : page.entries()) {
      const absl::Status added = verifier.Add({verifier.verified() + 1, chained.entry(), chained.hash()});
      if (!added.ok()) return PrintVerified(verifier, added, globals);
    }
    request.set_page_token(page.next_page_token());
    if (page.entries().empty() || page.next_page_token().empty()) break;
  }
  absl::Status whole;
  if (verifier.verified() < last.sequence()) {
    whole = MakeError(Reason::kDataLoss, "entry " + std::to_string(verifier.verified() + 1) + " is missing");
  }
  return PrintVerified(verifier, whole, globals);
}

}  // namespace

void AddAuditCommand(Flags app, CommandLine* line) {
  const Flags command = app.Sub("audit", "Show and verify the audit chain (role auditor)");
  command.NeedsSub();
  command.Footer(
      "Field numbers are those of `hangou describe resource`.\n\n"
      "Examples:\n"
      "  hangou audit tail -n 50 --follow\n"
      "  hangou audit verify");
  auto flags = std::make_shared<AuditFlags>();
  const Flags tail = command.Sub("tail", "Show the newest entries");
  tail.Add("-n,--count", &flags->count, "how many").Within(1, limits::kPageMax);
  tail.Add("-f,--follow", &flags->follow, "go on with new entries as they come, reads of the audit left out");
  tail.Callback([flags, line] { line->action = [flags, line] { return Tail(*flags, line->globals); }; });
  const Flags verify = command.Sub("verify", "Verify the whole chain; exit code 3 where it breaks");
  verify.Callback([line] { line->action = [line] { return Verify(line->globals); }; });
}

}  // namespace hangou
