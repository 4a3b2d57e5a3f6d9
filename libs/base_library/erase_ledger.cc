#include "libs/base_library/erase_ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "libs/base/file.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

constexpr std::string_view kErased = "erased";
constexpr std::string_view kRestored = "restored";
constexpr std::string_view kReplayed = "replayed";
// A line of a restored log names every partition.
constexpr size_t kLineBytes = 1 << 16;

struct ErasedLine {
  std::string hash;
  int32_t partition = 0;
  int64_t offset = 0;
};

bool ParseErased(const std::vector<std::string>& words, ErasedLine* line) {
  if (words.size() != 5) return false;
  line->hash = words[1];
  return absl::SimpleAtoi(words[2], &line->partition) && absl::SimpleAtoi(words[3], &line->offset);
}

bool ParseEnds(const std::vector<std::string>& words, std::map<int32_t, int64_t>* ends) {
  ends->clear();
  for (size_t i = 2; i < words.size(); ++i) {
    const std::vector<std::string> parts = absl::StrSplit(words[i], ':');
    int32_t partition = 0;
    int64_t end = 0;
    if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &partition) || !absl::SimpleAtoi(parts[1], &end))
      return false;
    (*ends)[partition] = end;
  }
  return true;
}

std::string Subject(std::string_view record_key) { return "erasure" + std::string(record_key); }

}  // namespace

EraseLedger::~EraseLedger() {
  MutexLock lock(mutex_);
  if (fd_ >= 0) ::close(fd_);
}

absl::Status EraseLedger::Open() {
  const std::string folder = std::filesystem::path(path_).parent_path();
  RETURN_IF_ERROR(MakeFolders(folder));
  MutexLock lock(mutex_);
  fd_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) return ErrnoError(errno, "open " + path_);
  std::ifstream file(path_);
  std::string line;
  while (std::getline(file, line) && !file.eof()) {
    const size_t end = size_ + line.size() + 1;
    RETURN_IF_ERROR(TakeLine(line, end));
    size_ = end;
  }
  if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) return ErrnoError(errno, "cut " + path_);
  return SyncFolder(folder);
}

absl::Status EraseLedger::TakeLine(std::string_view line, size_t end) {
  const std::vector<std::string> words = absl::StrSplit(std::string(line.substr(0, kLineBytes)), ' ');
  ErasedLine erased;
  int32_t group = 0;
  if (words[0] == kErased && ParseErased(words, &erased)) {
    int64_t& behind = erased_ends_[erased.partition];
    behind = std::max(behind, erased.offset + 1);
  } else if (words[0] == kRestored && words.size() > 1 && absl::SimpleAtoi(words[1], &groups_) &&
             ParseEnds(words, &restored_ends_)) {
    // Where a restore was not made good before the next one came, the older lines still count.
    if (due_groups_.empty()) due_begin_ = current_begin_;
    due_end_ = size_;
    current_begin_ = end;
    erased_ends_.clear();
    for (int32_t due = 0; due < groups_; ++due) due_groups_.insert(due);
  } else if (words[0] == kReplayed && words.size() == 2 && absl::SimpleAtoi(words[1], &group)) {
    due_groups_.erase(group);
  } else {
    return MakeError(Reason::kDataLoss, "the ledger of erasures " + path_ + " is damaged at byte " +
                                            std::to_string(size_) +
                                            "; take that of another replica, or a copy of it");
  }
  return absl::OkStatus();
}

absl::Status EraseLedger::Write(const std::string& lines) {
  std::string_view rest = lines;
  while (!rest.empty()) {
    const ssize_t put = ::write(fd_, rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const absl::Status failed = ErrnoError(errno, "write " + path_);
      // A line that stands there in part would make the next one unreadable.
      HANGOU_CHECK(::ftruncate(fd_, static_cast<off_t>(size_)) == 0,
                   "a torn line of the ledger of erasures stays");
      return failed;
    }
    rest.remove_prefix(static_cast<size_t>(put));
  }
  if (::fdatasync(fd_) != 0) return ErrnoError(errno, "sync " + path_);
  const std::vector<std::string> written = absl::StrSplit(lines, '\n', absl::SkipEmpty());
  for (const std::string& line : written) {
    RETURN_IF_ERROR(TakeLine(line, size_ + line.size() + 1));
    size_ += line.size() + 1;
  }
  return absl::OkStatus();
}

absl::Status EraseLedger::Append(const std::vector<ErasureEvent>& erasures) {
  if (erasures.empty()) return absl::OkStatus();
  std::string lines;
  for (const ErasureEvent& event : erasures) {
    lines.append(kErased).append(" ").append(
        keys_.Hash(KeyPurpose::kAuditSubject, Subject(event.record_key)));
    for (const int64_t number : {int64_t{event.partition}, event.offset, event.received_us})
      lines.append(" ").append(std::to_string(number));
    lines.append("\n");
  }
  MutexLock lock(mutex_);
  return Write(lines);
}

absl::Status EraseLedger::CompareWith(const std::map<int32_t, int64_t>& ends, int32_t groups) {
  MutexLock lock(mutex_);
  const bool restored = std::any_of(erased_ends_.begin(), erased_ends_.end(), [&](const auto& erased) {
    const auto end = ends.find(erased.first);
    return end != ends.end() && erased.second > end->second;
  });
  if (!restored) return absl::OkStatus();
  std::string line = std::string(kRestored) + " " + std::to_string(groups);
  for (const auto& [partition, end] : ends)
    line.append(" ").append(std::to_string(partition)).append(":").append(std::to_string(end));
  return Write(line + "\n");
}

bool EraseLedger::IsDue(int32_t group) const {
  MutexLock lock(mutex_);
  return due_groups_.contains(group);
}

absl::StatusOr<RestoredErasures> EraseLedger::Due() const {
  RestoredErasures due;
  size_t begin = 0;
  size_t end = 0;
  {
    MutexLock lock(mutex_);
    due.ends = restored_ends_;
    begin = due_begin_;
    end = due_end_;
  }
  std::ifstream file(path_);
  file.seekg(static_cast<std::streamoff>(begin));
  std::string line;
  for (size_t at = begin; at < end && std::getline(file, line); at += line.size() + 1) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    ErasedLine erased;
    if (words[0] != kErased || !ParseErased(words, &erased)) continue;
    const auto behind = due.ends.find(erased.partition);
    if (behind != due.ends.end() && erased.offset >= behind->second) due.records.emplace(erased.hash);
  }
  if (!file.good())
    return MakeError(Reason::kDataLoss, "the ledger of erasures " + path_ + " cannot be read");
  return due;
}

absl::Status EraseLedger::NoteReplayed(int32_t group) {
  MutexLock lock(mutex_);
  return Write(std::string(kReplayed) + " " + std::to_string(group) + "\n");
}

std::vector<std::string> EraseLedger::HashesOf(std::string_view record_key) const {
  return keys_.HashesOfAllKeys(KeyPurpose::kAuditSubject, Subject(record_key));
}

}  // namespace hangou
