#include "libs/store/rocks_env.h"

#include <cerrno>
#include <memory>
#include <utility>

#include "libs/base/fault.h"
#include "rocksdb/file_system.h"

namespace hangou {
namespace {

// The error as RocksDB's own file system would report it.
rocksdb::IOStatus FaultStatus(int error) {
  if (error != ENOSPC && error != EDQUOT) return rocksdb::IOStatus::IOError("fault point store_write");
  rocksdb::IOStatus status = rocksdb::IOStatus::NoSpace("fault point store_write");
  status.SetRetryable(true);
  return status;
}

// A file whose appends can be made to fail.
class FaultyFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (const int error = FaultAt(FaultPoint::kStoreWrite); error != 0) return FaultStatus(error);
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* debug) override {
    if (const int error = FaultAt(FaultPoint::kStoreWrite); error != 0) return FaultStatus(error);
    return FSWritableFileOwnerWrapper::Append(data, options, verification, debug);
  }
};

// Thread-safe, as every FileSystem.
class FaultyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSWritableFile> plain;
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, &plain, debug);
    if (status.ok()) *file = std::make_unique<FaultyFile>(std::move(plain));
    return status;
  }
};

}  // namespace

rocksdb::Env* StoreEnv() {
  // Never destroyed: background threads of stores may use it until the process ends.
  static rocksdb::Env* const env = rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>()).release();
  return env;
}

}  // namespace hangou
