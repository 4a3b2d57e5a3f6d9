// The files of a topic: its declaration, and its segments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hangou {

// What the "topic" file declares.
struct TopicDeclaration {
  int32_t partitions = 0;
  uint64_t salt = 0;
};

// Writes the declaration of a new topic into its folder, durably.
absl::Status WriteTopicDeclaration(const std::string& folder, const TopicDeclaration& declaration);
// Reads it. DATA_LOSS where it is missing or altered, or of another format version.
absl::StatusOr<TopicDeclaration> ReadTopicDeclaration(const std::string& folder);

// Path of a segment.
std::string SegmentPath(const std::string& folder, uint32_t number);
// Numbers of the segments in a topic's folder, ascending.
absl::StatusOr<std::vector<uint32_t>> ListSegments(const std::string& folder);

// An open file; closes it. Movable.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle() { Close(); }

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void Close();

 private:
  int fd_ = -1;
};

// Opens a segment for reading.
absl::StatusOr<FileHandle> OpenSegment(const std::string& folder, uint32_t number);
// Up to `count` bytes at `position`, fewer at the end of the file.
absl::StatusOr<std::string> ReadAt(const FileHandle& file, uint64_t position, size_t count);

// Moves what lies from `position` on, without zeros at its end, into a file SEGMENT@POSITION.torn beside the
// segment, and cuts it.
absl::Status CutTail(const std::string& folder, uint32_t number, uint32_t position);

// Appends blocks to the newest segment of a topic. One thread at a time.
//
// Life cycle: Open once, then for each block Prepare (which begins a new segment where the newest is full)
// and WriteDurably, then Trim. After an error of Prepare or WriteDurably the segment is as it was before.
//
// Zeros are written ahead of the blocks, so that a commit does not change the length of the file: that halves
// its time. After a crash they stand at the end of a segment, and mean nothing.
class SegmentWriter {
 public:
  // `segment_bytes`: a segment that is longer gets no more blocks.
  SegmentWriter(std::string folder, size_t segment_bytes);

  // Goes on at `position` of segment `number`, which is made durable as it is; number 0: there is none yet.
  absl::Status Open(uint32_t number, uint32_t position);
  // Makes room for a block: number() and position() are where it will be.
  absl::Status Prepare();
  // Writes a block and commits it. STORE_FULL where there is no room: then it is undone. Where the commit
  // itself fails, or the undoing, the process crashes: what the disk holds is not known any more.
  absl::Status WriteDurably(std::string_view block);

  // Has the next block begin a new segment.
  void StartNext() { start_next_ = true; }
  // Takes the zeros back. Best effort.
  void Trim();

  uint32_t number() const { return number_; }
  uint32_t position() const { return position_; }

 private:
  absl::Status Roll();
  absl::Status WriteAll(std::string_view block);
  void Undo();
  void WriteAhead(uint64_t end);

  const std::string folder_;
  const size_t segment_bytes_;
  FileHandle file_;
  uint32_t number_ = 0;
  uint32_t position_ = 0;
  uint64_t ahead_ = 0;  // end of the file
  bool start_next_ = false;
};

}  // namespace hangou
