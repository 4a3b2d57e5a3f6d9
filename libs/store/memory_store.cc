// The store in memory. A key keeps the versions that a running scan may still need, so that a scan sees the
// rows as they were when it began without stopping the writers.
#include <map>
#include <set>
#include <utility>

#include "libs/base/fault.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/store/store.h"

namespace hangou {
namespace {

// Rows copied under the lock at a time: long enough to make the lock cheap, short enough for writers to wait
// little.
constexpr size_t kRowsPerChunk = 256;

using Row = std::pair<std::string, std::string>;

// Values of one key, the oldest first. `value` is none where the key was deleted.
struct Version {
  uint64_t number;
  std::optional<std::string> value;
};
using Versions = std::vector<Version>;
using Table = std::map<std::string, Versions, std::less<>>;

// The value that a reader of version `at` sees; null where there is none.
const std::string* ValueAt(const Versions& versions, uint64_t at) {
  for (size_t i = versions.size(); i-- > 0;) {
    if (versions[i].number > at) continue;
    return versions[i].value.has_value() ? &*versions[i].value : nullptr;
  }
  return nullptr;
}

// Thread-safe. Invariant: of every key, the versions after the first are newer than the oldest running scan;
// keys with more than one version, or with a deletion alone, are in `unpruned_`, and there are none while no
// scan runs.
class MemoryStore : public Store {
 public:
  explicit MemoryStore(int tables) : tables_(static_cast<size_t>(tables)) {}

  absl::Status Write(const StoreBatch& batch) override {
    if (const int error = FaultAt(FaultPoint::kStoreWrite); error != 0)
      return ErrnoError(error, "write store");
    MutexLock lock(mutex_);
    const uint64_t number = ++newest_;
    for (const StoreBatch::Change& change : batch.changes()) Apply(number, change);
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<std::string>> Get(int table, std::string_view key) const override {
    MutexLock lock(mutex_);
    const Table& rows = TableAt(table);
    const auto found = rows.find(key);
    if (found == rows.end()) return std::nullopt;
    const std::string* value = ValueAt(found->second, newest_);
    if (value == nullptr) return std::nullopt;
    return *value;
  }

  absl::StatusOr<std::vector<std::optional<std::string>>> GetMany(
      int table, const std::vector<std::string>& keys) const override {
    std::vector<std::optional<std::string>> values;
    for (const std::string& key : keys) {
      ASSIGN_OR_RETURN(values.emplace_back(), Get(table, key));
    }
    return values;
  }

  absl::Status Scan(int table, std::string_view from, std::string_view prefix,
                    const Visit& visit) const override {
    const uint64_t at = BeginScan();
    ScanAt(at, table, from, prefix, visit);
    EndScan(at);
    return absl::OkStatus();
  }

  absl::Status ScanEach(int table, const std::vector<std::string>& prefixes,
                        const VisitEach& visit) const override {
    const uint64_t at = BeginScan();
    for (size_t place = 0; place < prefixes.size(); ++place) {
      ScanAt(at, table, prefixes[place], prefixes[place],
             [&](std::string_view key, std::string_view value) { return visit(place, key, value); });
    }
    EndScan(at);
    return absl::OkStatus();
  }

  absl::Status Flush() override { return absl::OkStatus(); }
  absl::Status Purge(int, std::string_view) override { return absl::OkStatus(); }

 private:
  void ScanAt(uint64_t at, int table, std::string_view from, std::string_view prefix,
              const Visit& visit) const {
    std::string next(std::max(from, prefix));
    std::vector<Row> rows;
    bool more = true;
    while (more) {
      more = CopyRows(table, prefix, at, &next, &rows);
      for (const auto& [key, value] : rows) {
        if (!visit(key, value)) {
          more = false;
          break;
        }
      }
    }
  }

  Table& TableAt(int table) const HANGOU_REQUIRES(mutex_) {
    HANGOU_CHECK(table >= 0 && static_cast<size_t>(table) < tables_.size(), "no such table");
    return tables_[static_cast<size_t>(table)];
  }

  void Apply(uint64_t number, const StoreBatch::Change& change) HANGOU_REQUIRES(mutex_) {
    Versions& versions = TableAt(change.table)[change.key];
    if (!versions.empty() && versions.back().number == number) {
      versions.back().value = change.value;
    } else {
      versions.push_back({number, change.value});
    }
    if (!Prune(change.table, change.key)) unpruned_.emplace(change.table, change.key);
  }

  // Drops what no reader can see any more. False where a running scan still needs what can go later.
  bool Prune(int table, const std::string& key) const HANGOU_REQUIRES(mutex_) {
    Table& rows = TableAt(table);
    const auto found = rows.find(key);
    if (found == rows.end()) return true;
    Versions& versions = found->second;
    const uint64_t oldest = scans_.empty() ? newest_ : *scans_.begin();
    size_t keep = 0;
    while (keep + 1 < versions.size() && versions[keep + 1].number <= oldest) ++keep;
    versions.erase(versions.begin(), versions.begin() + static_cast<std::ptrdiff_t>(keep));
    if (versions.size() > 1) return false;
    if (versions[0].value.has_value()) return true;
    if (versions[0].number > oldest) return false;
    rows.erase(found);
    return true;
  }

  uint64_t BeginScan() const {
    MutexLock lock(mutex_);
    scans_.insert(newest_);
    return newest_;
  }

  void EndScan(uint64_t at) const {
    MutexLock lock(mutex_);
    scans_.erase(scans_.find(at));
    if (!scans_.empty()) return;
    for (const auto& [table, key] : unpruned_) Prune(table, key);
    unpruned_.clear();
  }

  // Copies the next rows from `next` on, and moves it behind them; false at the end.
  bool CopyRows(int table, std::string_view prefix, uint64_t at, std::string* next,
                std::vector<Row>* out) const {
    out->clear();
    MutexLock lock(mutex_);
    const Table& rows = TableAt(table);
    for (auto row = rows.lower_bound(*next); row != rows.end(); ++row) {
      if (!std::string_view(row->first).starts_with(prefix)) return false;
      if (out->size() == kRowsPerChunk) {
        *next = row->first;
        return true;
      }
      if (const std::string* value = ValueAt(row->second, at); value != nullptr)
        out->emplace_back(row->first, *value);
    }
    return false;
  }

  mutable Mutex mutex_;
  mutable std::vector<Table> tables_ HANGOU_GUARDED_BY(mutex_);
  uint64_t newest_ HANGOU_GUARDED_BY(mutex_) = 0;
  mutable std::multiset<uint64_t> scans_ HANGOU_GUARDED_BY(mutex_);  // versions that running scans read
  mutable std::set<std::pair<int, std::string>> unpruned_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Store> MakeMemoryStore(int tables) { return std::make_unique<MemoryStore>(tables); }

}  // namespace hangou
