// What the tests of the audit topic, and of the audit service, share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libs/audit/chain.h"
#include "libs/audit_topic/audit_topic.h"
#include "libs/base/status.h"
#include "libs/log/log_for_test.h"
#include "libs/log/memory_log.h"

namespace hangou {

// A chain in memory, as a process would write it: entries that tell their number in their subject.
class ChainForTest {
 public:
  // Every process has its own name; chains of one name have one id.
  explicit ChainForTest(std::string process) : process_(std::move(process)) { Append(1); }

  // Appends entries; `entry` is what they say.
  void Append(int count, hangou::audit::v1::Entry entry = {}) {
    for (int i = 0; i < count; ++i) {
      const uint64_t sequence = entries_.size() + 1;
      entry.set_sequence(sequence);
      if (entry.time_us() == 0 || i > 0) entry.set_time_us(1'000'000 + static_cast<int64_t>(sequence));
      entry.set_process(process_);
      const std::string bytes = entry.SerializeAsString();
      const std::string before = entries_.empty() ? std::string(32, '\0') : entries_.back().hash;
      entries_.push_back({sequence, bytes, ChainHash(before, bytes)});
    }
  }
  // Goes back to an older state, from which it goes on another way.
  void CutTo(uint64_t sequence) { entries_.resize(sequence); }

  std::string id() const { return ChainIdOf(entries_.front().hash); }
  uint64_t newest() const { return entries_.size(); }
  const StoredAuditEntry& At(uint64_t sequence) const { return entries_[sequence - 1]; }
  // A message with the entries first..last.
  hangou::audit::v1::ChainBatch Batch(uint64_t first, uint64_t last) const {
    hangou::audit::v1::ChainBatch batch;
    batch.set_chain_id(id());
    batch.set_first_sequence(first);
    for (uint64_t sequence = first; sequence <= last; ++sequence) {
      auto* out = batch.add_entries();
      out->set_entry(At(sequence).entry);
      out->set_hash(At(sequence).hash);
    }
    return batch;
  }

 private:
  const std::string process_;
  std::vector<StoredAuditEntry> entries_;
};

// Appends a message to a topic of the audit; crashes where that fails.
inline void PutMessage(Log& log, const std::string& topic, int32_t partition, const std::string& key,
                       const std::string& value) {
  HANGOU_CHECK(AppendAndWait(log, topic, partition, {{key, value}}).ok(), "no append");
}
inline void PutBatch(Log& log, const hangou::audit::v1::ChainBatch& batch) {
  PutMessage(log, kAuditTopic, AuditPartitionOf(batch.chain_id()),
             AuditKey(batch.chain_id(), batch.first_sequence()), batch.SerializeAsString());
}

// All batches of a chain in a log, in order.
inline std::vector<hangou::audit::v1::ChainBatch> BatchesOf(Log& log, const std::string& chain_id) {
  std::vector<hangou::audit::v1::ChainBatch> batches;
  const auto visit = [&](const LogRecord& record) {
    const auto batch = DecodeChainBatch(record);
    HANGOU_CHECK(batch.ok(), "a message of the audit topic is not understood");
    HANGOU_CHECK(record.key == AuditKey(batch->chain_id(), batch->first_sequence()), "another key");
    if (batch->chain_id() == chain_id) batches.push_back(*batch);
    return absl::OkStatus();
  };
  HANGOU_CHECK(ReadToEnd(log, kAuditTopic, AuditPartitionOf(chain_id), 0, visit).ok(), "no topic");
  return batches;
}

// What is in the topic of a chain.
struct ShippedForTest {
  uint64_t last = 0;      // up to where there is no gap
  uint64_t repeated = 0;  // entries that came again
  bool gap = false;
};
inline ShippedForTest ShippedOf(Log& log, const std::string& chain_id) {
  ShippedForTest shipped;
  for (const auto& batch : BatchesOf(log, chain_id)) {
    const uint64_t last = batch.first_sequence() + static_cast<uint64_t>(batch.entries_size()) - 1;
    shipped.gap = shipped.gap || batch.first_sequence() > shipped.last + 1;
    if (batch.first_sequence() <= shipped.last)
      shipped.repeated += std::min(last, shipped.last) - batch.first_sequence() + 1;
    shipped.last = std::max(shipped.last, last);
  }
  return shipped;
}

}  // namespace hangou
