// The grammar of payloads:
//
//   payload := field*                    at most limits::kRecordBytes bytes, kGeometryRecordBytes where the resource
//                                        has a geometry; nothing behind the last field
//   field   := tag value                 in any order, each number at most once, numbers of the schema only
//   tag     := varint(number << 3 | 0)   where the type stands as a number
//            | varint(number << 3 | 2)   where it stands as text or bytes
//   value   := varint                    integer, decimal, money, timestamp: the int64 in two's complement;
//                                        date: an int32 likewise, sign-extended to 64 bits (10 bytes where
//                                        negative); bool: 0 or 1
//            | varint(length) bytes      text, codes, identifiers: UTF-8 (RFC 3629); point, geometry: WKB, which
//                                        geometry.h reads
//   varint  := 7 bits a byte, low ones first, the top bit set on all but the last; in its shortest form,
//              64 bits
//
// Canonical payloads, which are all that is stored, have their fields in ascending order of numbers.
//
// What is refused, with its reason, and whether protobuf (proto3, every field optional) would accept it:
//
//   RECORD_TOO_LARGE   more than that                                          accepts
//   PAYLOAD_MALFORMED  a tag, value or text that is cut off                    refuses
//                      a varint beyond 64 bits, or a tag beyond 32             refuses, mostly
//                      a varint not in its shortest form                       accepts
//                      field number 0                                          refuses
//                      a wire type other than 0 and 2 (fixed width, groups)    accepts, as unknown
//                      a wire type that does not go with the field's type      accepts, as unknown
//                      a field given twice                                     accepts, the last counts
//                      a date beyond int32                                     accepts, cut to 32 bits
//                      a bool other than 0 and 1                               accepts, as true
//   FIELD_UNKNOWN      a number that the schema does not have                  accepts, as unknown
//   FIELD_INVALID      text that is not UTF-8                                  refuses
//
// Invariant: what WalkPayload accepts, protobuf accepts with equal values (tests/fuzz/walker_check.h).
#include "libs/schema/walker.h"

#include <bitset>
#include <limits>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/schema/text_codec.h"
#include "libs/schema/wire.h"

namespace hangou {
namespace {

using hangou::catalog::v1::FIELD_TYPE_BOOL;
using hangou::catalog::v1::FIELD_TYPE_DATE;

std::string_view FaultText(WireFault fault) {
  switch (fault) {
    case WireFault::kNone:
      return "";
    case WireFault::kTag:
      return "a tag is cut off or not in its shortest form";
    case WireFault::kNumber:
      return "a tag has a field number outside of 1 to 536870911";
    case WireFault::kWireType:
      return "a tag has a wire type other than 0 and 2";
    case WireFault::kVarint:
      return "a number is cut off or not in its shortest form";
    case WireFault::kLength:
      return "a text is cut off, or its length is not in its shortest form";
  }
  return "";
}

// The int64 that a varint stands for; false where it is out of the type's range.
bool ScalarOf(FieldType type, uint64_t raw, int64_t* value) {
  *value = static_cast<int64_t>(raw);
  if (type == FIELD_TYPE_DATE) {
    return *value >= std::numeric_limits<int32_t>::min() && *value <= std::numeric_limits<int32_t>::max();
  }
  return type != FIELD_TYPE_BOOL || raw <= 1;
}

absl::Status Malformed(std::string_view message, std::string_view field) {
  return MakeError(Reason::kPayloadMalformed, message, field);
}

// Checks one field against its schema and makes its slice.
absl::Status SliceField(const FieldSchema& field, const WireField& wire, FieldSlice* slice) {
  if (wire.is_bytes != field.is_bytes()) {
    return Malformed("the wire type does not go with the type of the field", field.name);
  }
  slice->encoded = wire.encoded;
  if (wire.is_bytes) {
    slice->text = wire.bytes;
    if (field.is_geometry() || IsValidUtf8(wire.bytes)) return absl::OkStatus();
    return MakeError(Reason::kFieldInvalid, "the text is not UTF-8", field.name);
  }
  if (ScalarOf(field.type, wire.scalar, &slice->scalar)) return absl::OkStatus();
  return Malformed("the number is out of the range of the type", field.name);
}

absl::Status Damaged(std::string_view what) {
  return MakeError(Reason::kDataLoss, std::string("a stored payload is damaged: ").append(what));
}

// What becomes of a field in a projection.
enum class Showing : uint8_t { kKeep, kMask, kWithhold };

// Fails closed: a mask for what is no text, or none named, withholds.
Showing ShowingOf(const FieldSchema& field, FieldPermission permission) {
  if (permission.level == FieldLevel::kFull) return Showing::kKeep;
  const bool masked = permission.level == FieldLevel::kMasked && permission.mask != MaskKind::kNone;
  return masked && field.is_text() ? Showing::kMask : Showing::kWithhold;
}

// What ProjectPayload relies on in a field of the schema.
bool IsSound(const FieldSchema& field, const WireField& wire) {
  int64_t value = 0;
  return wire.is_bytes == field.is_bytes() && (wire.is_bytes || ScalarOf(field.type, wire.scalar, &value));
}

// One projection. Runs of kept fields are copied at once.
class Projector {
 public:
  Projector(const ResourceSchema& schema, std::span<const FieldPermission> permissions, std::string* out)
      : schema_(schema), permissions_(permissions), out_(*out) {}

  absl::Status Run(std::string_view payload) {
    uint32_t last_number = 0;
    WireField wire;
    while (!payload.empty()) {
      const WireFault fault = ReadWireField(&payload, &wire);
      if (fault != WireFault::kNone) return Damaged(FaultText(fault));
      if (wire.number <= last_number) return Damaged("its fields are not in ascending order");
      last_number = wire.number;
      RETURN_IF_ERROR(Show(wire));
    }
    Flush();
    return absl::OkStatus();
  }

 private:
  absl::Status Show(const WireField& wire) {
    const int index = schema_.IndexOfNumber(wire.number);
    if (index < 0) {
      Flush();
      return absl::OkStatus();
    }
    const FieldSchema& field = schema_.fields()[index];
    if (!IsSound(field, wire)) return Damaged("a field is not of its type");
    const auto at = static_cast<size_t>(index);
    switch (ShowingOf(field, at < permissions_.size() ? permissions_[at] : FieldPermission{})) {
      case Showing::kKeep:
        run_ = run_.empty() ? wire.encoded : std::string_view(run_.data(), run_.size() + wire.encoded.size());
        return absl::OkStatus();
      case Showing::kMask:
        Flush();
        if (!IsValidUtf8(wire.bytes)) return Damaged("a text is not UTF-8");
        AppendTextField(wire.number, MaskText(permissions_[at].mask, wire.bytes), &out_);
        return absl::OkStatus();
      case Showing::kWithhold:
        Flush();
        return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  void Flush() {
    out_.append(run_);
    run_ = {};
  }

  const ResourceSchema& schema_;
  const std::span<const FieldPermission> permissions_;
  std::string& out_;
  std::string_view run_;  // kept fields not yet copied
};

}  // namespace

absl::Status WalkPayload(const ResourceSchema& schema, std::string_view payload,
                         std::vector<FieldSlice>* slices) {
  slices->clear();
  if (payload.size() > schema.payload_limit()) {
    return MakeError(Reason::kRecordTooLarge,
                     "the payload has more than " + std::to_string(schema.payload_limit()) + " bytes");
  }
  std::bitset<limits::kResourceFields> seen;
  WireField wire;
  while (!payload.empty()) {
    const WireFault fault = ReadWireField(&payload, &wire);
    if (fault != WireFault::kNone) return Malformed(FaultText(fault), {});
    const int index = schema.IndexOfNumber(wire.number);
    if (index < 0) {
      return MakeError(Reason::kFieldUnknown,
                       "the resource has no field of number " + std::to_string(wire.number));
    }
    const FieldSchema& field = schema.fields()[index];
    if (seen[index]) return Malformed("the field is given twice", field.name);
    seen[index] = true;
    slices->emplace_back().index = index;
    RETURN_IF_ERROR(SliceField(field, wire, &slices->back()));
  }
  return absl::OkStatus();
}

absl::Status ProjectPayload(const ResourceSchema& schema, std::string_view payload,
                            std::span<const FieldPermission> permissions, std::string* out) {
  out->clear();
  absl::Status status = Projector(schema, permissions, out).Run(payload);
  if (!status.ok()) out->clear();
  return status;
}

}  // namespace hangou
