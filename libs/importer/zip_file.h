// A zip archive as office programs write them, read part by part in bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct zip;
struct zip_file;

namespace hangou {

// Bytes of a part, unpacked: more than a full sheet of a million rows and a hundred columns has.
constexpr uint64_t kZipPartBytes = 8ULL << 30;
// How many times its packed size a part may have once it is larger than kZipFreeBytes. Sheets come to 10 to 100; what
// deflate can reach, and bombs do, is 1000.
constexpr uint64_t kZipRatio = 300;
constexpr uint64_t kZipFreeBytes = 16 << 20;

// One part while it is read. Not thread-safe; the archive outlives it.
class ZipPart {
 public:
  ~ZipPart();
  ZipPart(const ZipPart&) = delete;
  ZipPart& operator=(const ZipPart&) = delete;
  // The next bytes, at most 64 KiB, valid until the next call; none at the end. INVALID_REQUEST where the part is
  // damaged or beyond the limits.
  absl::StatusOr<std::string_view> Read();
  // Bytes read so far, and in all as the archive says.
  uint64_t consumed() const { return consumed_; }
  uint64_t total() const { return total_; }

 private:
  friend class ZipArchive;
  ZipPart(zip_file* file, uint64_t total, uint64_t packed);

  zip_file* const file_;
  const uint64_t total_;
  const uint64_t packed_;
  uint64_t consumed_ = 0;
  std::string block_;
};

// Not thread-safe.
class ZipArchive {
 public:
  // INVALID_REQUEST where the file is no zip archive.
  static absl::StatusOr<std::unique_ptr<ZipArchive>> Open(const std::string& path);
  // The same of bytes, which outlive it.
  static absl::StatusOr<std::unique_ptr<ZipArchive>> OpenBytes(std::string_view bytes);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;
  bool Has(const std::string& name) const;
  // A part of the archive. INVALID_REQUEST where it is not there, encrypted, or larger than the limits.
  absl::StatusOr<std::unique_ptr<ZipPart>> OpenPart(const std::string& name);

 private:
  explicit ZipArchive(zip* archive) : archive_(archive) {}
  zip* const archive_;
};

}  // namespace hangou
