#include "services/audit/audit_rows.h"

#include <algorithm>

#include "libs/base/text.h"

namespace hangou {
namespace {

uint64_t TimeNumber(int64_t time_us) { return static_cast<uint64_t>(std::max<int64_t>(0, time_us)); }

}  // namespace

std::string EntryRef::Encode() const {
  std::string text;
  text.reserve(kEntryRefBytes);
  AppendBigEndian(&text, chain, 4);
  AppendBigEndian(&text, branch, 1);
  AppendBigEndian(&text, sequence, 8);
  return text;
}

EntryRef EntryRef::Decode(std::string_view text) {
  return {static_cast<uint32_t>(ReadBigEndian(text.substr(0, 4))),
          static_cast<uint32_t>(ReadBigEndian(text.substr(4, 1))), ReadBigEndian(text.substr(5, 8))};
}

std::string TimeKey(int64_t time_us, const EntryRef& ref) {
  std::string key;
  AppendBigEndian(&key, TimeNumber(time_us), 8);
  return key + ref.Encode();
}

std::string NewestFirstKey(int64_t time_us, const EntryRef& ref) {
  std::string key;
  AppendBigEndian(&key, ~TimeNumber(time_us), 8);
  return key + ref.Encode();
}

int64_t TimeOfNewestFirstKey(std::string_view key) {
  return static_cast<int64_t>(~ReadBigEndian(key.substr(0, 8)));
}

std::string EntityPrefix(std::string_view entity_hash) { return std::string(entity_hash) + '\0'; }

bool IsBulkAccess(const hangou::audit::v1::Entry& entry) {
  const bool access = entry.action() == hangou::audit::v1::ACTION_READ ||
                      entry.action() == hangou::audit::v1::ACTION_VERIFY ||
                      entry.action() == hangou::audit::v1::ACTION_DELIVER ||
                      entry.action() == hangou::audit::v1::ACTION_COMPARE;
  return access && entry.allowed() && entry.records() > 0 && entry.entity_hashes().empty();
}

void PutEntryRows(const EntryRef& ref, const std::string& hash, const std::string& bytes,
                  const hangou::audit::v1::Entry& content, StoreBatch* batch) {
  batch->Put(kAuditEntries, ref.Encode(), hash + bytes);
  batch->Put(kAuditByTime, TimeKey(content.time_us(), ref), "");
  const std::string newest_first = NewestFirstKey(content.time_us(), ref);
  for (const std::string& entity : content.entity_hashes()) {
    batch->Put(kAuditByEntity, EntityPrefix(entity) + newest_first, content.subject());
  }
  if (IsBulkAccess(content)) batch->Put(kAuditBulk, newest_first, content.subject());
}

}  // namespace hangou
