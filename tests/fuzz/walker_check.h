// What holds for every payload, checked against the protobuf library. Used by the property test and by libFuzzer.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/dynamic_message.h"
#include "libs/base/status.h"
#include "libs/schema/descriptor.h"
#include "libs/schema/walker.h"
#include "tests/fuzz/random_resource.h"

namespace hangou::fuzz {

// A schema from a seed, and the protobuf message of its descriptor.
class Subject {
 public:
  explicit Subject(uint64_t seed) {
    // protobuf would log each text that is not UTF-8, and there are many.
    google::protobuf::SetLogHandler(nullptr);
    const hangou::catalog::v1::Resource resource = RandomResource(seed);
    auto compiled = ResourceSchema::Compile(resource, CodeList);
    HANGOU_CHECK(compiled.ok(), Message(compiled.status()));
    schema_ = *compiled;
    HANGOU_CHECK(pool_.BuildFile(DescriptorOf(resource).file(0)) != nullptr,
                 "protobuf refuses the descriptor");
    descriptor_ = pool_.FindMessageTypeByName(MessageNameOf(resource));
    HANGOU_CHECK(descriptor_ != nullptr, "the descriptor has no message of the name");
  }

  const ResourceSchema& schema() const { return *schema_; }
  // An empty message; it must not outlive the subject.
  std::unique_ptr<google::protobuf::Message> NewMessage() {
    return std::unique_ptr<google::protobuf::Message>(factory_.GetPrototype(descriptor_)->New());
  }
  // The protobuf field of a field index.
  const google::protobuf::FieldDescriptor* FieldAt(int index) const {
    return descriptor_->FindFieldByNumber(
        static_cast<int>(schema_->fields()[static_cast<size_t>(index)].number));
  }

 private:
  std::shared_ptr<const ResourceSchema> schema_;
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
  const google::protobuf::Descriptor* descriptor_ = nullptr;
};

// The number that a field of a message stands for.
inline int64_t ScalarIn(const google::protobuf::Message& message,
                        const google::protobuf::FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case google::protobuf::FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(message, &field);
    case google::protobuf::FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? 1 : 0;
    default:
      return reflection.GetInt64(message, &field);
  }
}

inline bool SameValue(const google::protobuf::Message& message,
                      const google::protobuf::FieldDescriptor& field, const FieldSlice& slice) {
  const auto& reflection = *message.GetReflection();
  if (!reflection.HasField(message, &field)) return false;
  if (field.cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    return reflection.GetString(message, &field) == slice.text;
  }
  return ScalarIn(message, field) == slice.scalar;
}

// What is wrong with a payload that the walker accepts; "" where nothing is.
inline std::string CheckAccepted(Subject& subject, std::string_view payload,
                                 const std::vector<FieldSlice>& slices, std::string* canonical) {
  const auto message = subject.NewMessage();
  if (!message->ParseFromArray(payload.data(), static_cast<int>(payload.size())))
    return "protobuf refuses it";
  const auto& reflection = *message->GetReflection();
  if (!reflection.GetUnknownFields(*message).empty()) return "protobuf finds unknown fields";
  std::vector<const google::protobuf::FieldDescriptor*> present;
  reflection.ListFields(*message, &present);
  if (present.size() != slices.size()) return "protobuf finds another number of fields";
  for (const FieldSlice& slice : slices) {
    if (!SameValue(*message, *subject.FieldAt(slice.index), slice)) return "protobuf reads another value";
  }
  std::vector<FieldSlice> ascending = slices;
  std::sort(ascending.begin(), ascending.end(),
            [](const FieldSlice& a, const FieldSlice& b) { return a.index < b.index; });
  for (const FieldSlice& slice : ascending) canonical->append(slice.encoded);
  if (*canonical != message->SerializeAsString()) return "the canonical bytes are not protobuf's";
  return "";
}

// Permissions that vary with the payload.
inline std::vector<FieldPermission> SomePermissions(size_t fields, std::string_view payload) {
  uint64_t mix = payload.size();
  for (char c : payload) mix = mix * 1'099'511'628'211u + static_cast<uint8_t>(c);
  Random random(mix);
  std::vector<FieldPermission> permissions(fields);
  for (FieldPermission& permission : permissions) {
    permission.level = static_cast<FieldLevel>(Uniform(random, 0, 3));
    permission.mask = static_cast<MaskKind>(Uniform(random, 0, 3));
  }
  return permissions;
}

// What is wrong with the projection of a canonical payload, against a model that edits the message.
inline std::string CheckProjection(Subject& subject, std::string_view canonical) {
  const auto message = subject.NewMessage();
  if (!message->ParseFromArray(canonical.data(), static_cast<int>(canonical.size())))
    return "protobuf refuses it";
  const auto& reflection = *message->GetReflection();
  const std::vector<FieldSchema>& fields = subject.schema().fields();
  const std::vector<FieldPermission> permissions = SomePermissions(fields.size(), canonical);
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto* field = subject.FieldAt(static_cast<int>(i));
    if (permissions[i].level == FieldLevel::kFull || !reflection.HasField(*message, field)) continue;
    const bool masked = permissions[i].level == FieldLevel::kMasked && permissions[i].mask != MaskKind::kNone;
    if (masked && fields[i].is_text()) {
      const std::string text = MaskText(permissions[i].mask, reflection.GetString(*message, field));
      reflection.SetString(message.get(), field, text);
    } else {
      reflection.ClearField(message.get(), field);
    }
  }
  std::string projected;
  if (!ProjectPayload(subject.schema(), canonical, permissions, &projected).ok())
    return "the projection fails";
  return projected == message->SerializeAsString() ? "" : "the projection is not the model's";
}

// What is wrong with the refusal of a payload: protobuf must refuse it too, or the reason be on the list.
inline std::string CheckRefused(Subject& subject, std::string_view payload, Reason reason) {
  const auto message = subject.NewMessage();
  if (!message->ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    const bool listed = reason == Reason::kPayloadMalformed || reason == Reason::kFieldUnknown ||
                        reason == Reason::kFieldInvalid || reason == Reason::kRecordTooLarge;
    return listed ? "" : "the reason is not on the list";
  }
  if (reason != Reason::kPayloadMalformed && reason != Reason::kFieldUnknown &&
      reason != Reason::kRecordTooLarge) {
    return "protobuf accepts it, and the reason does not say why the walker does not";
  }
  const std::string rewritten = message->SerializeAsString();
  if (rewritten.size() > limits::kRecordBytes) return "";
  if (!message->GetReflection()->GetUnknownFields(*message).empty()) return "";
  if (rewritten == payload) return "the walker refuses what is canonical";
  std::vector<FieldSlice> slices;
  return WalkPayload(subject.schema(), rewritten, &slices).ok() ? ""
                                                                : "the walker refuses what protobuf writes";
}

// What is wrong with the admission of a payload: what is admitted stays as it is when it comes again.
inline std::string CheckAdmission(Subject& subject, std::string_view payload) {
  constexpr int64_t kNowUs = 1'795'305'600'000'000;
  std::vector<FieldSlice> scratch;
  std::vector<FieldViolation> violations;
  AdmittedRecord first;
  if (!AdmitPayload(subject.schema(), payload, kNowUs, &scratch, &first, &violations)) {
    return violations.empty() || violations.size() > kReportedViolations ? "a refusal without violations"
                                                                         : "";
  }
  AdmittedRecord second;
  if (!AdmitPayload(subject.schema(), first.payload, kNowUs, &scratch, &second, &violations)) {
    return "what was admitted is refused";
  }
  const bool same = second.payload == first.payload && second.owner_key == first.owner_key &&
                    second.content_hash_low == first.content_hash_low &&
                    second.content_hash_high == first.content_hash_high;
  return same ? "" : "what was admitted changes";
}

// What is wrong with the walker's view of a payload; "" where nothing is. `accepted` may be null.
inline std::string CheckWalk(Subject& subject, std::string_view payload, bool* accepted = nullptr) {
  std::vector<FieldSlice> slices;
  const absl::Status status = WalkPayload(subject.schema(), payload, &slices);
  if (accepted != nullptr) *accepted = status.ok();
  if (std::string wrong = CheckAdmission(subject, payload); !wrong.empty()) return wrong;
  if (!status.ok()) return CheckRefused(subject, payload, ReasonOf(status).value_or(Reason::kInternal));
  std::string canonical;
  if (std::string wrong = CheckAccepted(subject, payload, slices, &canonical); !wrong.empty()) return wrong;
  return CheckProjection(subject, canonical);
}

}  // namespace hangou::fuzz
