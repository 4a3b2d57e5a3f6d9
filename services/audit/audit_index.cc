#include "services/audit/audit_index.h"

#include <algorithm>
#include <utility>

#include "libs/audit/audit_format.h"
#include "libs/audit_topic/audit_topic.h"
#include "libs/audit_topic/signed_head.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

namespace v1 = hangou::audit::v1;

constexpr char kLogRow[] = "log";
constexpr char kFindingsRow[] = "findings";
constexpr std::string_view kNextRows = "next/";
constexpr std::string_view kChainRows = "chain/";
constexpr size_t kChainNumberBytes = 4;

std::string NextRow(const std::string& topic, int32_t partition) {
  return std::string(kNextRows) + topic + "/" + std::to_string(partition);
}

absl::Status DamagedView(std::string_view what) {
  return MakeError(Reason::kDataLoss, "the view of the audit is damaged: " + std::string(what));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AuditIndex>> AuditIndex::Open(std::unique_ptr<Store> store,
                                                             const std::string& log_id) {
  std::unique_ptr<AuditIndex> index(new AuditIndex(std::move(store)));
  RETURN_IF_ERROR(index->Load(log_id));
  return index;
}

absl::Status AuditIndex::Load(const std::string& log_id) {
  ASSIGN_OR_RETURN(const auto stored_log, store_->Get(kAuditMeta, kLogRow));
  if (!stored_log) {
    StoreBatch batch;
    batch.Put(kAuditMeta, kLogRow, log_id);
    return store_->Write(batch);
  }
  if (*stored_log != log_id) return DamagedView("it is of another log");
  absl::Status inside;
  RETURN_IF_ERROR(store_->Scan(kAuditMeta, "", "", [&](std::string_view key, std::string_view value) {
    inside = LoadRow(key, value);
    return inside.ok();
  }));
  RETURN_IF_ERROR(inside);
  MutexLock lock(mutex_);
  for (const auto& [id, chain] : chains_) {
    if (chain->number >= chains_.size()) return DamagedView("a chain is missing");
    ids_.resize(chains_.size());
    ids_[chain->number] = id;
  }
  return absl::OkStatus();
}

absl::Status AuditIndex::LoadRow(std::string_view key, std::string_view value) {
  MutexLock lock(mutex_);
  if (key == kFindingsRow) {
    return findings_.ParseFromString(std::string(value)) ? absl::OkStatus() : DamagedView("findings");
  }
  if (key.starts_with(kNextRows)) {
    if (value.size() != 8) return DamagedView("a position");
    next_[std::string(key)] = static_cast<int64_t>(ReadBigEndian(value));
  }
  if (!key.starts_with(kChainRows)) return absl::OkStatus();
  auto chain = std::make_shared<KnownChain>();
  const bool sound = value.size() >= kChainNumberBytes &&
                     chain->head.ParseFromString(std::string(value.substr(kChainNumberBytes)));
  if (!sound) return DamagedView("a chain");
  chain->number = static_cast<uint32_t>(ReadBigEndian(value.substr(0, kChainNumberBytes)));
  chains_[std::string(key.substr(kChainRows.size()))] = std::move(chain);
  return absl::OkStatus();
}

int64_t AuditIndex::NextOffset(const std::string& topic, int32_t partition) const {
  MutexLock lock(mutex_);
  const auto found = next_.find(NextRow(topic, partition));
  return found == next_.end() ? 0 : found->second;
}

absl::Status AuditIndex::ApplyBatches(const std::vector<LogRecord>& records, int64_t now_us) {
  changes_ = {};
  for (const LogRecord& record : records) RETURN_IF_ERROR(ApplyBatch(record, now_us));
  return Commit(kAuditTopic, records);
}

absl::Status AuditIndex::ApplyBatch(const LogRecord& record, int64_t now_us) {
  const std::string place = PlaceInLog(kAuditTopic, record);
  auto batch = DecodeChainBatch(record);
  if (!batch.ok()) return NoteTopicFinding(place, Message(batch.status()), now_us), absl::OkStatus();
  KnownChain* const chain = ChainToChange(batch->chain_id());
  if (chain == nullptr) return NoteTopicFinding(place, "too many chains", now_us), absl::OkStatus();
  ChainTracker tracker(*this, &chain->head, place, now_us);
  uint64_t sequence = batch->first_sequence();
  v1::Entry content;
  for (auto& chained : *batch->mutable_entries()) {
    const StoredAuditEntry entry{sequence++, std::move(*chained.mutable_entry()),
                                 std::move(*chained.mutable_hash())};
    ASSIGN_OR_RETURN(const EntryPlace taken, tracker.Add(entry, &content));
    if (!taken.taken) continue;
    const EntryRef ref{chain->number, taken.branch, entry.sequence};
    changes_.hashes[ref.Encode()] = entry.hash;
    PutEntryRows(ref, entry.hash, entry.entry, content, &changes_.batch);
  }
  return absl::OkStatus();
}

absl::Status AuditIndex::ApplyHeads(const std::vector<LogRecord>& records,
                                    const std::vector<std::string>& public_keys, int64_t now_us) {
  changes_ = {};
  for (const LogRecord& record : records) RETURN_IF_ERROR(ApplyHead(record, public_keys, now_us));
  return Commit(kAuditHeadsTopic, records);
}

absl::Status AuditIndex::ApplyHead(const LogRecord& record, const std::vector<std::string>& public_keys,
                                   int64_t now_us) {
  const std::string place = PlaceInLog(kAuditHeadsTopic, record);
  const auto signed_head = DecodeSignedHead(record);
  if (!signed_head.ok()) {
    return NoteTopicFinding(place, Message(signed_head.status()), now_us), absl::OkStatus();
  }
  const bool sound = IsSignedByOneOf(public_keys, *signed_head);
  // Whoever cannot sign makes no chain known.
  KnownChain* const chain =
      sound || Find(signed_head->chain_id()) ? ChainToChange(signed_head->chain_id()) : nullptr;
  if (chain == nullptr) {
    return NoteTopicFinding(place, "a head of an unknown chain", now_us), absl::OkStatus();
  }
  ChainTracker tracker(*this, &chain->head, place, now_us);
  if (sound) return tracker.Add(*signed_head);
  tracker.Found(v1::FINDING_KIND_HEAD_SIGNATURE, signed_head->sequence(),
                "the head is not signed by a key of the installation");
  return absl::OkStatus();
}

absl::Status AuditIndex::NoteUnreadable(const std::string& place, std::string_view message, int64_t now_us) {
  changes_ = {};
  NoteTopicFinding(place, message, now_us);
  return Commit("", {});
}

void AuditIndex::NoteTopicFinding(const std::string& place, std::string_view message, int64_t now_us) {
  if (!changes_.findings) changes_.findings = TopicFindings();
  v1::Finding finding;
  finding.set_kind(v1::FINDING_KIND_UNREADABLE);
  finding.set_place(place);
  finding.set_found_us(now_us);
  finding.set_message(std::string(message));
  uint64_t count = changes_.findings->finding_count();
  KeepFinding(finding, changes_.findings->mutable_findings(), &count);
  changes_.findings->set_finding_count(count);
}

// The copy of a chain that the messages under way change; null where it would be one too many.
KnownChain* AuditIndex::ChainToChange(const std::string& chain_id) {
  const auto changed = changes_.chains.find(chain_id);
  if (changed != changes_.chains.end()) return &changed->second;
  if (const auto known = Find(chain_id)) return &(changes_.chains[chain_id] = *known);
  MutexLock lock(mutex_);
  size_t number = ids_.size();
  for (const auto& [id, chain] : changes_.chains) number += chain.number >= ids_.size() ? 1 : 0;
  if (number >= kKnownChains) return nullptr;
  KnownChain& chain = changes_.chains[chain_id];
  chain.number = static_cast<uint32_t>(number);
  chain.head.set_chain_id(chain_id);
  return &chain;
}

// Stores the changes with the position behind `records`, then shows them to the readers.
absl::Status AuditIndex::Commit(const std::string& topic, const std::vector<LogRecord>& records) {
  for (const auto& [id, chain] : changes_.chains) {
    std::string row;
    AppendBigEndian(&row, chain.number, kChainNumberBytes);
    changes_.batch.Put(kAuditMeta, std::string(kChainRows) + id, row + chain.head.SerializeAsString());
  }
  if (changes_.findings) changes_.batch.Put(kAuditMeta, kFindingsRow, changes_.findings->SerializeAsString());
  if (!records.empty()) {
    std::string next;
    AppendBigEndian(&next, static_cast<uint64_t>(records.back().offset + 1), 8);
    changes_.batch.Put(kAuditMeta, NextRow(topic, records.back().partition), next);
  }
  RETURN_IF_ERROR(store_->Write(changes_.batch));
  MutexLock lock(mutex_);
  if (!records.empty()) next_[NextRow(topic, records.back().partition)] = records.back().offset + 1;
  if (changes_.findings) findings_ = std::move(*changes_.findings);
  for (auto& [id, chain] : changes_.chains) {
    if (chain.number >= ids_.size()) ids_.resize(chain.number + 1);
    ids_[chain.number] = id;
    chains_[id] = std::make_shared<const KnownChain>(std::move(chain));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> AuditIndex::HashAt(const std::string& chain_id, uint32_t branch,
                                               uint64_t sequence) const {
  const auto changed = changes_.chains.find(chain_id);
  if (changed == changes_.chains.end()) return MakeError(Reason::kInternal, "a chain that is not changed");
  const std::string ref = EntryRef{changed->second.number, branch, sequence}.Encode();
  if (const auto found = changes_.hashes.find(ref); found != changes_.hashes.end()) return found->second;
  ASSIGN_OR_RETURN(const auto row, store_->Get(kAuditEntries, ref));
  if (row && row->size() > kHashBytes) return row->substr(0, kHashBytes);
  return DamagedView("it lacks an entry that it has taken");
}

std::shared_ptr<const KnownChain> AuditIndex::Find(const std::string& chain_id) const {
  MutexLock lock(mutex_);
  const auto found = chains_.find(chain_id);
  return found == chains_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const KnownChain>> AuditIndex::Chains() const {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<const KnownChain>> chains;
  chains.reserve(chains_.size());
  for (const auto& [id, chain] : chains_) chains.push_back(chain);
  return chains;
}

std::string AuditIndex::ChainIdOf(uint32_t number) const {
  MutexLock lock(mutex_);
  return number < ids_.size() ? ids_[number] : std::string();
}

uint64_t AuditIndex::NewestSequence(const std::string& chain_id) const {
  const auto chain = Find(chain_id);
  if (!chain) return 0;
  uint64_t newest = chain->head.sequence();
  for (const auto& branch : chain->head.branches()) newest = std::max(newest, branch.sequence());
  return newest;
}

v1::ListHeadsResponse AuditIndex::TopicFindings() const {
  MutexLock lock(mutex_);
  return findings_;
}

}  // namespace hangou
