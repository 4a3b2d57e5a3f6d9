// Admission: from the bytes that a department sends to the record that may enter.
#include <algorithm>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/schema/cross_rules.h"
#include "libs/schema/geometry.h"
#include "libs/schema/identifier_field.h"
#include "libs/schema/text_codec.h"
#include "libs/schema/walker.h"
#include "re2/re2.h"
#include "xxhash.h"

namespace hangou {
namespace {

using namespace hangou::catalog::v1;  // NOLINT: the names of the field types

void Hash(uint32_t resource_number, std::string_view bytes, uint64_t* low, uint64_t* high) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), resource_number);
  *low = hash.low64;
  *high = hash.high64;
}

// The admission of one record.
class Admission {
 public:
  Admission(const ResourceSchema& schema, int64_t now_us, AdmittedRecord* record,
            std::vector<FieldViolation>* violations)
      : schema_(schema),
        now_us_(now_us),
        today_(DayInChina(now_us)),
        record_(*record),
        violations_(*violations) {}

  bool Run(std::string_view payload, std::vector<FieldSlice>* slices) {
    if (!Walk(payload, slices)) return false;
    std::sort(slices->begin(), slices->end(),
              [](const FieldSlice& a, const FieldSlice& b) { return a.index < b.index; });
    CheckFields(*slices);
    if (!violations_.empty()) return false;
    // What is stored has itself been walked, and from here on the slices are of the normalised bytes.
    if (!Walk(record_.payload, slices)) return false;
    CheckBirthDates(*slices);
    CheckCrossRules(*slices);
    DeriveVersion(*slices);
    DeriveKeys(*slices);
    Hash(schema_.number(), record_.payload, &record_.content_hash_low, &record_.content_hash_high);
    return violations_.empty();
  }

 private:
  void Violate(Reason reason, const FieldSchema& field, std::string_view message) {
    if (violations_.size() < kReportedViolations)
      violations_.push_back({reason, field.name, std::string(message)});
  }

  bool Walk(std::string_view payload, std::vector<FieldSlice>* slices) {
    const absl::Status status = WalkPayload(schema_, payload, slices);
    if (status.ok()) return true;
    violations_.push_back(
        {ReasonOf(status).value_or(Reason::kInternal), FieldOf(status), std::string(Message(status))});
    return false;
  }

  // Checks each field, and writes it to the record in ascending order. `slices` are in that order.
  void CheckFields(const std::vector<FieldSlice>& slices) {
    auto slice = slices.begin();
    const std::vector<FieldSchema>& fields = schema_.fields();
    for (size_t i = 0; i < fields.size(); ++i) {
      if (slice == slices.end() || slice->index != static_cast<int>(i)) {
        if (fields[i].required) Violate(Reason::kFieldMissing, fields[i], "the field is required");
        continue;
      }
      if (fields[i].is_geometry()) {
        AdmitGeometry(fields[i], *slice);
      } else if (fields[i].is_text()) {
        CheckTextField(fields[i], *slice);
      } else {
        CheckRange(fields[i], slice->scalar);
        record_.payload.append(slice->encoded);
      }
      ++slice;
    }
  }

  void CheckRange(const FieldSchema& field, int64_t value) {
    if (field.min && value < *field.min)
      Violate(Reason::kFieldInvalid, field, "the value is below the lowest allowed");
    if (field.max && value > *field.max)
      Violate(Reason::kFieldInvalid, field, "the value is above the highest allowed");
    if (field.max_is_today && (field.type == FIELD_TYPE_DATE ? value > today_ : DayInChina(value) > today_)) {
      Violate(Reason::kFieldInvalid, field, "the value lies behind today");
    }
  }

  void CheckTextField(const FieldSchema& field, const FieldSlice& slice) {
    if (field.required && slice.text.empty()) {
      Violate(Reason::kFieldMissing, field, "the field is required, and empty");
      return;
    }
    if (field.type > FIELD_TYPE_CODE || slice.index == schema_.owner_index()) {
      AdmitIdentifier(field, slice);
      return;
    }
    if (field.type == FIELD_TYPE_CODE && !field.codes->contains(std::string(slice.text))) {
      Violate(Reason::kFieldInvalid, field, "the code list " + field.code_list + " has no such code");
    }
    CheckText(field, slice.text);
    record_.payload.append(slice.encoded);
  }

  void AdmitGeometry(const FieldSchema& field, const FieldSlice& slice) {
    const absl::StatusOr<std::string> normalized = NormalizeGeometry(field.type, slice.text);
    if (!normalized.ok()) {
      Violate(Reason::kFieldInvalid, field, Message(normalized.status()));
      return;
    }
    AppendTextField(field.number, *normalized, &record_.payload);
  }

  void AdmitIdentifier(const FieldSchema& field, const FieldSlice& slice) {
    const IdentifierVerdict verdict = CheckIdentifierField(field.type, slice.text, today_);
    if (!verdict.ok()) {
      Violate(ReasonOfRule(verdict.rule), field, MessageOfRule(verdict.rule));
      return;
    }
    CheckText(field, verdict.normalized);
    if (verdict.normalized == slice.text) {
      record_.payload.append(slice.encoded);
    } else {
      AppendTextField(field.number, verdict.normalized, &record_.payload);
    }
  }

  void CheckText(const FieldSchema& field, std::string_view text) {
    // A text never has more code points than bytes, so most need no counting.
    if (text.size() > field.max_length || field.min_length > 0) {
      const size_t length = CodePointCount(text);
      if (length > field.max_length) Violate(Reason::kFieldInvalid, field, "the text is longer than allowed");
      if (length < field.min_length)
        Violate(Reason::kFieldInvalid, field, "the text is shorter than allowed");
    }
    if (field.pattern != nullptr &&
        !re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *field.pattern)) {
      Violate(Reason::kFieldInvalid, field, "the text does not match the pattern of the field");
    }
  }

  void CheckBirthDates(const std::vector<FieldSlice>& slices) {
    for (const FieldSlice& slice : slices) {
      const FieldSchema& field = schema_.fields()[slice.index];
      if (field.birth_date_of < 0) continue;
      const FieldSlice* id = FindSlice(slices, field.birth_date_of);
      if (id != nullptr && BirthDayOfCitizenId(id->text) != slice.scalar) {
        Violate(Reason::kCrossField, field, "the date is not the birth date in the citizen id");
      }
    }
  }

  void CheckCrossRules(const std::vector<FieldSlice>& slices) {
    for (const CrossRuleSchema& rule : schema_.cross_rules()) {
      if (HoldsCrossRule(rule, slices)) continue;
      const int about = rule.field >= 0 ? rule.field : rule.fields.front();
      Violate(Reason::kCrossField, schema_.fields()[about], rule.message);
    }
  }

  void DeriveVersion(const std::vector<FieldSlice>& slices) {
    record_.field_version = 0;
    if (schema_.version_index() < 0) return;
    const FieldSchema& field = schema_.fields()[schema_.version_index()];
    const int64_t value = FindSlice(slices, schema_.version_index())->scalar;
    if (value < 0) {
      Violate(Reason::kFieldInvalid, field, "a version is not negative, and a date not before 1970");
      return;
    }
    record_.field_version = static_cast<uint64_t>(value);
    if (field.type == FIELD_TYPE_INTEGER) return;
    const int64_t instant = field.type == FIELD_TYPE_DATE ? ChinaDayStartUs(value) : value;
    if (instant - now_us_ > limits::kVersionAheadUs) {
      Violate(Reason::kVersionInFuture, field, "the version lies more than 24 h ahead");
    }
  }

  void DeriveKeys(const std::vector<FieldSlice>& slices) {
    record_.owner_key = CanonicalKey(schema_.owner_kind(), FindSlice(slices, schema_.owner_index())->text);
    record_.record_key.clear();
    for (int index : schema_.record_key_indexes()) {
      if (index != schema_.record_key_indexes().front()) record_.record_key.push_back('|');
      for (char c : DecodeField(schema_.fields()[index], *FindSlice(slices, index))) {
        if (c == '|' || c == '\\') record_.record_key.push_back('\\');
        record_.record_key.push_back(c);
      }
      if (record_.record_key.size() > kRecordKeyBytes) {
        Violate(Reason::kFieldInvalid, schema_.fields()[index], "the record key has more than 512 bytes");
        return;
      }
    }
  }

  const ResourceSchema& schema_;
  const int64_t now_us_;
  const int32_t today_;
  AdmittedRecord& record_;
  std::vector<FieldViolation>& violations_;
};

}  // namespace

bool AdmitPayload(const ResourceSchema& schema, std::string_view payload, int64_t now_us,
                  std::vector<FieldSlice>* scratch, AdmittedRecord* record,
                  std::vector<FieldViolation>* violations) {
  record->payload.clear();
  violations->clear();
  return Admission(schema, now_us, record, violations).Run(payload, scratch);
}

void HashDeletion(uint32_t resource_number, int32_t valid_until_day, uint64_t* low, uint64_t* high) {
  // No payload begins with a zero byte (field number 0), so none has the hash of a deletion by its bytes.
  std::string content(1, '\0');
  AppendBigEndian(&content, static_cast<uint32_t>(valid_until_day), 4);
  Hash(resource_number, content, low, high);
}

}  // namespace hangou
