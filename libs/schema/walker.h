// The walker: reads payloads from the wire bytes against a compiled schema, in one pass, without building an
// object. The grammar and the limits stand at the head of walker.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/reason.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// One field of a payload. The views point into the payload.
struct FieldSlice {
  int index = 0;             // field index
  std::string_view encoded;  // tag and value
  std::string_view text;     // of a text-like field; the bytes of a geometry
  int64_t scalar = 0;        // of every other
};

// Reads a payload into slices, in the order of the bytes, each field at most once. On an error the reason is
// PAYLOAD_MALFORMED (truncated, overlong, duplicated, wrong wire type, out of range), FIELD_UNKNOWN,
// FIELD_INVALID (not UTF-8) or RECORD_TOO_LARGE, with the field where known. What it accepts, the protobuf
// library accepts with equal values.
absl::Status WalkPayload(const ResourceSchema& schema, std::string_view payload,
                         std::vector<FieldSlice>* slices);

// Something wrong with a record; never carries the value.
struct FieldViolation {
  Reason reason = Reason::kFieldInvalid;
  std::string field;
  std::string message;
};

// A record as it may enter: valid, normalised, with what follows from its fields.
struct AdmittedRecord {
  std::string payload;     // fields in ascending order, identifiers normalised
  std::string owner_key;   // canonical key of the owner entity
  std::string record_key;  // values of the record key fields as text, joined by '|'; empty where none
  // The field that carries the version, as a non-negative number that grows with it (date: days, timestamp:
  // microseconds, integer: itself); 0 where no field does.
  uint64_t field_version = 0;
  uint64_t content_hash_low = 0;  // XXH3-128 of resource number and payload
  uint64_t content_hash_high = 0;
};

// Violations of one record that are reported; more would not help anyone.
constexpr size_t kReportedViolations = 8;

// Checks a payload against types, rules, check digits, required fields and cross-field rules, and normalises
// it. True and `record` filled, or false and `violations` (1 to kReportedViolations) filled. `now_us` is the
// time for "today" and for VERSION_IN_FUTURE. `scratch` is reused between calls.
bool AdmitPayload(const ResourceSchema& schema, std::string_view payload, int64_t now_us,
                  std::vector<FieldSlice>* scratch, AdmittedRecord* record,
                  std::vector<FieldViolation>* violations);

// XXH3-128 of a deletion's content, in place of a payload's.
void HashDeletion(uint32_t resource_number, int32_t valid_until_day, uint64_t* low, uint64_t* high);

// How a field is shown. The order of levels is meaningful: none < verify < masked < full.
enum class FieldLevel : uint8_t { kNone = 0, kVerify = 1, kMasked = 2, kFull = 3 };
enum class MaskKind : uint8_t { kNone = 0, kName = 1, kCitizenId = 2, kKeepFirstAndLast = 3 };
struct FieldPermission {
  FieldLevel level = FieldLevel::kNone;
  MaskKind mask = MaskKind::kNone;

  bool operator==(const FieldPermission&) const = default;
};

// Copies a stored payload to `out`, keeping, masking or leaving out each field; `permissions` has one element
// per field index. A field of a later revision than `schema` is left out. DATA_LOSS where the payload is
// damaged: then nothing of it may leave.
absl::Status ProjectPayload(const ResourceSchema& schema, std::string_view payload,
                            std::span<const FieldPermission> permissions, std::string* out);

// The text under a mask. Works on code points, keeps their number. Names keep the surname (compound surnames
// such as 欧阳 whole), a citizen id keeps its first 6 and last 4 characters; what is too short to hide is
// hidden whole.
std::string MaskText(MaskKind mask, std::string_view text);

}  // namespace hangou
