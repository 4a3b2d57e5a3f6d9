// The store on RocksDB. Table I is the column family "tI".
#include <algorithm>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/base/fault.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/store/rocks_env.h"
#include "libs/store/rocks_options.h"
#include "rocksdb/db.h"

namespace hangou {
namespace {

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// The file that RocksDB's message names, else the folder. Its messages are not passed on as they are: some
// quote keys.
std::string PlaceIn(const std::string& folder, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  const size_t begin = text.find(folder + "/");
  if (begin == std::string::npos) return folder;
  return text.substr(begin, text.find_first_of(" :,;", begin) - begin);
}

absl::Status Damaged(const std::string& place) {
  return MakeError(Reason::kDataLoss,
                   "store " + place +
                       " is damaged; a view is rebuilt when its folder is removed, a local store has "
                       "to be restored");
}

// The error of a database in `folder`; `what` says what was tried.
absl::Status FromRocks(const std::string& folder, std::string_view what, const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string place = PlaceIn(folder, status);
  if (status.IsNoSpace()) {
    return MakeError(Reason::kStoreFull, "no room to write store " + folder + "; make room on its disk");
  }
  if (status.IsCorruption() || status.IsNotSupported() || status.IsNotFound() || status.IsPathNotFound() ||
      status.IsInvalidArgument()) {
    return Damaged(place);
  }
  return MakeError(Reason::kInternal, std::string(what) + " store " + place + " failed with RocksDB status " +
                                          std::to_string(status.code()) + "." +
                                          std::to_string(status.subcode()) + "; see its LOG file");
}

// The smallest text above everything that begins with `prefix`; empty where there is none.
std::string BehindPrefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

// Owns the database. Thread-safe, as RocksDB is; constant after construction.
class RocksStore : public Store {
 public:
  RocksStore(std::string folder, StoreKind kind, std::shared_ptr<StoreBudget> budget,
             std::unique_ptr<rocksdb::DB> database, int table_count,
             std::vector<rocksdb::ColumnFamilyHandle*> families, PrefixLength prefix_length)
      : folder_(std::move(folder)),
        kind_(kind),
        budget_(std::move(budget)),
        database_(std::move(database)),
        table_count_(table_count),
        families_(std::move(families)),
        prefix_length_(prefix_length) {
    write_options_.disableWAL = kind == StoreKind::kView;
    write_options_.sync = kind == StoreKind::kLocal;
  }

  ~RocksStore() override {
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      database_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    }
    // What cannot be written now is what a crash would have lost; the contract of both kinds allows for that.
    database_->Close().PermitUncheckedError();
  }

  absl::Status Write(const StoreBatch& batch) override {
    // Neighbours one after the other: a write buffer finds the place of a key from that of the key before it. Changes
    // of one key stay in their order, so that the last one counts.
    std::vector<const StoreBatch::Change*> sorted;
    sorted.reserve(batch.changes().size());
    for (const StoreBatch::Change& change : batch.changes()) sorted.push_back(&change);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
      return std::tie(a->table, a->key, a) < std::tie(b->table, b->key, b);
    });
    rocksdb::WriteBatch changes;
    for (const StoreBatch::Change* change : sorted) {
      rocksdb::ColumnFamilyHandle* table = TableAt(change->table);
      const rocksdb::Status added = change->value.has_value()
                                        ? changes.Put(table, change->key, *change->value)
                                        : changes.Delete(table, change->key);
      RETURN_IF_ERROR(FromRocks(folder_, "write", added));
    }
    // Without a write-ahead log nothing reaches the disk here, so the fault point of the files would not be
    // met.
    const int error = FaultAt(FaultPoint::kStoreWrite);
    if (error != 0 && kind_ == StoreKind::kView) return ErrnoError(error, "write store " + folder_);
    rocksdb::Status status = database_->Write(write_options_, &changes);
    if (status.IsNoSpace() && Resume()) status = database_->Write(write_options_, &changes);
    return FromRocks(folder_, "write", status);
  }

  absl::StatusOr<std::optional<std::string>> Get(int table, std::string_view key) const override {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status =
        database_->Get(rocksdb::ReadOptions(), TableAt(table), ToSlice(key), &value);
    if (status.IsNotFound()) return std::nullopt;
    RETURN_IF_ERROR(FromRocks(folder_, "read", status));
    return value.ToString();
  }

  absl::StatusOr<std::vector<std::optional<std::string>>> GetMany(
      int table, const std::vector<std::string>& keys) const override {
    std::vector<rocksdb::Slice> slices;
    slices.reserve(keys.size());
    for (const std::string& key : keys) slices.push_back(ToSlice(key));
    std::vector<rocksdb::PinnableSlice> pinned(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    database_->MultiGet(rocksdb::ReadOptions(), TableAt(table), keys.size(), slices.data(), pinned.data(),
                        statuses.data());
    std::vector<std::optional<std::string>> values(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) continue;
      RETURN_IF_ERROR(FromRocks(folder_, "read", statuses[i]));
      values[i].emplace(pinned[i].data(), pinned[i].size());
    }
    return values;
  }

  absl::Status Scan(int table, std::string_view from, std::string_view prefix,
                    const Visit& visit) const override {
    rocksdb::ReadOptions options;
    // There are none; and while it looks for them, RocksDB 7.8 passes over a damaged file of a lower level without a
    // word (facebook/rocksdb#11782).
    options.ignore_range_deletions = true;
    options.total_order_seek = true;
    const std::string end = BehindPrefix(prefix);
    const rocksdb::Slice bound = end;
    if (!end.empty()) options.iterate_upper_bound = &bound;
    const std::unique_ptr<rocksdb::Iterator> row(database_->NewIterator(options, TableAt(table)));
    for (row->Seek(ToSlice(std::max(from, prefix))); row->Valid(); row->Next()) {
      const std::string_view key = ToView(row->key());
      if (!key.starts_with(prefix) || !visit(key, ToView(row->value()))) break;
    }
    return FromRocks(folder_, "read", row->status());
  }

  absl::Status ScanEach(int table, const std::vector<std::string>& prefixes,
                        const VisitEach& visit) const override {
    rocksdb::ReadOptions options;
    options.ignore_range_deletions = true;  // as in Scan
    const bool filtered = std::all_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
      return prefix_length_ != nullptr && !prefix.empty() && prefix_length_(table, prefix) == prefix.size();
    });
    options.prefix_same_as_start = filtered;
    options.total_order_seek = !filtered;
    const std::unique_ptr<rocksdb::Iterator> row(database_->NewIterator(options, TableAt(table)));
    for (size_t place = 0; place < prefixes.size(); ++place) {
      for (row->Seek(prefixes[place]); row->Valid(); row->Next()) {
        const std::string_view key = ToView(row->key());
        if (!key.starts_with(prefixes[place]) || !visit(place, key, ToView(row->value()))) break;
      }
      RETURN_IF_ERROR(FromRocks(folder_, "read", row->status()));
    }
    return absl::OkStatus();
  }

  absl::Status Flush() override {
    rocksdb::Status status = FlushOnce();
    if (status.IsNoSpace() && Resume()) status = FlushOnce();
    return FromRocks(folder_, "flush", status);
  }

  absl::Status Purge(int table, std::string_view prefix) override {
    // A write-ahead log goes when all tables have written what stands in it.
    RETURN_IF_ERROR(FromRocks(folder_, "flush", database_->Flush(rocksdb::FlushOptions(), families_)));
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    const std::string end = BehindPrefix(prefix);
    const rocksdb::Slice from = ToSlice(prefix), to = ToSlice(end);
    return FromRocks(folder_, "purge",
                     database_->CompactRange(options, TableAt(table), &from, end.empty() ? nullptr : &to));
  }

 private:
  rocksdb::ColumnFamilyHandle* TableAt(int table) const {
    HANGOU_CHECK(table >= 0 && table < table_count_, "no such table");
    return families_[static_cast<size_t>(table) + 1];
  }

  rocksdb::Status FlushOnce() {
    // Every write of a `local` store is in its write-ahead log and synced already.
    if (kind_ == StoreKind::kLocal) return database_->SyncWAL();
    return database_->Flush(rocksdb::FlushOptions(), families_);
  }

  // RocksDB refuses writes after it has met a full disk until it is told to try again. True where it takes
  // them.
  bool Resume() { return database_->Resume().ok(); }

  const std::string folder_;
  const StoreKind kind_;
  const std::shared_ptr<StoreBudget> budget_;  // outlives the database, which uses its parts
  const std::unique_ptr<rocksdb::DB> database_;
  const int table_count_;
  const std::vector<rocksdb::ColumnFamilyHandle*> families_;  // "default", which stays empty, then "t0" ...
  const PrefixLength prefix_length_;
  rocksdb::WriteOptions write_options_;
};

// Names of the column families: those that are there, in their order, or should be.
absl::StatusOr<std::vector<std::string>> FamilyNames(const std::string& folder,
                                                     const rocksdb::DBOptions& options, int tables) {
  std::vector<std::string> names{rocksdb::kDefaultColumnFamilyName};
  for (int table = 0; table < tables; ++table) names.push_back("t" + std::to_string(table));
  std::error_code error;
  if (!std::filesystem::exists(folder + "/CURRENT", error)) return names;
  std::vector<std::string> stored;
  RETURN_IF_ERROR(FromRocks(folder, "open", rocksdb::DB::ListColumnFamilies(options, folder, &stored)));
  for (std::string& name : stored) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

// DATA_LOSS where there are files of a store but not the one that says which: RocksDB would begin an empty
// store and remove them.
absl::Status CheckNotBeheaded(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder + "/CURRENT", error)) return absl::OkStatus();
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    const std::filesystem::path extension = file.path().extension();
    if (extension == ".sst" || extension == ".log") return Damaged(folder + "/CURRENT");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(const std::string& folder, int tables, StoreKind kind,
                                                      std::shared_ptr<StoreBudget> budget,
                                                      PrefixLength prefix_length) {
  RETURN_IF_ERROR(MakeFolders(folder));
  RETURN_IF_ERROR(CheckNotBeheaded(folder));
  const rocksdb::DBOptions options = DatabaseOptions(kind, *budget);
  ASSIGN_OR_RETURN(const std::vector<std::string> names, FamilyNames(folder, options, tables));
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) {
    const int table = static_cast<int>(families.size()) - 1;  // "default" is first, and has no prefixes
    families.emplace_back(name,
                          TableOptions(*budget, table < 0 ? nullptr : MakePrefixes(prefix_length, table)));
  }
  rocksdb::DB* database = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  RETURN_IF_ERROR(
      FromRocks(folder, "open", rocksdb::DB::Open(options, folder, families, &handles, &database)));
  return std::make_unique<RocksStore>(folder, kind, std::move(budget), std::unique_ptr<rocksdb::DB>(database),
                                      tables, std::move(handles), prefix_length);
}

}  // namespace hangou
