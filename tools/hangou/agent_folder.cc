// The agent's drop folders.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "tools/hangou/agent_source.h"
#include "tools/hangou/publish_job.h"
#include "tools/hangou/publish_report.h"

namespace hangou {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLookEveryMs = 1000;

// What a file was at the last look, and since when.
struct SeenFile {
  uint64_t size = 0;
  fs::file_time_type changed;
  int64_t since_ms = 0;
};

// What tells a file from another one, and from itself before something was written into it.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  int64_t changed_s = 0;
  int64_t changed_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

absl::StatusOr<FileStamp> StampOf(const fs::path& path) {
  struct stat file = {};
  if (::stat(path.c_str(), &file) != 0)
    return absl::UnavailableError("the file " + path.string() + " is not there any more");
  return FileStamp{file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
}

int64_t BootMs() { return SystemClock().BootUs() / kUsPerMs; }

bool IsForUs(const fs::path& path) {
  const std::string name = path.filename();
  const std::string extension = path.extension();
  if (name.starts_with('.') || name.starts_with('~') || name.ends_with(".rejected.csv")) return false;
  return extension == ".csv" || extension == ".ndjson" || extension == ".jsonl" || extension == ".xlsx";
}

// True where the file itself is wrong, so that trying again would change nothing.
bool IsOfTheFile(const absl::Status& status) {
  return ReasonOf(status) == Reason::kInvalidRequest || ReasonOf(status) == Reason::kFieldUnknown ||
         ReasonOf(status) == Reason::kFieldInvalid;
}

absl::Status Move(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  return error ? ErrnoError(error.value(), "moving a file to " + to.string()) : absl::OkStatus();
}

// The same, but never in the place of another file: false where there is one.
absl::StatusOr<bool> MoveBack(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  return ErrnoError(errno, "moving a file back to " + to.string());
}

class FolderSource : public AgentSource {
 public:
  explicit FolderSource(const DropFolder& folder) : folder_(folder) {}

  absl::StatusOr<bool> Work(Client& client, const std::function<bool()>& stop) override {
    std::error_code error;
    if (!fs::is_directory(folder_.path, error))
      return absl::UnavailableError("there is no folder " + folder_.path);
    for (const fs::path& path : CompleteFiles()) {
      if (stop()) return MakeError(Reason::kDraining, "told to stop");
      RETURN_IF_ERROR(PublishOne(client, path, stop));
    }
    return false;
  }
  const std::string& name() const override { return folder_.path; }
  int64_t rest_ms() const override { return kLookEveryMs; }

 private:
  std::vector<fs::path> CompleteFiles() {
    std::vector<fs::path> complete;
    std::map<std::string, SeenFile> seen;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_.path, error)) {
      if (!entry.is_regular_file(error) || !IsForUs(entry.path())) continue;
      const SeenFile now{entry.file_size(error), entry.last_write_time(error), BootMs()};
      const auto before = seen_.find(entry.path());
      const bool same =
          before != seen_.end() && before->second.size == now.size && before->second.changed == now.changed;
      seen[entry.path()] = same ? before->second : now;
      const bool stable = now.since_ms - seen[entry.path()].since_ms >= folder_.stable_ms;
      if (folder_.by_marker ? fs::exists(MarkerOf(entry.path()), error) : stable)
        complete.push_back(entry.path());
    }
    seen_ = std::move(seen);
    std::sort(complete.begin(), complete.end());
    return complete;
  }

  static std::string MarkerOf(const fs::path& path) { return path.string() + ".done"; }

  absl::Status PublishOne(Client& client, const fs::path& path, const std::function<bool()>& stop) {
    const int64_t begin_us = SystemClock().BootUs();
    // Taken before the file is opened: what is done to it from now on is seen.
    ASSIGN_OR_RETURN(const FileStamp stamp, StampOf(path));
    absl::StatusOr<PublishResult> result = Publish(client, path, stop);
    // What is wrong with the file before its first row is told in its report as well.
    if (const absl::Status error = result.status(); IsOfTheFile(error)) {
      result = PublishResult();
      result->status = error;
    }
    RETURN_IF_ERROR(result.status());
    const bool failed = IsOfTheFile(result->status);
    if (!failed) RETURN_IF_ERROR(result->status);
    const double seconds = static_cast<double>(SystemClock().BootUs() - begin_us) / kUsPerSecond;
    ASSIGN_OR_RETURN(const bool away, PutAway(path, stamp, *result, seconds, failed ? "failed" : "done"));
    if (!away) return absl::OkStatus();
    ++(failed ? counts_.files_failed : counts_.files_done);
    counts_.rows += result->counts.rows;
    counts_.refused += result->counts.refused + result->counts.conflict;
    return absl::OkStatus();
  }

  absl::StatusOr<PublishResult> Publish(Client& client, const fs::path& path,
                                        const std::function<bool()>& stop) const {
    PublishJob job;
    job.resource = folder_.resource;
    job.input.path = path;
    if (!folder_.mapping.empty()) {
      // A mapping that is wrong is not the file's fault: the file waits until it is right.
      const absl::Status mapped = AddMapping(folder_.mapping, &job);
      if (!mapped.ok()) return absl::FailedPreconditionError(mapped.message());
      ASSIGN_OR_RETURN(const auto schema, client.NewestSchema(folder_.resource));
      const absl::Status suits = RowEncoder::Make(schema, {}, job.mapping).status();
      if (!suits.ok()) return absl::FailedPreconditionError(suits.message());
    }
    return RunPublishJob(client, job, [](uint64_t, double) {}, stop);
  }

  // Beside each other in one folder, named by the time, so that a file of the same name finds room tomorrow. The file
  // goes last: what is killed before publishes it again, which changes nothing. False where the file is no longer what
  // `stamp` says: it stays, with its marker, and the next look publishes what it is now.
  absl::StatusOr<bool> PutAway(const fs::path& path, const FileStamp& stamp, const PublishResult& result,
                               double seconds, const char* where) {
    ASSIGN_OR_RETURN(const FileStamp now, StampOf(path));
    if (now != stamp) return false;
    const fs::path folder = fs::path(folder_.path) / where;
    RETURN_IF_ERROR(MakeFolders(folder));
    std::string time = FormatInstant(SystemClock().UtcUs());
    std::erase_if(time, [](char c) { return c == '-' || c == ':' || c == '.'; });
    const fs::path to = folder / (time + "-" + path.filename().string());
    PublishResult moved = result;
    if (!result.rejected.empty()) {
      moved.rejected = to.string() + ".rejected.csv";
      RETURN_IF_ERROR(Move(result.rejected, moved.rejected));
    }
    RETURN_IF_ERROR(WriteFileDurably(to.string() + ".json", PublishReportJson(moved, seconds) + "\n", 0640));
    RETURN_IF_ERROR(Move(path, to));
    ASSIGN_OR_RETURN(const FileStamp moved_stamp, StampOf(to));
    std::error_code ignored;
    if (moved_stamp != stamp) {
      fs::remove(to.string() + ".json", ignored);
      if (!moved.rejected.empty()) fs::remove(moved.rejected, ignored);
      RETURN_IF_ERROR(PutBack(to, path));
      return false;
    }
    // Neither a marker without its file does anything, nor where a failed one had come to.
    fs::remove(MarkerOf(path), ignored);
    fs::remove(path.string() + ".progress", ignored);
    RETURN_IF_ERROR(SyncFolder(folder));
    return true;
  }

  // Of a file that changed between the two looks. Where another one has come in its place by now it cannot wait there,
  // and nobody has published all of it: that is for a person to see.
  absl::Status PutBack(const fs::path& from, const fs::path& to) {
    ASSIGN_OR_RETURN(const bool back, MoveBack(from, to));
    if (back) return absl::OkStatus();
    const fs::path folder = fs::path(folder_.path) / "failed";
    RETURN_IF_ERROR(MakeFolders(folder));
    PublishResult result;
    result.status = MakeError(Reason::kInvalidRequest,
                              "the file changed while it was published, and another one took its place");
    const fs::path failed = folder / from.filename();
    RETURN_IF_ERROR(WriteFileDurably(failed.string() + ".json", PublishReportJson(result, 0) + "\n", 0640));
    RETURN_IF_ERROR(Move(from, failed));
    ++counts_.files_failed;
    return SyncFolder(folder);
  }

  const DropFolder folder_;
  std::map<std::string, SeenFile> seen_;
};

}  // namespace

std::unique_ptr<AgentSource> MakeFolderSource(const DropFolder& folder) {
  return std::make_unique<FolderSource>(folder);
}

}  // namespace hangou
