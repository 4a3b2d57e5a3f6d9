#include "libs/store/rocks_options.h"

#include <algorithm>

#include "libs/store/rocks_env.h"
#include "rocksdb/convenience.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"

namespace hangou {
namespace {

// The limits below are per database or table; a process holds some twenty databases of a few tables each.
//
// A table's write buffer, at most: flushed files are large enough to be few. The shared manager flushes earlier when
// all of them together exceed the budget, so that a small budget needs smaller ones.
constexpr size_t kWriteBufferBytes = 64 << 20;
constexpr size_t kWriteBuffersPerBudget = 8;
// A write buffer grows in steps of this: most tables hold little, and RocksDB's 1 MiB would be 100 MiB in
// all.
constexpr size_t kArenaBlockBytes = 64 << 10;
// Open files of a database: all its levels while it grows fast. A file that is not kept open is opened and its index
// read at every look-up. Twenty databases need 2,560 of limits::kProcessFiles.
constexpr int kOpenFiles = 128;
// Flushes and compactions of a database at a time: the threads are shared, the cores are few.
constexpr int kBackgroundJobs = 2;
// Write-ahead logs of a `local` store, after which the tables they hold back are flushed.
constexpr uint64_t kWalBytes = 16 << 20;
// Manifest, after which it is written anew: keeps opening fast.
constexpr uint64_t kManifestBytes = 4 << 20;
// Own log of RocksDB, kept once: warnings only.
constexpr size_t kInfoLogBytes = 1 << 20;
// A block: some neighbours of an entity, at a third of the index that RocksDB's 4 KiB would need.
constexpr size_t kBlockBytes = 8 << 10;
// Bits per key: one in a hundred look-ups of an absent key reads a block.
constexpr double kFilterBits = 10;
// Share of a write buffer that goes to its own filter: most records that are published are new, and a look-up of an
// absent key would walk the whole skip list.
constexpr double kBufferFilterRatio = 0.01;
// Written bytes after which the kernel is told to begin writing them out: no long stalls at the sync.
constexpr uint64_t kBytesPerSync = 1 << 20;

// lz4 serves Chinese rows at half their size for 2 µs a read; none where the library was built without it.
rocksdb::CompressionType ServingCompression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
  return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

class Prefixes : public rocksdb::SliceTransform {
 public:
  Prefixes(PrefixLength length, int table) : length_(length), table_(table) {}
  // Kept in the files: those that were written under another name are read without the filter.
  const char* Name() const override { return "hangou.prefix"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return {key.data(), LengthOf(key)}; }
  bool InDomain(const rocksdb::Slice& key) const override { return LengthOf(key) > 0; }

 private:
  size_t LengthOf(const rocksdb::Slice& key) const { return length_(table_, {key.data(), key.size()}); }

  const PrefixLength length_;
  const int table_;
};

}  // namespace

std::shared_ptr<const rocksdb::SliceTransform> MakePrefixes(PrefixLength prefix_length, int table) {
  return prefix_length == nullptr ? nullptr : std::make_shared<Prefixes>(prefix_length, table);
}

StoreBudget::StoreBudget(size_t bytes)
    : cache_(rocksdb::NewLRUCache(bytes - bytes / 3)),
      write_buffers_(std::make_shared<rocksdb::WriteBufferManager>(bytes / 3)) {}

std::shared_ptr<StoreBudget> MakeStoreBudget(size_t bytes) { return std::make_shared<StoreBudget>(bytes); }

rocksdb::DBOptions DatabaseOptions(StoreKind kind, const StoreBudget& budget) {
  rocksdb::DBOptions options;
  options.env = StoreEnv();
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.write_buffer_manager = budget.write_buffers();
  options.atomic_flush = kind == StoreKind::kView;
  // A damaged write-ahead log refuses to open; only its torn tail, which nobody was told of, is cut.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.max_total_wal_size = kWalBytes;
  options.max_open_files = kOpenFiles;
  options.max_background_jobs = kBackgroundJobs;
  options.max_manifest_file_size = kManifestBytes;
  options.bytes_per_sync = kBytesPerSync;
  options.keep_log_file_num = 1;
  options.max_log_file_size = kInfoLogBytes;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::ColumnFamilyOptions TableOptions(const StoreBudget& budget,
                                          std::shared_ptr<const rocksdb::SliceTransform> prefixes) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = budget.cache();
  blocks.block_size = kBlockBytes;
  blocks.cache_index_and_filter_blocks = true;
  blocks.pin_l0_filter_and_index_blocks_in_cache = true;
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBits));
  // In parts: a look-up in a store that is larger than the cache reads some kilobytes of index and filter, not a
  // file's whole.
  blocks.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  blocks.partition_filters = true;
  blocks.format_version = 5;

  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  options.compression = ServingCompression();
  options.write_buffer_size =
      std::min(kWriteBufferBytes, budget.write_buffers()->buffer_size() / kWriteBuffersPerBudget);
  options.arena_block_size = kArenaBlockBytes;
  options.memtable_prefix_bloom_size_ratio = kBufferFilterRatio;
  options.memtable_whole_key_filtering = true;
  options.prefix_extractor = std::move(prefixes);
  options.level_compaction_dynamic_level_bytes = true;
  options.force_consistency_checks = true;
  return options;
}

}  // namespace hangou
