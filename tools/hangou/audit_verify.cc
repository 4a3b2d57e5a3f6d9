#include "tools/hangou/audit_verify.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "libs/audit/chain.h"
#include "libs/audit_topic/audit_topic.h"
#include "libs/audit_topic/signed_head.h"
#include "libs/audit_topic/topic_verifier.h"
#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/limits.h"
#include "libs/base/signature.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/log/embedded_log.h"
#include "libs/log/kafka_log.h"
#include "libs/service/settings.h"
#include "tools/hangou/audit_view.h"

namespace hangou {

namespace audit_v1 = hangou::audit::v1;

namespace {

// What a verification says of one chain.
struct ChainVerdict {
  std::string chain_id;
  std::string process;
  uint64_t entries = 0;
  std::string head;
  uint64_t signed_to = 0;  // sequence of the newest signed head that holds
  std::string remark;
  std::vector<std::string> breaks;
};

// Prints the verdicts; the exit code.
int PrintVerdicts(const std::vector<ChainVerdict>& verdicts, const std::vector<std::string>& others,
                  const Globals& globals) {
  bool whole = others.empty();
  for (const ChainVerdict& verdict : verdicts) {
    whole = whole && verdict.breaks.empty();
    if (globals.json()) {
      const nlohmann::ordered_json json = {{"chain", verdict.chain_id},      {"process", verdict.process},
                                           {"verified", verdict.entries},    {"head", Hex(verdict.head)},
                                           {"signed_to", verdict.signed_to}, {"ok", verdict.breaks.empty()},
                                           {"breaks", verdict.breaks}};
      Print(json.dump() + "\n");
      continue;
    }
    Print("chain    " + verdict.chain_id + (verdict.process.empty() ? "" : "  " + verdict.process) +
          "\nentries  " + std::to_string(verdict.entries) + "\nhead     " + Hex(verdict.head) + "\n");
    if (verdict.signed_to > 0) Print("signed   up to entry " + std::to_string(verdict.signed_to) + "\n");
    if (!verdict.remark.empty()) Print("remark   " + verdict.remark + "\n");
    if (verdict.breaks.empty()) Print("the chain is whole\n");
  }
  for (const ChainVerdict& verdict : verdicts) {
    for (const std::string& text : verdict.breaks) {
      std::fprintf(stderr, "error: chain %s breaks: %s\n", verdict.chain_id.c_str(), OneLine(text).c_str());
    }
  }
  for (const std::string& text : others) std::fprintf(stderr, "error: %s\n", OneLine(text).c_str());
  return whole ? kExitDone : kExitPartly;
}

absl::StatusOr<std::vector<std::string>> KeysOfFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return PublicKeysFromPem(text);
}

// --- through the service ---

// A chain as the service pages it, up to the head that it named.
absl::StatusOr<ChainVerdict> VerifyByPages(Client& client, const audit_v1::Head& head,
                                           const std::vector<std::string>& keys) {
  ChainVerdict verdict{head.chain_id(), head.process(), 0, "", 0, "", {}};
  for (const auto& finding : head.findings()) verdict.breaks.push_back(FindingText(finding));
  const audit_v1::SignedHead& anchor = head.signed_head();
  if (head.has_signed_head() && !IsSignedByOneOf(keys, anchor)) {
    verdict.breaks.emplace_back("its head is not signed by the key");
  }
  ChainVerifier verifier;
  audit_v1::ListEntriesRequest request;
  request.set_page_size(limits::kPageMax);
  request.set_chain_id(head.chain_id());
  absl::Status broken;
  // The chain grows while it is read: its end is where it was at the beginning.
  while (broken.ok() && verifier.verified() < head.sequence()) {
    ASSIGN_OR_RETURN(const auto page, client.ListEntries(request));
    for (const auto& chained : page.entries()) {
      if (!broken.ok() || verifier.verified() == head.sequence()) break;
      broken = verifier.Add({verifier.verified() + 1, chained.entry(), chained.hash()});
      if (broken.ok() && verifier.verified() == anchor.sequence()) {
        if (verifier.head() == anchor.hash()) verdict.signed_to = anchor.sequence();
        if (verifier.head() != anchor.hash()) verdict.breaks.emplace_back("its signed head has another hash");
      }
    }
    if (page.entries().empty() || page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  if (broken.ok() && verifier.verified() < head.sequence()) {
    broken = MakeError(Reason::kDataLoss, "entry " + std::to_string(verifier.verified() + 1) + " is missing");
  }
  if (!broken.ok()) verdict.breaks.emplace_back(Message(broken));
  verdict.entries = verifier.verified();
  verdict.head = verifier.head();
  return verdict;
}

absl::StatusOr<int> VerifyOnline(const AuditVerifyFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto heads, client->ListHeads());
  std::vector<std::string> keys;
  if (!flags.public_key_file.empty()) {
    ASSIGN_OR_RETURN(keys, KeysOfFile(flags.public_key_file));
  } else {
    for (const auto& key : heads.keys()) {
      ASSIGN_OR_RETURN(const std::vector<std::string> read, PublicKeysFromPem(key.pem()));
      keys.insert(keys.end(), read.begin(), read.end());
    }
  }
  std::vector<ChainVerdict> verdicts;
  for (const auto& head : heads.heads()) {
    ASSIGN_OR_RETURN(ChainVerdict verdict, VerifyByPages(*client, head, keys));
    verdicts.push_back(std::move(verdict));
  }
  std::vector<std::string> others;
  for (const auto& finding : heads.findings()) others.push_back(FindingText(finding));
  return PrintVerdicts(verdicts, others, globals);
}

// --- a folder ---

// Heads that were noted before, checked against the chain as it is read.
absl::StatusOr<std::vector<audit_v1::SignedHead>> NotedHeads(const AuditVerifyFlags& flags) {
  if (flags.heads_file.empty()) return std::vector<audit_v1::SignedHead>();
  ASSIGN_OR_RETURN(std::vector<audit_v1::SignedHead> heads, SignedHeadsOfFile(flags.heads_file));
  ASSIGN_OR_RETURN(const std::vector<std::string> keys, KeysOfFile(flags.public_key_file));
  for (const auto& head : heads) {
    if (IsSignedByOneOf(keys, head)) continue;
    return MakeError(Reason::kInvalidRequest, "a head in " + flags.heads_file + " is not signed by the key");
  }
  return heads;
}

absl::StatusOr<int> VerifyFolder(const AuditVerifyFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const std::vector<audit_v1::SignedHead> heads, NotedHeads(flags));
  ChainVerdict verdict;
  const auto visit = [&](const StoredAuditEntry& entry) {
    if (entry.sequence == 1) verdict.chain_id = ChainIdOf(entry.hash);
    verdict.entries = entry.sequence;
    verdict.head = entry.hash;
    for (const auto& head : heads) {
      if (head.sequence() != entry.sequence || head.chain_id() != verdict.chain_id) continue;
      if (head.hash() == entry.hash) verdict.signed_to = entry.sequence;
      if (head.hash() != entry.hash) verdict.breaks.emplace_back("a signed head has another hash");
    }
  };
  const auto verified = VerifyChainFolder(flags.chain_folder, visit);
  if (!verified.ok() && ReasonOf(verified.status()) != Reason::kDataLoss) return verified.status();
  if (!verified.ok()) verdict.breaks.emplace_back(Message(verified.status()));
  for (const auto& head : heads) {
    if (head.chain_id() == verdict.chain_id && head.sequence() > verdict.entries) {
      verdict.breaks.push_back("entry " + std::to_string(head.sequence()) + " was signed for and is missing");
    }
  }
  if (verified.ok() && verified->torn_bytes > 0) {
    verdict.remark = std::to_string(verified->torn_bytes) + " bytes at the end were never acknowledged";
  }
  return PrintVerdicts({verdict}, {}, globals);
}

// --- a log ---

absl::StatusOr<std::unique_ptr<Log>> OpenLog(const AuditVerifyFlags& flags) {
  if (!flags.settings_file.empty()) {
    ASSIGN_OR_RETURN(ServiceSettings settings, LoadServiceSettings(flags.settings_file));
    if (settings.kafka.identity_folder.empty()) settings.kafka.identity_folder = settings.identity;
    return KafkaLog::Open(settings.kafka);
  }
  // Opening makes a log where there is none.
  if (!std::filesystem::exists(flags.log_folder + "/log_id")) {
    return MakeError(Reason::kObjectNotFound, "there is no log in " + flags.log_folder);
  }
  return EmbeddedLog::Open(flags.log_folder, SystemClock());
}

absl::StatusOr<int> VerifyLog(const AuditVerifyFlags& flags, const Globals& globals) {
  ASSIGN_OR_RETURN(const std::vector<std::string> keys, KeysOfFile(flags.public_key_file));
  ASSIGN_OR_RETURN(const auto log, OpenLog(flags));
  ASSIGN_OR_RETURN(const VerifiedTopics verified, VerifyAuditTopics(*log, keys, SystemClock().UtcUs()));
  std::vector<ChainVerdict> verdicts;
  for (const auto& [chain_id, head] : verified.heads) {
    ChainVerdict verdict{chain_id, head.process(), head.sequence(), head.hash(), 0, "", {}};
    if (head.signed_head().sequence() <= head.sequence()) verdict.signed_to = head.signed_head().sequence();
    for (const auto& finding : head.findings()) verdict.breaks.push_back(FindingText(finding));
    verdicts.push_back(std::move(verdict));
  }
  std::vector<std::string> others;
  for (const auto& finding : verified.findings) others.push_back(FindingText(finding));
  return PrintVerdicts(verdicts, others, globals);
}

}  // namespace

absl::StatusOr<int> VerifyAudit(const AuditVerifyFlags& flags, const Globals& globals) {
  const int logs = (flags.log_folder.empty() ? 0 : 1) + (flags.settings_file.empty() ? 0 : 1);
  if (logs != (flags.topic ? 1 : 0)) return UsageError("--topic goes with --log FOLDER or --settings FILE");
  if (flags.topic && !flags.chain_folder.empty()) return UsageError("give --chain or --topic, not both");
  if (!flags.heads_file.empty() && flags.chain_folder.empty()) return UsageError("--heads goes with --chain");
  if ((flags.topic || !flags.heads_file.empty()) && flags.public_key_file.empty()) {
    return UsageError("give --public-key FILE, with what `hangou audit public-key` printed");
  }
  if (!flags.chain_folder.empty()) return VerifyFolder(flags, globals);
  return flags.topic ? VerifyLog(flags, globals) : VerifyOnline(flags, globals);
}

}  // namespace hangou
