#include "tools/hangou/audit_view.h"

#include <fstream>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "tools/hangou/words.h"

namespace hangou {

namespace audit_v1 = hangou::audit::v1;

namespace {

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

nlohmann::ordered_json EntryJson(const audit_v1::ChainedEntry& chained, const audit_v1::Entry& entry) {
  const auto numbers = [](const auto& list) { return std::vector<uint32_t>(list.begin(), list.end()); };
  const auto words = [](const auto& list) { return std::vector<std::string>(list.begin(), list.end()); };
  return {{"chain", chained.chain_id()},
          {"branch", chained.branch()},
          {"sequence", entry.sequence()},
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

std::vector<std::string> EntryRow(const audit_v1::ChainedEntry& chained, const audit_v1::Entry& entry) {
  const bool fields = entry.given_size() + entry.masked_size() + entry.withheld_size() > 0;
  const std::string given =
      fields ? Numbers(entry.given()) + " / " + Numbers(entry.masked()) + " / " + Numbers(entry.withheld())
             : "";
  std::string records = std::to_string(entry.records());
  if (entry.refused() > 0) records += " (" + std::to_string(entry.refused()) + " refused)";
  // What stands apart from its chain is marked.
  const std::string branch = chained.branch() == 0 ? "" : "~" + std::to_string(chained.branch());
  return {ShortChain(chained.chain_id()) + branch,
          std::to_string(entry.sequence()),
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

nlohmann::ordered_json SignedHeadJson(const audit_v1::SignedHead& head) {
  return {{"sequence", head.sequence()},
          {"hash", Hex(head.hash())},
          {"signed_us", head.signed_us()},
          {"key", head.key_id()},
          {"signature", Hex(head.signature())}};
}

std::optional<std::string> BytesOfHex(const std::string& hex) {
  std::string bytes;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    if (digit(hex[i]) < 0 || digit(hex[i + 1]) < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return hex.size() % 2 == 0 ? std::make_optional(bytes) : std::nullopt;
}

// The text of a member; empty where it is none.
std::string TextIn(const nlohmann::json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<audit_v1::SignedHead> SignedHeadOfJson(const nlohmann::json& json) {
  if (!json.is_object() || !json.contains("signed") || !json["signed"].is_object()) return std::nullopt;
  const nlohmann::json& part = json["signed"];
  const auto hash = BytesOfHex(TextIn(part, "hash"));
  const auto signature = BytesOfHex(TextIn(part, "signature"));
  for (const char* number : {"sequence", "signed_us"}) {
    if (!part.contains(number) || !part[number].is_number_unsigned()) return std::nullopt;
  }
  if (!hash || !signature) return std::nullopt;
  audit_v1::SignedHead head;
  head.set_chain_id(TextIn(json, "chain"));
  head.set_sequence(part["sequence"].get<uint64_t>());
  head.set_hash(*hash);
  head.set_signed_us(part["signed_us"].get<int64_t>());
  head.set_key_id(TextIn(part, "key"));
  head.set_signature(*signature);
  return head;
}

}  // namespace

absl::StatusOr<audit_v1::Entry> ContentOf(const audit_v1::ChainedEntry& chained) {
  audit_v1::Entry entry;
  if (entry.ParseFromString(chained.entry())) return entry;
  return MakeError(Reason::kDataLoss, "an entry of chain " + chained.chain_id() + " cannot be read");
}

EntryPrinter::EntryPrinter(const Globals& globals)
    : json_(globals.json()),
      table_({"CHAIN", "SEQ", "TIME", "CALLER", "ACTION", "DECISION", "SUBJECT", "PURPOSE", "EPOCH",
              "RECORDS", "GIVEN / MASKED / WITHHELD", "DECIDED BY"}) {}

void EntryPrinter::Add(const audit_v1::ChainedEntry& chained, const audit_v1::Entry& entry) {
  if (json_) {
    Print(EntryJson(chained, entry).dump() + "\n");
  } else {
    table_.AddRow(EntryRow(chained, entry));
  }
}

void EntryPrinter::Finish() const {
  if (!table_.empty()) Print(table_.ToText());
}

std::string ShortChain(const std::string& chain_id) { return chain_id.substr(0, 8); }

nlohmann::ordered_json FindingJson(const audit_v1::Finding& finding) {
  return {{"kind", Word(audit_v1::FindingKind_Name(finding.kind()), "FINDING_KIND_")},
          {"sequence", finding.sequence()},
          {"place", finding.place()},
          {"found", FormatInstant(finding.found_us())},
          {"message", finding.message()}};
}

std::string FindingText(const audit_v1::Finding& finding) {
  std::string text = Word(audit_v1::FindingKind_Name(finding.kind()), "FINDING_KIND_");
  if (finding.sequence() > 0) text += " at " + std::to_string(finding.sequence());
  if (!finding.place().empty()) text += " (" + finding.place() + ")";
  return text + ": " + finding.message();
}

nlohmann::ordered_json HeadJson(const audit_v1::Head& head) {
  nlohmann::ordered_json json = {{"chain", head.chain_id()},
                                 {"process", head.process()},
                                 {"sequence", head.sequence()},
                                 {"hash", Hex(head.hash())},
                                 {"time", FormatInstant(head.time_us())}};
  if (head.has_signed_head()) json["signed"] = SignedHeadJson(head.signed_head());
  json["findings"] = nlohmann::ordered_json::array();
  for (const auto& finding : head.findings()) json["findings"].push_back(FindingJson(finding));
  json["finding_count"] = head.finding_count();
  json["branches"] = head.branches_size();
  return json;
}

absl::StatusOr<std::vector<audit_v1::SignedHead>> SignedHeadsOfFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return MakeError(Reason::kInvalidRequest, "cannot read " + path);
  std::vector<audit_v1::SignedHead> heads;
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    // A chain whose head was not signed yet.
    if (json.is_object() && json.contains("chain") && !json.contains("signed")) continue;
    auto head = SignedHeadOfJson(json);
    if (!head) {
      return MakeError(Reason::kInvalidRequest, path + " is not what `hangou audit heads -o json` prints");
    }
    heads.push_back(std::move(*head));
  }
  return heads;
}

}  // namespace hangou
