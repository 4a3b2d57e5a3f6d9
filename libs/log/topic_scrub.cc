#include "libs/log/topic_scrub.h"

#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/log/log_format.h"

namespace hangou {
namespace {

// Partition and key of an entry, and the offset of the newest tombstone for it.
using Tombstones = std::unordered_map<std::string, uint64_t>;

std::string EntryId(int32_t partition, std::string_view key) {
  std::string id;
  AppendBigEndian(&id, static_cast<uint32_t>(partition), 4);
  return id.append(key);
}

// An entry where it stands in the bytes of a segment.
struct EntryPlace {
  int32_t partition;
  uint64_t offset;
  std::string_view key;
  bool tombstone;
  size_t start;  // in the segment
  size_t size;
};

// Visits the frames of a segment, and where `entries` is set their entries. False where the bytes are not what was
// written.
bool WalkSegment(std::string_view bytes, uint32_t number, uint64_t salt,
                 const std::function<void(const FrameHeader&)>& frame,
                 const std::function<void(const EntryPlace&)>& entry) {
  size_t position = 0;
  while (position < bytes.size()) {
    const auto header =
        ParseFrameHeader(bytes.substr(position), salt, number, static_cast<uint32_t>(position));
    // Zeros written ahead, behind the last frame.
    if (!header) return bytes.find_first_not_of('\0', position) == std::string_view::npos;
    const size_t start = position + kFrameHeaderBytes;
    if (bytes.size() - start < header->length) return false;
    const std::string_view payload = bytes.substr(start, header->length);
    if (FrameSum(payload, salt) != header->payload_sum) return false;
    EntryWalk walk(payload);
    size_t at = start;
    for (uint64_t i = 0; i < header->count; ++i) {
      EntryPlace place{header->partition, header->base_offset + i, {}, false, at, 0};
      std::optional<std::string_view> value;
      if (!walk.Next(&place.key, &value)) return false;
      // Behind the key stands the size of the value: of none one byte, else those up to the value.
      const char* end = value ? value->data() + value->size() : place.key.data() + place.key.size() + 1;
      place.tombstone = !value;
      place.size = static_cast<size_t>(end - bytes.data()) - at;
      at += place.size;
      entry(place);
    }
    frame(*header);
    position = start + header->length;
  }
  return true;
}

// A tombstone of a key of zeros that takes exactly `size` bytes, at least 2.
std::string Blank(size_t size) {
  size_t digits = 1;
  while (size - digits - 1 >= size_t{1} << (7 * digits)) ++digits;
  std::string blank(size, '\0');
  size_t length = size - digits - 1;
  // In so many digits, whether or not it needs them.
  for (size_t i = 0; i < digits; ++i, length >>= 7)
    blank[i] = static_cast<char>((length & 0x7F) | (i + 1 < digits ? 0x80 : 0));
  return blank;
}

absl::StatusOr<std::string> ReadSegment(const std::string& folder, uint32_t number) {
  ASSIGN_OR_RETURN(const FileHandle file, OpenSegment(folder, number));
  return ReadAt(file, 0, std::filesystem::file_size(SegmentPath(folder, number)));
}

absl::Status ReplaceSegment(const std::string& folder, uint32_t number, const std::string& bytes) {
  // Durable under its own name before it takes the other's place.
  return WriteFileDurably(SegmentPath(folder, number), bytes, 0600);
}

// Blanks what is erased in a segment, and seals its frames anew; the number of entries that went.
int64_t BlankErased(const Tombstones& tombstones, uint32_t number, uint64_t salt, std::string* bytes) {
  const std::string before = *bytes;
  int64_t blanked = 0;
  bool frame_changed = false;
  WalkSegment(
      before, number, salt,
      [&](const FrameHeader& header) {
        if (!std::exchange(frame_changed, false)) return;
        FrameHeader sealed = header;
        const size_t start = header.position + kFrameHeaderBytes;
        sealed.payload_sum = FrameSum(std::string_view(*bytes).substr(start, header.length), salt);
        std::string text;
        AppendFrameHeader(&text, sealed, salt);
        bytes->replace(header.position, text.size(), text);
      },
      [&](const EntryPlace& entry) {
        const auto erased = tombstones.find(EntryId(entry.partition, entry.key));
        if (erased == tombstones.end() || entry.offset > erased->second) return;
        bytes->replace(entry.start, entry.size, Blank(entry.size));
        frame_changed = true;
        ++blanked;
      });
  return blanked;
}

bool IsBlank(std::string_view key) { return key.find_first_not_of('\0') == std::string_view::npos; }

}  // namespace

absl::StatusOr<int64_t> ScrubSegments(const std::string& folder, const TopicDeclaration& declaration,
                                      uint32_t last) {
  ASSIGN_OR_RETURN(const std::vector<uint32_t> numbers, ListSegments(folder));
  Tombstones tombstones;
  for (const uint32_t number : numbers) {
    if (number > last) break;
    ASSIGN_OR_RETURN(const std::string bytes, ReadSegment(folder, number));
    WalkSegment(
        bytes, number, declaration.salt, [](const FrameHeader&) {},
        [&](const EntryPlace& entry) {
          if (entry.tombstone && !IsBlank(entry.key))
            tombstones[EntryId(entry.partition, entry.key)] = entry.offset;
        });
  }
  int64_t blanked = 0;
  if (tombstones.empty()) return blanked;
  for (const uint32_t number : numbers) {
    if (number > last) break;
    ASSIGN_OR_RETURN(std::string bytes, ReadSegment(folder, number));
    const auto nothing = [](const auto&) {};
    if (!WalkSegment(bytes, number, declaration.salt, nothing, nothing)) continue;
    const int64_t here = BlankErased(tombstones, number, declaration.salt, &bytes);
    if (here == 0) continue;
    RETURN_IF_ERROR(ReplaceSegment(folder, number, bytes));
    blanked += here;
  }
  return blanked;
}

}  // namespace hangou
