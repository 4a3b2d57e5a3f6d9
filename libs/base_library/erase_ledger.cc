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
  ASSIGN_OR_RETURN(const Story story, Read());
  Take(story);
  if (::ftruncate(fd_, static_cast<off_t>(bytes_)) != 0) return ErrnoError(errno, "cut " + path_);
  return SyncFolder(folder);
}

absl::StatusOr<EraseLedger::Story> EraseLedger::Read() const {
  Story story;
  std::ifstream file(path_);
  std::string line;
  while (std::getline(file, line) && !file.eof()) {
    if (!TakeLine(line, &story)) {
      return MakeError(Reason::kDataLoss, "the ledger of erasures " + path_ + " is damaged at byte " +
                                              std::to_string(story.bytes) +
                                              "; take that of another replica, or a copy of it");
    }
    story.bytes += line.size() + 1;
  }
  return story;
}

bool EraseLedger::TakeLine(const std::string& line, Story* story) {
  const std::vector<std::string> words = absl::StrSplit(line, ' ');
  int32_t number = 0;
  if (words[0] == kErased && words.size() == 5) {
    ErasedLine erased{words[1]};
    const bool parsed = absl::SimpleAtoi(words[2], &erased.partition) &&
                        absl::SimpleAtoi(words[3], &erased.offset) &&
                        absl::SimpleAtoi(words[4], &erased.erased_us);
    story->current.push_back(std::move(erased));
    return parsed;
  }
  if (words.size() < 2 || !absl::SimpleAtoi(words[1], &number)) return false;
  if (words[0] == kReplayed) {
    story->due_groups.erase(number);
    return true;
  }
  if (words[0] != kRestored || !ParseEnds(words, &story->restored_ends)) return false;
  // Where a restore was not made good before the next one came, what it owed is owed still.
  if (story->due_groups.empty()) story->due.clear();
  std::erase_if(story->current, [&](const ErasedLine& erased) {
    const auto end = story->restored_ends.find(erased.partition);
    if (end == story->restored_ends.end() || erased.offset < end->second) return false;
    story->due.push_back(erased);
    return true;
  });
  for (int32_t group = 0; group < number; ++group) story->due_groups.insert(group);
  return true;
}

void EraseLedger::Take(const Story& story) {
  bytes_ = story.bytes;
  due_groups_ = story.due_groups;
  erased_ends_.clear();
  for (const ErasedLine& erased : story.current) {
    int64_t& behind = erased_ends_[erased.partition];
    behind = std::max(behind, erased.offset + 1);
  }
}

absl::Status EraseLedger::Write(const std::string& lines) {
  std::string_view rest = lines;
  while (!rest.empty()) {
    const ssize_t put = ::write(fd_, rest.data(), rest.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const absl::Status failed = ErrnoError(errno, "write " + path_);
      // A line that stands there in part would make the next one unreadable.
      HANGOU_CHECK(::ftruncate(fd_, static_cast<off_t>(bytes_)) == 0,
                   "a torn line of the ledger of erasures stays");
      return failed;
    }
    rest.remove_prefix(static_cast<size_t>(put));
  }
  if (::fdatasync(fd_) != 0) return ErrnoError(errno, "sync " + path_);
  bytes_ += lines.size();
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
  RETURN_IF_ERROR(Write(lines));
  for (const ErasureEvent& event : erasures) {
    int64_t& behind = erased_ends_[event.partition];
    behind = std::max(behind, event.offset + 1);
  }
  return absl::OkStatus();
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
  RETURN_IF_ERROR(Write(line + "\n"));
  ASSIGN_OR_RETURN(const Story story, Read());
  Take(story);
  return absl::OkStatus();
}

bool EraseLedger::IsDue(int32_t group) const {
  MutexLock lock(mutex_);
  return due_groups_.contains(group);
}

absl::StatusOr<RestoredErasures> EraseLedger::Due() const {
  ASSIGN_OR_RETURN(const Story story, Read());
  RestoredErasures due;
  due.ends = story.restored_ends;
  for (const ErasedLine& erased : story.due) {
    int64_t& erased_us = due.records[erased.hash];
    erased_us = std::max(erased_us, erased.erased_us);
  }
  return due;
}

absl::Status EraseLedger::NoteReplayed(int32_t group) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(Write(std::string(kReplayed) + " " + std::to_string(group) + "\n"));
  due_groups_.erase(group);
  return absl::OkStatus();
}

std::vector<std::string> EraseLedger::HashesOf(std::string_view record_key) const {
  return keys_.HashesOfAllKeys(KeyPurpose::kAuditSubject, Subject(record_key));
}

}  // namespace hangou
