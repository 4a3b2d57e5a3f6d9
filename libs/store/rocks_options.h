// How the stores configure RocksDB. Internal to libs/store.
#pragma once

#include <memory>

#include "libs/store/store.h"
#include "rocksdb/cache.h"
#include "rocksdb/options.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/write_buffer_manager.h"

namespace hangou {

// What all stores of a process share. Constant after construction; both members are thread-safe.
class StoreBudget {
 public:
  // `bytes` in all: a third for write buffers, the rest for blocks, indexes and filters.
  explicit StoreBudget(size_t bytes);

  const std::shared_ptr<rocksdb::Cache>& cache() const { return cache_; }
  const std::shared_ptr<rocksdb::WriteBufferManager>& write_buffers() const { return write_buffers_; }

 private:
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
};

// Options of the database.
rocksdb::DBOptions DatabaseOptions(StoreKind kind, const StoreBudget& budget);
// Options of a table; `prefixes` may be null.
rocksdb::ColumnFamilyOptions TableOptions(const StoreBudget& budget,
                                          std::shared_ptr<const rocksdb::SliceTransform> prefixes);
// The prefixes of a table's keys as RocksDB asks for them; null for a null rule.
std::shared_ptr<const rocksdb::SliceTransform> MakePrefixes(PrefixLength prefix_length, int table);

}  // namespace hangou
