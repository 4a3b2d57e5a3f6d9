#include "services/audit/index_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "libs/audit/audit_format.h"
#include "libs/base/limits.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

namespace v1 = hangou::audit::v1;

// Beyond every key TIME REF.
const std::string kEndKey(kTimeRefBytes + 1, '\xff');

absl::Status DamagedRow() {
  return MakeError(Reason::kDataLoss, "the view of the audit is damaged: a row is missing or cut");
}

// Fills a page until it is full.
class PageFiller {
 public:
  PageFiller(const AuditIndex& index, size_t page_size) : index_(index), page_size_(page_size) {}

  // False, without adding it, where the page has no room for the entry. The first one always fits.
  absl::StatusOr<bool> Add(const EntryRef& ref) {
    ASSIGN_OR_RETURN(const auto row, index_.store().Get(kAuditEntries, ref.Encode()));
    if (!row) return DamagedRow();
    return Add(ref, *row);
  }
  absl::StatusOr<bool> Add(const EntryRef& ref, std::string_view row) {
    if (row.size() <= kHashBytes) return DamagedRow();
    bytes_ += row.size();
    const bool fits = page.entries.empty() || bytes_ < limits::kReplyBytes;
    if (!fits || static_cast<size_t>(page.entries.size()) >= page_size_) return false;
    v1::ChainedEntry* const out = page.entries.Add();
    out->set_hash(std::string(row.substr(0, kHashBytes)));
    out->set_entry(std::string(row.substr(kHashBytes)));
    out->set_chain_id(index_.ChainIdOf(ref.chain));
    out->set_branch(ref.branch);
    return true;
  }

  EntryPage page;

 private:
  const AuditIndex& index_;
  const size_t page_size_;
  size_t bytes_ = 0;
};

// The times of the newest entries of one chain or branch, as keys TIME REF.
absl::Status AddNewestKeys(const AuditIndex& index, EntryRef last, uint64_t first_sequence, size_t count,
                           std::vector<std::string>* keys) {
  EntryRef from = last;
  from.sequence = last.sequence < first_sequence + count ? first_sequence : last.sequence + 1 - count;
  const std::string prefix = from.Encode().substr(0, kEntryRefBytes - 8);
  absl::Status inside;
  RETURN_IF_ERROR(index.store().Scan(
      kAuditEntries, from.Encode(), prefix, [&](std::string_view key, std::string_view row) {
        v1::Entry entry;
        if (row.size() <= kHashBytes || !entry.ParseFromString(std::string(row.substr(kHashBytes)))) {
          inside = DamagedRow();
          return false;
        }
        const EntryRef ref = EntryRef::Decode(key);
        if (ref.sequence > last.sequence) return false;
        keys->push_back(TimeKey(entry.time_us(), ref));
        return true;
      }));
  return inside;
}

// Keeps the largest `count`.
void KeepNewest(size_t count, std::vector<std::string>* keys) {
  if (keys->size() <= count) return;
  std::sort(keys->begin(), keys->end(), std::greater<>());
  keys->resize(count);
}

// Keys TIME~ REF of accesses in one list.
struct AccessList {
  std::vector<std::string> keys;
  std::string complete_to;  // everything that matches up to here is in `keys`
};

// Scans one list behind `after`, until `wanted` match.
absl::StatusOr<AccessList> ScanAccesses(const AuditIndex& index, const AccessQuery& query,
                                        const std::string& prefix, const std::string& after, size_t wanted) {
  const AuditTable table = query.bulk ? kAuditBulk : kAuditByEntity;
  std::string from = prefix + (after.empty() ? std::string() : after + '\0');
  if (query.until_us > 0) {
    from = std::max(from, prefix + NewestFirstKey(query.until_us - 1, {}).substr(0, 8));
  }
  AccessList list;
  list.complete_to = kEndKey;
  size_t looked_at = 0;
  bool damaged = false;
  RETURN_IF_ERROR(
      index.store().Scan(table, from, prefix, [&](std::string_view key, std::string_view subject) {
        key.remove_prefix(prefix.size());
        damaged = key.size() != kTimeRefBytes;
        if (damaged || TimeOfNewestFirstKey(key) < query.from_us) return false;
        if (query.subject.empty() || subject == query.subject) list.keys.emplace_back(key);
        const bool enough = list.keys.size() == wanted || ++looked_at == kLookedAtRows;
        if (enough) list.complete_to = std::string(key);
        return !enough;
      }));
  if (damaged) return DamagedRow();
  return list;
}

// The keys of all lists in their order, as far as all of them are complete.
absl::StatusOr<AccessList> MergeAccesses(const AuditIndex& index, const AccessQuery& query,
                                         const std::string& after, size_t wanted) {
  AccessList merged;
  merged.complete_to = kEndKey;
  for (const std::string& prefix : query.prefixes) {
    ASSIGN_OR_RETURN(AccessList list, ScanAccesses(index, query, prefix, after, wanted));
    merged.complete_to = std::min(merged.complete_to, list.complete_to);
    merged.keys.insert(merged.keys.end(), list.keys.begin(), list.keys.end());
  }
  std::erase_if(merged.keys, [&](const std::string& key) { return key > merged.complete_to; });
  std::sort(merged.keys.begin(), merged.keys.end());
  merged.keys.erase(std::unique(merged.keys.begin(), merged.keys.end()), merged.keys.end());
  return merged;
}

}  // namespace

absl::StatusOr<EntryPage> ReadChain(const AuditIndex& index, const KnownChain& chain, uint64_t from_sequence,
                                    uint64_t last_sequence, size_t page_size) {
  PageFiller filler(index, page_size);
  const EntryRef from{chain.number, 0, std::max<uint64_t>(1, from_sequence)};
  if (from.sequence > last_sequence) return EntryPage();
  uint64_t due = from.sequence;
  absl::Status inside;
  RETURN_IF_ERROR(
      index.store().Scan(kAuditEntries, from.Encode(), from.Encode().substr(0, kEntryRefBytes - 8),
                         [&](std::string_view key, std::string_view row) {
                           if (due > last_sequence) return false;
                           const EntryRef ref = EntryRef::Decode(key);
                           const auto added = ref.sequence == due ? filler.Add(ref, row) : DamagedRow();
                           inside = added.status();
                           if (added.ok() && *added) ++due;
                           return added.ok() && *added;
                         }));
  RETURN_IF_ERROR(inside);
  if (due <= last_sequence) filler.page.next = std::to_string(due);
  if (filler.page.entries.empty()) return DamagedRow();
  return std::move(filler.page);
}

absl::StatusOr<EntryPage> ReadByTime(const AuditIndex& index, const std::string& from_key, int64_t until_us,
                                     size_t page_size) {
  PageFiller filler(index, page_size);
  const std::string until = until_us > 0 ? TimeKey(until_us, {}) : kEndKey;
  absl::Status inside;
  RETURN_IF_ERROR(index.store().Scan(kAuditByTime, from_key, "", [&](std::string_view key, std::string_view) {
    if (key >= until) return false;
    const auto added = key.size() == kTimeRefBytes ? filler.Add(EntryRef::Decode(key.substr(8)))
                                                   : absl::StatusOr<bool>(DamagedRow());
    inside = added.status();
    if (added.ok() && !*added) filler.page.next = std::string(key);
    return added.ok() && *added;
  }));
  RETURN_IF_ERROR(inside);
  return std::move(filler.page);
}

absl::StatusOr<std::string> NewestByTime(const AuditIndex& index, size_t count) {
  std::vector<std::string> keys;
  for (const auto& chain : index.Chains()) {
    const auto& head = chain->head;
    if (head.sequence() > 0) {
      RETURN_IF_ERROR(AddNewestKeys(index, {chain->number, 0, head.sequence()}, 1, count, &keys));
    }
    for (const auto& branch : head.branches()) {
      RETURN_IF_ERROR(AddNewestKeys(index, {chain->number, branch.number(), branch.sequence()},
                                    branch.first_sequence(), count, &keys));
    }
    KeepNewest(count, &keys);
  }
  const auto oldest = std::min_element(keys.begin(), keys.end());
  return oldest == keys.end() ? std::string() : *oldest;
}

absl::StatusOr<EntryPage> ReadAccesses(const AuditIndex& index, const AccessQuery& query,
                                       const std::string& after, size_t page_size) {
  ASSIGN_OR_RETURN(const AccessList accesses, MergeAccesses(index, query, after, page_size + 1));
  PageFiller filler(index, page_size);
  std::string last = after;
  for (const std::string& key : accesses.keys) {
    ASSIGN_OR_RETURN(const bool added, filler.Add(EntryRef::Decode(std::string_view(key).substr(8))));
    if (!added) {
      filler.page.next = last;
      return std::move(filler.page);
    }
    last = key;
  }
  if (accesses.complete_to != kEndKey) filler.page.next = accesses.complete_to;
  return std::move(filler.page);
}

absl::StatusOr<uint64_t> CountAccesses(const AuditIndex& index, const AccessQuery& query, uint64_t most) {
  ASSIGN_OR_RETURN(const AccessList accesses, MergeAccesses(index, query, "", most));
  return accesses.keys.size();
}

}  // namespace hangou
