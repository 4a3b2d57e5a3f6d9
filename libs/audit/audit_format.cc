// The audit chain on disk, version 1. Numbers are unsigned, most significant byte first.
//
//   chain    := segment+                     files NNNNNNNNNNNNNNNNNNNN.audit, by first sequence in decimal
//   segment  := header group* zero*          zeros are room allocated ahead; only in the last segment for
//   long header   := checksum[8] magic[8] first_sequence[8] salt[8] previous_hash[32] magic    := "HGAUDIT1"
//   the 1 is the version group    := frame+                       what one write and one sync made durable
//   frame    := checksum[8] length[4] sequence[8] place[4] entry[length] hash[32]
//   entry    := serialised hangou.audit.v1.Entry, 1 to 256 Ki bytes, whose sequence is the frame's
//   hash     := SHA-256(previous hash, entry); 32 zeros come before the first
//   place    := number of the frame in its group, from 0
//   checksum := XXH3_64 of all that follows in the header or frame; its seed is 0 in a header, the salt in a
//   frame
//
// Invariant: sequences go from 1 without gaps, over segments; the writer begins a group only when the one
// before is synced, and a group only behind a synced header. Hence, behind the first bytes that are no frame
// where sequence S is due: a frame of a group that began after S proves that S had been durable (damage); no
// such frame, in the last segment, is a group that was never acknowledged (a torn tail).
#include "libs/audit/audit_format.h"

#include <charconv>

#include "libs/base/text.h"
#include "xxhash.h"

namespace hangou {
namespace {

constexpr std::string_view kMagic = "HGAUDIT1";
constexpr std::string_view kExtension = ".audit";
constexpr size_t kNameDigits = 20;
constexpr size_t kChecksumBytes = 8;

uint64_t Checksum(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string body(kMagic);
  AppendBigEndian(&body, header.first_sequence, 8);
  AppendBigEndian(&body, header.salt, 8);
  body += header.previous_hash;
  std::string bytes;
  AppendBigEndian(&bytes, Checksum(body, 0), kChecksumBytes);
  return bytes + body;
}

std::optional<SegmentHeader> DecodeSegmentHeader(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return std::nullopt;
  const std::string_view body = bytes.substr(kChecksumBytes, kSegmentHeaderBytes - kChecksumBytes);
  if (ReadBigEndian(bytes.substr(0, kChecksumBytes)) != Checksum(body, 0)) return std::nullopt;
  if (!body.starts_with(kMagic)) return std::nullopt;
  SegmentHeader header;
  header.first_sequence = ReadBigEndian(body.substr(8, 8));
  header.salt = ReadBigEndian(body.substr(16, 8));
  header.previous_hash = body.substr(24);
  return header;
}

void AppendFrame(const AuditFrame& frame, uint64_t salt, std::string* out) {
  const size_t begin = out->size();
  AppendBigEndian(out, 0, kChecksumBytes);
  AppendBigEndian(out, frame.entry.size(), 4);
  AppendBigEndian(out, frame.sequence, 8);
  AppendBigEndian(out, frame.place, 4);
  out->append(frame.entry);
  out->append(frame.hash);
  std::string checksum;
  AppendBigEndian(&checksum, Checksum(std::string_view(*out).substr(begin + kChecksumBytes), salt),
                  kChecksumBytes);
  out->replace(begin, kChecksumBytes, checksum);
}

std::optional<size_t> FrameSize(std::string_view bytes) {
  if (bytes.size() < kFrameHeaderBytes) return std::nullopt;
  const uint64_t length = ReadBigEndian(bytes.substr(kChecksumBytes, 4));
  if (length == 0 || length > kEntryBytes) return std::nullopt;
  return kFrameBytes + length;
}

std::optional<AuditFrame> DecodeFrame(std::string_view bytes, uint64_t salt) {
  const std::optional<size_t> size = FrameSize(bytes);
  if (!size.has_value() || bytes.size() < *size) return std::nullopt;
  AuditFrame frame;
  frame.sequence = ReadBigEndian(bytes.substr(12, 8));
  frame.place = static_cast<uint32_t>(ReadBigEndian(bytes.substr(20, 4)));
  // Cheap, and most bytes that are no frame end here: those who search for frames rely on it.
  if (frame.place >= frame.sequence) return std::nullopt;
  const std::string_view body = bytes.substr(kChecksumBytes, *size - kChecksumBytes);
  if (ReadBigEndian(bytes.substr(0, kChecksumBytes)) != Checksum(body, salt)) return std::nullopt;
  frame.entry = bytes.substr(kFrameHeaderBytes, *size - kFrameBytes);
  frame.hash = bytes.substr(*size - kHashBytes, kHashBytes);
  return frame;
}

std::string SegmentName(uint64_t first_sequence) {
  const std::string digits = std::to_string(first_sequence);
  return std::string(kNameDigits - digits.size(), '0') + digits + std::string(kExtension);
}

std::optional<uint64_t> SequenceOfName(std::string_view name) {
  if (name.size() != kNameDigits + kExtension.size() || !name.ends_with(kExtension)) return std::nullopt;
  uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kNameDigits, sequence);
  if (error != std::errc() || end != name.data() + kNameDigits) return std::nullopt;
  return sequence;
}

}  // namespace hangou
