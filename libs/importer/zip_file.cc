#include "libs/importer/zip_file.h"

#include <zip.h>

#include "libs/base/status.h"

namespace hangou {
namespace {

constexpr size_t kBlockBytes = 64 << 10;

absl::Status ZipError(const std::string& message) { return MakeError(Reason::kInvalidRequest, message); }

absl::Status Damaged() {
  return ZipError("the workbook is damaged; save it again with the program that made it");
}

absl::Status CheckSize(uint64_t bytes, uint64_t packed) {
  if (bytes <= kZipPartBytes && (bytes <= kZipFreeBytes || bytes / kZipRatio <= packed))
    return absl::OkStatus();
  return ZipError("a part of the workbook unpacks to more than is taken; split the sheet, or save it as CSV");
}

}  // namespace

ZipPart::ZipPart(zip_file* file, uint64_t total, uint64_t packed)
    : file_(file), total_(total), packed_(packed), block_(kBlockBytes, '\0') {}

ZipPart::~ZipPart() { zip_fclose(file_); }

absl::StatusOr<std::string_view> ZipPart::Read() {
  const zip_int64_t got = zip_fread(file_, block_.data(), block_.size());
  if (got < 0) return Damaged();
  consumed_ += static_cast<uint64_t>(got);
  // The sizes in the archive are its writer's word only.
  RETURN_IF_ERROR(CheckSize(consumed_, packed_));
  return std::string_view(block_).substr(0, static_cast<size_t>(got));
}

absl::StatusOr<std::unique_ptr<ZipArchive>> ZipArchive::Open(const std::string& path) {
  int error = 0;
  zip* const archive = zip_open(path.c_str(), ZIP_RDONLY, &error);
  if (archive == nullptr) return Damaged();
  return std::unique_ptr<ZipArchive>(new ZipArchive(archive));
}

absl::StatusOr<std::unique_ptr<ZipArchive>> ZipArchive::OpenBytes(std::string_view bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* const source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip* const archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  zip_error_fini(&error);
  if (archive == nullptr) {
    if (source != nullptr) zip_source_free(source);
    return Damaged();
  }
  return std::unique_ptr<ZipArchive>(new ZipArchive(archive));
}

ZipArchive::~ZipArchive() { zip_discard(archive_); }

bool ZipArchive::Has(const std::string& name) const {
  return zip_name_locate(archive_, name.c_str(), 0) >= 0;
}

absl::StatusOr<std::unique_ptr<ZipPart>> ZipArchive::OpenPart(const std::string& name) {
  zip_stat_t stat;
  constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_ENCRYPTION_METHOD;
  if (zip_stat(archive_, name.c_str(), 0, &stat) != 0 || (stat.valid & kNeeded) != kNeeded) {
    return ZipError("the file is no workbook: it has no part " + name);
  }
  if (stat.encryption_method != ZIP_EM_NONE) {
    return ZipError("the workbook is encrypted; save it without a password");
  }
  RETURN_IF_ERROR(CheckSize(stat.size, stat.comp_size));
  zip_file_t* const file = zip_fopen(archive_, name.c_str(), 0);
  if (file == nullptr) return Damaged();
  return std::unique_ptr<ZipPart>(new ZipPart(file, stat.size, stat.comp_size));
}

}  // namespace hangou
