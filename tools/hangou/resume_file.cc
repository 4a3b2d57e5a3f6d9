#include "tools/hangou/resume_file.h"

#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

using nlohmann::json;

constexpr size_t kDigestedBytes =
    1 << 20;  // of the head: another file of the same size and time differs there
constexpr size_t kResumeFileBytes = 64 << 10;
constexpr int kFormat = 2;

std::string DigestOf(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  std::string digest;
  AppendBigEndian(&digest, hash.high64, 8);
  AppendBigEndian(&digest, hash.low64, 8);
  return Hex(digest);
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

// What tells this run from every other; empty where the file cannot be read twice, or nothing be written beside it.
std::string RunOf(const std::string& path, const std::string& way) {
  struct stat file = {};
  if (path == "-" || ::stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) return "";
  if (::access(FolderOf(path).c_str(), W_OK | X_OK) != 0) return "";
  std::ifstream in(path, std::ios::binary);
  std::string head(kDigestedBytes, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(in.gcount()));
  return std::to_string(file.st_size) + " " + std::to_string(file.st_mtim.tv_sec) + "." +
         std::to_string(file.st_mtim.tv_nsec) + " " + DigestOf(head) + " " + DigestOf(way);
}

}  // namespace

ResumeFile::ResumeFile(std::string published, const std::string& way)
    : path_(published + ".progress"), run_(RunOf(published, way)) {}

std::optional<ResumePoint> ResumeFile::Load() const {
  std::error_code error;
  if (run_.empty() || !std::filesystem::exists(path_, error)) return std::nullopt;
  const auto text = ReadFile(path_, kResumeFileBytes);
  if (!text.ok()) return std::nullopt;
  const json saved = json::parse(*text, nullptr, false);
  // What is damaged or of another run counts for nothing: then the file is published from its start.
  if (!saved.is_object() || saved.value("format", 0) != kFormat || saved.value("run", "") != run_)
    return std::nullopt;
  const auto number = [&](const char* key) {
    return saved.contains(key) && saved[key].is_number_unsigned() ? saved[key].get<uint64_t>() : 0;
  };
  ResumePoint point;
  point.sending = saved.value("sending", "");
  point.counts.rows = number("rows");
  point.counts.accepted = number("accepted");
  point.counts.duplicate = number("duplicate");
  point.counts.stale = number("stale");
  point.counts.conflict = number("conflict");
  point.counts.refused = number("refused");
  const json by_reason = saved.value("by_reason", json::object());
  for (const auto& [reason, rows] : by_reason.items()) {
    if (rows.is_number_unsigned()) point.counts.by_reason[reason] = rows.get<uint64_t>();
  }
  point.rejected_rows = number("rejected_rows");
  point.rejected_bytes = number("rejected_bytes");
  if (point.sending.empty() || point.counts.answered() != point.counts.rows) return std::nullopt;
  return point;
}

absl::Status ResumeFile::Save(const ResumePoint& point) const {
  if (run_.empty()) return absl::OkStatus();
  const PublishCounts& counts = point.counts;
  const nlohmann::ordered_json saved = {{"format", kFormat},
                                        {"run", run_},
                                        {"sending", point.sending},
                                        {"rows", counts.rows},
                                        {"accepted", counts.accepted},
                                        {"duplicate", counts.duplicate},
                                        {"stale", counts.stale},
                                        {"conflict", counts.conflict},
                                        {"refused", counts.refused},
                                        {"by_reason", counts.by_reason},
                                        {"rejected_rows", point.rejected_rows},
                                        {"rejected_bytes", point.rejected_bytes}};
  return WriteFileDurably(path_, saved.dump() + "\n", 0600);
}

// One that stayed would make of the next sending of the same file a part of this one.
absl::Status ResumeFile::Remove() const {
  if (run_.empty()) return absl::OkStatus();
  std::error_code error;
  std::filesystem::remove(path_, error);
  if (error) return ErrnoError(error.value(), "removing " + path_);
  return SyncFolder(FolderOf(path_));
}

}  // namespace hangou
