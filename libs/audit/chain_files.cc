#include "libs/audit/chain_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

#include "libs/audit/chain.h"
#include "libs/audit/segment_reader.h"
#include "libs/base/file.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

absl::Status Damaged(const std::string& path, uint64_t position, uint64_t sequence, std::string_view what) {
  return MakeError(Reason::kDataLoss, "audit chain " + path + " at byte " + std::to_string(position) +
                                          ", sequence " + std::to_string(sequence) + ": " +
                                          std::string(what) +
                                          "; keep the files and restore them from a copy");
}

// First sequences of the segments in a folder, in order.
absl::StatusOr<std::vector<uint64_t>> FindSegments(const std::string& folder) {
  std::vector<uint64_t> sequences;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    if (const auto sequence = SequenceOfName(file.path().filename().string())) sequences.push_back(*sequence);
  }
  if (error) return ErrnoError(error.value(), "list folder " + folder);
  std::sort(sequences.begin(), sequences.end());
  return sequences;
}

// True where a frame in `bytes` belongs to a group that was begun after the entry `sequence` was durable.
bool HasLaterGroup(std::string_view bytes, uint64_t salt, uint64_t sequence) {
  for (size_t at = 0; at < bytes.size(); ++at) {
    const auto frame = DecodeFrame(bytes.substr(at), salt);
    if (frame.has_value() && frame->sequence - frame->place > sequence) return true;
  }
  return false;
}

// Cuts a file at `position` and keeps `rest`, what stood there, beside.
absl::Status CutTail(const std::string& path, uint64_t position, const std::string& rest) {
  RETURN_IF_ERROR(WriteFileDurably(path + "." + std::to_string(position) + ".torn", rest, 0600));
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, "open " + path);
  const bool cut = ::ftruncate(fd, static_cast<off_t>(position)) == 0 && ::fdatasync(fd) == 0;
  const int error = errno;
  ::close(fd);
  return cut ? absl::OkStatus() : ErrnoError(error, "cut " + path);
}

// Verifies one segment after the other. Lives during OpenChainFiles.
class ChainScan {
 public:
  ChainScan(std::string folder, TornChain torn_tail, std::function<void(const StoredAuditEntry&)> visit)
      : folder_(std::move(folder)), torn_tail_(torn_tail), visit_(std::move(visit)) {}

  absl::StatusOr<ChainFiles> Run() {
    ASSIGN_OR_RETURN(const std::vector<uint64_t> sequences, FindSegments(folder_));
    for (size_t i = 0; i < sequences.size(); ++i) {
      RETURN_IF_ERROR(
          Segment(folder_ + "/" + SegmentName(sequences[i]), sequences[i], i + 1 == sequences.size()));
    }
    return std::move(files_);
  }

 private:
  uint64_t due() const { return files_.newest_sequence + 1; }

  absl::Status Segment(const std::string& path, uint64_t name_sequence, bool last) {
    ASSIGN_OR_RETURN(const std::unique_ptr<AuditSegmentReader> reader, AuditSegmentReader::Open(path));
    if (!reader->header().has_value()) return NoHeader(path, *reader, last);
    const SegmentHeader& header = *reader->header();
    if (header.first_sequence != name_sequence || name_sequence != due()) {
      return Damaged(path, 0, due(), "the segment with this sequence is missing");
    }
    if (header.previous_hash != files_.head)
      return Damaged(path, 0, due(), "does not follow from the segment before");
    files_.segments.push_back({path, header.salt, kSegmentHeaderBytes});
    RETURN_IF_ERROR(Frames(path, *reader));
    files_.segments.back().end = reader->position();
    return Tail(path, *reader, last);
  }

  absl::Status Frames(const std::string& path, AuditSegmentReader& reader) {
    for (;;) {
      const uint64_t position = reader.position();
      ASSIGN_OR_RETURN(const std::optional<AuditFrame> frame, reader.Next());
      if (!frame.has_value()) return absl::OkStatus();
      const StoredAuditEntry entry{frame->sequence, std::string(frame->entry), std::string(frame->hash)};
      const absl::Status follows = verifier_.Add(entry);
      if (!follows.ok()) return Damaged(path, position, due(), Message(follows));
      if (visit_) visit_(entry);
      files_.newest_sequence = frame->sequence;
      files_.head = verifier_.head();
      files_.AddPlace(frame->sequence, position);
    }
  }

  // Behind the last sound frame there may be zeros, and in the last segment a torn group.
  absl::Status Tail(const std::string& path, AuditSegmentReader& reader, bool last) {
    ASSIGN_OR_RETURN(const std::string rest, reader.Rest());
    if (rest.empty()) return absl::OkStatus();
    if (!last || HasLaterGroup(rest, reader.header()->salt, due())) {
      return Damaged(path, reader.position(), due(), "the bytes are not those that were written");
    }
    files_.torn_bytes = rest.size();
    return torn_tail_ == TornChain::kLeave ? absl::OkStatus() : CutTail(path, reader.position(), rest);
  }

  // A segment whose making was interrupted has nothing behind its header.
  absl::Status NoHeader(const std::string& path, AuditSegmentReader& reader, bool last) {
    reader.Seek(kSegmentHeaderBytes);
    ASSIGN_OR_RETURN(const std::string frames, reader.Rest());
    if (!last || !frames.empty()) return Damaged(path, 0, due(), "the head of the segment is damaged");
    reader.Seek(0);
    ASSIGN_OR_RETURN(const std::string rest, reader.Rest());
    files_.torn_bytes = rest.size();
    if (torn_tail_ == TornChain::kLeave) return absl::OkStatus();
    RETURN_IF_ERROR(CutTail(path, 0, rest));
    if (::unlink(path.c_str()) != 0) return ErrnoError(errno, "remove " + path);
    return SyncFolder(folder_);
  }

  const std::string folder_;
  const TornChain torn_tail_;
  const std::function<void(const StoredAuditEntry&)> visit_;
  ChainFiles files_;
  ChainVerifier verifier_;
};

}  // namespace

void ChainFiles::AddPlace(uint64_t sequence, uint64_t position) {
  const bool first = places.empty() || places.back().segment + 1 != segments.size();
  if (first || sequence % kPlaceEvery == 0) places.push_back({sequence, segments.size() - 1, position});
}

absl::StatusOr<ChainFiles> OpenChainFiles(const std::string& folder, TornChain torn_tail,
                                          const std::function<void(const StoredAuditEntry&)>& visit) {
  return ChainScan(folder, torn_tail, visit).Run();
}

}  // namespace hangou
