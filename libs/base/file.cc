#include "libs/base/file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "libs/base/status.h"

namespace hangou {
namespace {

// Closes a descriptor at the end of its scope.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return ErrnoError(errno, "open " + path);
  std::string content;
  char buffer[65536];
  for (;;) {
    const ssize_t got = ::read(file.fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoError(errno, "read " + path);
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
    if (content.size() > max_bytes) {
      return MakeError(Reason::kInvalidRequest,
                       path + " is larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

absl::Status WriteFileDurably(const std::string& path, std::string_view content, int mode) {
  const std::string beside = path + ".new";
  {
    Descriptor file{::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
    if (file.fd < 0) return ErrnoError(errno, "create " + beside);
    while (!content.empty()) {
      const ssize_t put = ::write(file.fd, content.data(), content.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return ErrnoError(errno, "write " + beside);
      content.remove_prefix(static_cast<size_t>(put));
    }
    if (::fchmod(file.fd, mode) != 0 || ::fsync(file.fd) != 0) return ErrnoError(errno, "sync " + beside);
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return ErrnoError(errno, "rename " + beside);
  const size_t slash = path.rfind('/');
  return SyncFolder(slash == std::string::npos ? "." : path.substr(0, slash));
}

absl::Status SyncFolder(const std::string& path) {
  Descriptor folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.fd < 0) return ErrnoError(errno, "open folder " + path);
  if (::fsync(folder.fd) != 0) return ErrnoError(errno, "sync folder " + path);
  return absl::OkStatus();
}

absl::Status SyncFiles(const std::string& path) {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(path, error)) {
    Descriptor open{::open(file.path().c_str(), O_RDONLY | O_CLOEXEC)};
    if (open.fd < 0 || ::fsync(open.fd) != 0) return ErrnoError(errno, "sync " + file.path().string());
  }
  if (error) return ErrnoError(error.value(), "list folder " + path);
  return SyncFolder(path);
}

absl::Status MakeFolders(const std::string& path) {
  for (size_t at = 1; at <= path.size(); ++at) {
    if (at != path.size() && path[at] != '/') continue;
    if (::mkdir(path.substr(0, at).c_str(), 0700) != 0 && errno != EEXIST) {
      return ErrnoError(errno, "create folder " + path);
    }
  }
  return absl::OkStatus();
}

int64_t RaiseOpenFileLimit(int64_t wanted) {
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < static_cast<rlim_t>(wanted)) {
    limit.rlim_cur = std::min(limit.rlim_max, static_cast<rlim_t>(wanted));
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return static_cast<int64_t>(limit.rlim_cur);
}

}  // namespace hangou
