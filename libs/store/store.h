// The Store seam: an ordered key-value store with a few tables and atomic batches.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hangou {

// Changes that become visible together.
class StoreBatch {
 public:
  // One change; `value` is none for a deletion. `table` is an index into the store's tables.
  struct Change {
    int table;
    std::string key;
    std::optional<std::string> value;
  };

  // Sets a key.
  void Put(int table, std::string key, std::string value) {
    changes_.push_back({table, std::move(key), std::move(value)});
  }
  // Removes a key, whether or not it is there.
  void Delete(int table, std::string key) { changes_.push_back({table, std::move(key), std::nullopt}); }
  // In the order given; a later change of a key wins.
  const std::vector<Change>& changes() const { return changes_; }
  bool empty() const { return changes_.empty(); }
  void Clear() { changes_.clear(); }

 private:
  std::vector<Change> changes_;
};

// A store of byte strings, ordered by unsigned bytes. Thread-safe.
class Store {
 public:
  // Receives a row; returns false to stop the scan. The views are valid during the call only.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  // The same for the row of the prefix at `place`; false passes over the rest of this prefix.
  using VisitEach = std::function<bool(size_t place, std::string_view key, std::string_view value)>;

  virtual ~Store() = default;
  // Applies a batch atomically. STORE_FULL where there is no room; then nothing of it is applied.
  virtual absl::Status Write(const StoreBatch& batch) = 0;
  // The value of a key, none where there is none. DATA_LOSS where the stored bytes are damaged.
  virtual absl::StatusOr<std::optional<std::string>> Get(int table, std::string_view key) const = 0;
  // The values of many keys, none where there is none, in the order of `keys`. Cheaper than a Get of each. DATA_LOSS as
  // for Get.
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> GetMany(
      int table, const std::vector<std::string>& keys) const = 0;
  // Visits rows with `from` <= key in order, as they were when the scan began, until `visit` returns false or
  // the key no longer begins with `prefix`; where `from` < `prefix` it begins at `prefix`. DATA_LOSS as for
  // Get.
  virtual absl::Status Scan(int table, std::string_view from, std::string_view prefix,
                            const Visit& visit) const = 0;
  // Visits the rows of each prefix in order, one prefix after the other, as all of them were when the scan began. Many
  // are cheaper than a Scan each; in ascending order they are cheapest. DATA_LOSS as for Get.
  virtual absl::Status ScanEach(int table, const std::vector<std::string>& prefixes,
                                const VisitEach& visit) const = 0;
  // Makes all that was written survive a crash of the machine.
  virtual absl::Status Flush() = 0;
  // Removes from the disk what was deleted or replaced before the call under `prefix`: RocksDB keeps it in its files
  // until it merges them. Takes the time of writing what is there anew; other calls go on. STORE_FULL, DATA_LOSS: some
  // of it may still be there.
  virtual absl::Status Purge(int table, std::string_view prefix) = 0;
};

// How a store treats a crash.
enum class StoreKind {
  // `view`: no write-ahead log, atomic flush over all tables. After a crash it is a prefix of what was
  // written,
  // and its owner catches up from the log.
  kView,
  // `local`: with a write-ahead log: every acknowledged write survives the crash of the process.
  kLocal,
};

// A store in memory. For tests, and as the model of the contract.
std::unique_ptr<Store> MakeMemoryStore(int tables);

// The budget that all RocksDB stores of a process share: one block cache and one write buffer manager.
class StoreBudget;
// `bytes` is the total; a third of it for write buffers.
std::shared_ptr<StoreBudget> MakeStoreBudget(size_t bytes);

// How many bytes at the start of a key are the prefix that ScanEach is asked for, 0 where the key has none. A filter
// then spares the look-up in files that have nothing of a prefix. It must say the same for a prefix and for every key
// that begins with it. A null rule: no such filter.
using PrefixLength = size_t (*)(int table, std::string_view key);

// Opens or creates a RocksDB store in `folder`. DATA_LOSS where it is damaged: the owner of a view removes
// the folder and rebuilds from the log.
absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const std::string& folder, int tables, StoreKind kind,
                                                      std::shared_ptr<StoreBudget> budget,
                                                      PrefixLength prefix_length = nullptr);

}  // namespace hangou
