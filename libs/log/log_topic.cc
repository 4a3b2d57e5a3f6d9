#include "libs/log/log_topic.h"

#include <algorithm>
#include <utility>

#include "libs/base/file.h"
#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/log/argument_checks.h"
#include "libs/log/topic_scrub.h"

namespace hangou {
namespace {

// What a reader takes from the disk at once: frames of neighbouring partitions lie side by side.
constexpr size_t kReadAheadBytes = 256 << 10;
constexpr size_t kSaltBytes = 8;

}  // namespace

LogTopic::LogTopic(std::string folder, const TopicDeclaration& declaration, const EmbeddedLogSizes& sizes)
    : folder_(std::move(folder)),
      declaration_(declaration),
      sizes_(sizes),
      damage_(static_cast<size_t>(declaration.partitions)),
      writer_(folder_, sizes.segment_bytes),
      ends_(static_cast<size_t>(declaration.partitions)),
      index_(static_cast<size_t>(declaration.partitions)) {}

absl::StatusOr<std::unique_ptr<LogTopic>> LogTopic::Create(const std::string& folder, int32_t partitions,
                                                           const EmbeddedLogSizes& sizes) {
  RETURN_IF_ERROR(MakeFolders(folder));
  const TopicDeclaration declaration{partitions, ReadBigEndian(RandomBytes(kSaltBytes))};
  RETURN_IF_ERROR(WriteTopicDeclaration(folder, declaration));
  RETURN_IF_ERROR(SyncFolder(folder.substr(0, folder.rfind('/'))));
  return std::unique_ptr<LogTopic>(new LogTopic(folder, declaration, sizes));
}

absl::StatusOr<std::unique_ptr<LogTopic>> LogTopic::Open(const std::string& folder,
                                                         const EmbeddedLogSizes& sizes) {
  ASSIGN_OR_RETURN(const TopicDeclaration declaration, ReadTopicDeclaration(folder));
  std::unique_ptr<LogTopic> topic(new LogTopic(folder, declaration, sizes));
  RETURN_IF_ERROR(topic->Scan());
  return topic;
}

absl::Status LogTopic::Scan() {
  ASSIGN_OR_RETURN(const std::vector<uint32_t> numbers, ListSegments(folder_));
  TopicScan scan(partitions(), declaration_.salt, kBlockBytes);
  uint32_t expected = 1;
  for (const uint32_t number : numbers) {
    if (number != expected) scan.Damage(SegmentName(expected) + ", which is missing");
    expected = number + 1;
    ASSIGN_OR_RETURN(const std::string bytes, ReadFile(folder_ + "/" + SegmentName(number), UINT32_MAX));
    scan.AddSegment(number, bytes);
  }
  TopicScanResult result = scan.Finish();
  if (result.torn) RETURN_IF_ERROR(CutTail(folder_, result.torn->segment, result.torn->position));
  RETURN_IF_ERROR(writer_.Open(numbers.empty() ? 0 : numbers.back(), result.end));
  next_sequence_ = result.next_sequence;
  closed_ = result.closed;
  refuses_ = !result.damage.empty();
  MutexLock lock(mutex_);
  durable_segment_ = writer_.number();
  durable_end_ = writer_.position();
  for (size_t i = 0; i < index_.size(); ++i) {
    damage_[i] = result.damage.empty() ? result.partitions[i].damage : result.damage;
    index_[i] = std::move(result.partitions[i].frames);
    ends_[i] = static_cast<int64_t>(result.partitions[i].end);
  }
  return absl::OkStatus();
}

absl::Status LogTopic::CheckPartition(int32_t partition) const {
  RETURN_IF_ERROR(hangou::CheckPartition(partition, partitions()));
  const std::string& damage = damage_[static_cast<size_t>(partition)];
  if (damage.empty()) return absl::OkStatus();
  return MakeError(Reason::kDataLoss, "partition " + std::to_string(partition) +
                                          " of the log is damaged in " + folder_ + ", " + damage +
                                          "; restore that file");
}

std::string LogTopic::BuildBlock(const std::vector<EncodedEntries>& appends, std::vector<FrameHeader>* frames,
                                 std::vector<int64_t>* first_offsets) const {
  size_t bytes = 0;
  for (const EncodedEntries& append : appends) {
    bytes += append.payload.size() + kFrameHeaderBytes;
    if (frames->empty() || frames->back().partition != append.partition) {
      FrameHeader header;
      header.partition = append.partition;
      header.base_offset = static_cast<uint64_t>(End(append.partition));
      frames->push_back(header);
    }
    FrameHeader& frame = frames->back();
    first_offsets->push_back(static_cast<int64_t>(frame.base_offset + frame.count));
    frame.count += append.count;
    frame.length += static_cast<uint32_t>(append.payload.size());
  }
  std::string block;
  block.reserve(bytes);
  auto append = appends.begin();
  std::string payload;
  for (size_t i = 0; i < frames->size(); ++i) {
    FrameHeader& frame = (*frames)[i];
    payload.clear();
    for (; append != appends.end() && append->partition == frame.partition; ++append)
      payload += append->payload;
    frame.segment = writer_.number();
    frame.position = writer_.position() + static_cast<uint32_t>(block.size());
    frame.index = static_cast<uint32_t>(i);
    frame.frames = static_cast<uint32_t>(frames->size());
    frame.sequence = next_sequence_;
    frame.payload_sum = FrameSum(payload, declaration_.salt);
    AppendFrameHeader(&block, frame, declaration_.salt);
    block += payload;
  }
  return block;
}

absl::Status LogTopic::WriteBlock(const std::string& block) {
  const absl::Status written = writer_.WriteDurably(block);
  if (written.ok()) ++next_sequence_;
  return written;
}

absl::Status LogTopic::Write(const std::vector<EncodedEntries>& appends,
                             std::vector<int64_t>* first_offsets) {
  std::vector<FrameHeader> frames;
  if (close_segment_.exchange(false)) writer_.StartNext();
  absl::Status written = writer_.Prepare();
  if (written.ok()) {
    std::string block = BuildBlock(appends, &frames, first_offsets);
    written = WriteBlock(block);
    if (written.ok()) {
      closed_ = false;
      if (std::any_of(appends.begin(), appends.end(), [](const auto& append) { return append.tombstones; }))
        unseen_tombstones_ = true;
      Publish(std::move(block), frames);
      Notify(frames);
    }
  }
  if (written.ok() || ReasonOf(written) == Reason::kStoreFull) return written;
  return MakeError(Reason::kLogUnavailable, Message(written));
}

void LogTopic::Publish(std::string block, const std::vector<FrameHeader>& frames) {
  MutexLock lock(mutex_);
  durable_segment_ = writer_.number();
  durable_end_ = writer_.position();
  tail_bytes_ += block.size();
  tail_.push_back({frames.front().segment, frames.front().position,
                   std::make_shared<const std::string>(std::move(block))});
  while (tail_bytes_ > sizes_.tail_bytes) {
    tail_bytes_ -= tail_.front().bytes->size();
    tail_.pop_front();
  }
  for (const FrameHeader& frame : frames) {
    const auto partition = static_cast<size_t>(frame.partition);
    index_[partition].push_back({frame.base_offset, frame.segment, frame.position});
    ends_[partition].store(static_cast<int64_t>(frame.base_offset + frame.count), std::memory_order_release);
  }
}

void LogTopic::Notify(const std::vector<FrameHeader>& frames) {
  std::vector<std::shared_ptr<ReaderNotify>> concerned;
  {
    MutexLock lock(mutex_);
    std::erase_if(listeners_, [](const Listener& listener) { return listener.notify.expired(); });
    for (const Listener& listener : listeners_) {
      const bool any = std::any_of(frames.begin(), frames.end(), [&listener](const FrameHeader& frame) {
        return listener.partitions[static_cast<size_t>(frame.partition)];
      });
      if (!any) continue;
      if (auto notify = listener.notify.lock()) concerned.push_back(std::move(notify));
    }
  }
  for (const auto& notify : concerned) notify->Call();
}

void LogTopic::AddListener(std::weak_ptr<ReaderNotify> notify, std::vector<bool> partitions) {
  MutexLock lock(mutex_);
  listeners_.push_back({std::move(notify), std::move(partitions)});
}

void LogTopic::Close() {
  if (refuses_ || writer_.number() == 0) return;
  if (!closed_) WriteClosingFrame();
  writer_.Trim();
}

void LogTopic::WriteClosingFrame() {
  FrameHeader closing;
  closing.segment = writer_.number();
  closing.position = writer_.position();
  closing.sequence = next_sequence_;
  closing.payload_sum = FrameSum("", declaration_.salt);
  std::string block;
  AppendFrameHeader(&block, closing, declaration_.salt);
  // Without it a damaged last block would pass for a torn one; the log is whole either way.
  if (WriteBlock(block).ok()) closed_ = true;
}

FrameRef LogTopic::Find(int32_t partition, int64_t offset) const {
  const std::vector<FrameRef>& frames = index_[static_cast<size_t>(partition)];
  const auto behind =
      std::upper_bound(frames.begin(), frames.end(), static_cast<uint64_t>(offset),
                       [](uint64_t wanted, const FrameRef& frame) { return wanted < frame.base_offset; });
  HANGOU_CHECK(behind != frames.begin(), "a reader asked for an offset before the first frame");
  return *(behind - 1);
}

bool LogTopic::FindInTail(const FrameRef& ref, SegmentPiece* piece) const {
  const auto behind =
      std::upper_bound(tail_.begin(), tail_.end(), std::make_pair(ref.segment, ref.position),
                       [](const std::pair<uint32_t, uint32_t>& wanted, const TailBlock& block) {
                         return wanted < std::make_pair(block.segment, block.start);
                       });
  if (behind == tail_.begin()) return false;
  const TailBlock& block = *(behind - 1);
  if (block.segment != ref.segment || ref.position - block.start >= block.bytes->size()) return false;
  piece->segment = block.segment;
  piece->start = block.start;
  piece->bytes = block.bytes;
  return true;
}

bool LogTopic::ViewFrame(const FrameRef& ref, const SegmentPiece& piece, FrameView* view) const {
  if (!piece.bytes || piece.segment != ref.segment || ref.position < piece.start) return false;
  const std::string_view bytes = *piece.bytes;
  const size_t at = ref.position - piece.start;
  if (at >= bytes.size()) return false;
  const auto header = ParseFrameHeader(bytes.substr(at), declaration_.salt, ref.segment, ref.position);
  if (!header || bytes.size() - at - kFrameHeaderBytes < header->length) return false;
  view->header = *header;
  view->payload = bytes.substr(at + kFrameHeaderBytes, header->length);
  return true;
}

absl::Status LogTopic::ReadPiece(const FrameRef& ref, size_t count, uint32_t durable_end,
                                 SegmentPiece* piece) const {
  if (!piece->file.is_open() || piece->file_segment != ref.segment) {
    ASSIGN_OR_RETURN(piece->file, OpenSegment(folder_, ref.segment));
    piece->file_segment = ref.segment;
  }
  // Never beyond what is durable: those bytes may be undone and written again.
  count = std::min<size_t>(count, durable_end - ref.position);
  ASSIGN_OR_RETURN(std::string bytes, ReadAt(piece->file, ref.position, count));
  piece->segment = ref.segment;
  piece->start = ref.position;
  piece->bytes = std::make_shared<const std::string>(std::move(bytes));
  return absl::OkStatus();
}

absl::Status LogTopic::Scrub() {
  const bool unseen = unseen_tombstones_.exchange(false);
  if (!unseen && !scrub_again_) return absl::OkStatus();
  uint32_t newest = 0;
  {
    MutexLock lock(mutex_);
    newest = durable_segment_;
  }
  const bool damaged =
      std::any_of(damage_.begin(), damage_.end(), [](const auto& text) { return !text.empty(); });
  // What is damaged is for its operator to restore: nothing of it is touched.
  if (newest <= 1 || damaged || refuses_) {
    close_segment_ = scrub_again_ = newest > 0 && !damaged && !refuses_;
    return absl::OkStatus();
  }
  const auto scrubbed = ScrubSegments(folder_, declaration_, newest - 1);
  // Not sealed yet, or not done: again the next time.
  scrub_again_ = unseen || close_segment_ || !scrubbed.ok();
  if (unseen) close_segment_ = true;
  return scrubbed.status();
}

absl::StatusOr<FrameView> LogTopic::Fetch(int32_t partition, int64_t offset, SegmentPiece* piece) {
  FrameRef ref;
  uint32_t durable_end = UINT32_MAX;
  FrameView view;
  bool found = false;
  {
    MutexLock lock(mutex_);
    ref = Find(partition, offset);
    if (ref.segment == durable_segment_) durable_end = durable_end_;
    found = ViewFrame(ref, *piece, &view) || (FindInTail(ref, piece) && ViewFrame(ref, *piece, &view));
  }
  if (!found) {
    RETURN_IF_ERROR(ReadPiece(ref, kReadAheadBytes, durable_end, piece));
    found = ViewFrame(ref, *piece, &view);
  }
  if (!found) {
    // Longer than what is read ahead, or damaged: the header says which.
    const auto header = ParseFrameHeader(*piece->bytes, declaration_.salt, ref.segment, ref.position);
    if (header) RETURN_IF_ERROR(ReadPiece(ref, kFrameHeaderBytes + header->length, durable_end, piece));
    found = header && ViewFrame(ref, *piece, &view);
  }
  if (found && view.header.partition == partition && view.header.base_offset == ref.base_offset &&
      FrameSum(view.payload, declaration_.salt) == view.header.payload_sum) {
    return view;
  }
  piece->bytes.reset();
  return MakeError(Reason::kDataLoss, "partition " + std::to_string(partition) +
                                          " of the log is damaged in " + folder_ + ", " +
                                          SegmentName(ref.segment) + " at byte " +
                                          std::to_string(ref.position) + "; restore that file");
}

}  // namespace hangou
