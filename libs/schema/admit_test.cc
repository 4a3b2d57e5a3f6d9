#include <catch2/catch.hpp>
#include <set>

#include "libs/base/text.h"
#include "libs/schema/schema_for_test.h"
#include "libs/schema/walker.h"

namespace hangou {
namespace {

using hangou::catalog::v1::Resource;
using schema_test::AddField;
using schema_test::Encode;
using schema_test::FieldOfName;
using schema_test::kNowUs;
using schema_test::MustCompile;
using schema_test::NamedText;
using schema_test::ResidentResource;
using schema_test::ResidentValues;

struct Admitted {
  bool ok = false;
  AdmittedRecord record;
  std::vector<FieldViolation> violations;

  // True where there is a violation of this reason and field.
  bool Has(Reason reason, std::string_view field) const {
    for (const FieldViolation& violation : violations) {
      if (violation.reason == reason && violation.field == field) return true;
    }
    return false;
  }
};

Admitted Admit(const ResourceSchema& schema, std::string_view payload) {
  Admitted admitted;
  std::vector<FieldSlice> scratch;
  admitted.ok = AdmitPayload(schema, payload, kNowUs, &scratch, &admitted.record, &admitted.violations);
  CHECK(admitted.ok == admitted.violations.empty());
  return admitted;
}

const ResourceSchema& Schema() {
  static const auto schema = MustCompile(ResidentResource());
  return *schema;
}

// The valid record with another text in one field; an empty text leaves it out.
std::vector<NamedText> With(std::string_view name, std::string_view text) {
  auto values = ResidentValues();
  for (NamedText& value : values) {
    if (value.name == name) value.text = text;
  }
  return values;
}

Admitted AdmitWith(std::string_view name, std::string_view text) {
  return Admit(Schema(), Encode(Schema(), With(name, text)));
}

// True where the record with this text in this field is refused for this reason, and nothing else is said.
bool Refused(Reason reason, std::string_view name, std::string_view text) {
  const Admitted admitted = AdmitWith(name, text);
  return admitted.violations.size() == 1 && admitted.Has(reason, name);
}

}  // namespace

TEST_CASE("A valid record is admitted as it is, with its keys and its version") {
  const std::string payload = Encode(Schema(), ResidentValues());
  const Admitted admitted = Admit(Schema(), payload);
  REQUIRE(admitted.ok);
  CHECK(admitted.record.payload == payload);
  CHECK(admitted.record.owner_key == "32100219850714001");
  CHECK(admitted.record.record_key == "H-0001");
  CHECK(admitted.record.field_version == static_cast<uint64_t>(*ParseInstant("2026-11-21T00:00:00Z")));
}

TEST_CASE("Fields in any order become ascending, with the same hash") {
  auto values = ResidentValues();
  const Admitted ordered = Admit(Schema(), Encode(Schema(), values));
  std::reverse(values.begin(), values.end());
  const Admitted reversed = Admit(Schema(), Encode(Schema(), values));
  REQUIRE(reversed.ok);
  CHECK(reversed.record.payload == ordered.record.payload);
  CHECK(reversed.record.content_hash_low == ordered.record.content_hash_low);
  CHECK(reversed.record.content_hash_high == ordered.record.content_hash_high);
}

TEST_CASE("Spellings of identifiers become one") {
  auto values = With("citizen_id", " 321002 19850714 0016 ");
  for (NamedText& value : values) {
    if (value.name == "employer") value.text = "91321000-714092832h";
    if (value.name == "division") value.text = "321002001000";
  }
  const Admitted spelled = Admit(Schema(), Encode(Schema(), values));
  const Admitted plain = Admit(Schema(), Encode(Schema(), ResidentValues()));
  REQUIRE(spelled.ok);
  CHECK(spelled.record.payload == plain.record.payload);
  CHECK(spelled.record.owner_key == plain.record.owner_key);
  CHECK(spelled.record.content_hash_low == plain.record.content_hash_low);
}

TEST_CASE("A field of every type of identifier is normalised, and refused by the rule that it breaks") {
  namespace v1 = hangou::catalog::v1;
  struct Case {
    FieldType type;
    const char* given;
    const char* stored;
    const char* wrong;
    Reason reason;
  };
  const Case cases[] = {
      {v1::FIELD_TYPE_ORGANIZATION_CODE, "71526726-x", "71526726X", "71526726-0", Reason::kCheckDigit},
      {v1::FIELD_TYPE_REGISTRATION_NUMBER, "321000 000012341", "321000000012341", "321000000012342",
       Reason::kCheckDigit},
      {v1::FIELD_TYPE_TAXPAYER_ID, "321002-714092832", "321002714092832", "321002", Reason::kFieldInvalid},
      {v1::FIELD_TYPE_INDUSTRY, "c3611", "C3611", "9800", Reason::kFieldInvalid},
      {v1::FIELD_TYPE_REAL_ESTATE_UNIT, "321002 001001 GB00001 F00010001", "321002001001GB00001F00010001",
       "321002001001GB00001X00010001", Reason::kFieldInvalid},
      {v1::FIELD_TYPE_BANK_CARD, "6222 0211 0000 0000 007", "6222021100000000007", "6222021100000000008",
       Reason::kCheckDigit},
      {v1::FIELD_TYPE_PHONE, "0514-87654321", "051487654321", "12901234567", Reason::kFieldInvalid},
      {v1::FIELD_TYPE_PLATE, "苏k·12345", "苏K12345", "苏O12345", Reason::kFieldInvalid},
      {v1::FIELD_TYPE_VIN, "1m8gdm9axkp042788", "1M8GDM9AXKP042788", "1M8GDM9AXKP04278",
       Reason::kFieldInvalid},
      {v1::FIELD_TYPE_PASSPORT, "e12345678", "E12345678", "X12345678", Reason::kFieldInvalid},
      {v1::FIELD_TYPE_TRAVEL_PERMIT, "h12345678", "H12345678", "T12345678", Reason::kFieldInvalid},
      {v1::FIELD_TYPE_CERTIFICATE_ID, nullptr, nullptr, "1.2.156", Reason::kFieldInvalid},
  };
  for (const Case& one : cases) {
    Resource resource = schema_test::BareResource();
    AddField(&resource, "citizen_id", v1::FIELD_TYPE_CITIZEN_ID);
    AddField(&resource, "identifier", one.type);
    const auto schema = MustCompile(resource);
    INFO(v1::FieldType_Name(one.type));
    const auto record = [&](const char* text) {
      return Encode(*schema, {{"citizen_id", "321002198507140016"}, {"identifier", text}});
    };
    const Admitted refused = Admit(*schema, record(one.wrong));
    CHECK(refused.violations.size() == 1);
    CHECK(refused.Has(one.reason, "identifier"));
    if (one.given == nullptr) continue;
    const Admitted admitted = Admit(*schema, record(one.given));
    REQUIRE(admitted.ok);
    CHECK(admitted.record.payload == record(one.stored));
  }
}

TEST_CASE("A citizen id of 15 digits becomes its form of 18") {
  Resource resource = schema_test::BareResource();
  AddField(&resource, "citizen_id", hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID);
  const auto schema = MustCompile(resource);
  const Admitted admitted = Admit(*schema, Encode(*schema, {{"citizen_id", "320311770706001"}}));
  REQUIRE(admitted.ok);
  CHECK(admitted.record.payload == Encode(*schema, {{"citizen_id", "320311197707060018"}}));
}

TEST_CASE("Growing beyond the limit of a record by normalisation is refused") {
  Resource resource = schema_test::BareResource();
  AddField(&resource, "citizen_id", hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID);
  AddField(&resource, "note", hangou::catalog::v1::FIELD_TYPE_TEXT)->set_max_length(limits::kRecordBytes);
  const auto schema = MustCompile(resource);
  const std::string id = Encode(*schema, {{"citizen_id", "320311770706001"}});
  const std::string note(limits::kRecordBytes - id.size() - 4, 'a');
  const Admitted admitted = Admit(*schema, id + Encode(*schema, {{"note", note}}));
  CHECK(admitted.Has(Reason::kRecordTooLarge, ""));
}

TEST_CASE("Required fields, the owner, the record key and the version must be there") {
  for (const char* name : {"citizen_id", "full_name", "updated", "household"}) {
    CAPTURE(name);
    CHECK(Refused(Reason::kFieldMissing, name, ""));
  }
  for (const char* name : {"birth_date", "sex", "division", "employer", "children", "phone"}) {
    CHECK(AdmitWith(name, "").ok);
  }
}

TEST_CASE("A required text that is empty is missing") {
  std::string payload = Encode(Schema(), With("full_name", ""));
  AppendTextField(2, "", &payload);
  const Admitted admitted = Admit(Schema(), payload);
  CHECK(admitted.Has(Reason::kFieldMissing, "full_name"));
}

TEST_CASE("Lengths count characters, not bytes") {
  CHECK(AdmitWith("full_name", "一二三四五六七八九十一二三四五六七八九十").ok);
  CHECK(Refused(Reason::kFieldInvalid, "full_name", "一二三四五六七八九十一二三四五六七八九十一"));
  CHECK(AdmitWith("household", "一二").ok);
  CHECK(Refused(Reason::kFieldInvalid, "household", "一"));
}

TEST_CASE("A pattern must match the whole text") {
  CHECK(Refused(Reason::kFieldInvalid, "phone", "138123456789"));
  CHECK(Refused(Reason::kFieldInvalid, "phone", "x13812345678"));
  CHECK(Refused(Reason::kFieldInvalid, "phone", "1381234567"));
}

TEST_CASE("Values outside of the range are refused, those at its ends are not") {
  CHECK(AdmitWith("children", "0").ok);
  CHECK(AdmitWith("children", "20").ok);
  CHECK(Refused(Reason::kFieldInvalid, "children", "-1"));
  CHECK(Refused(Reason::kFieldInvalid, "children", "21"));
  CHECK(Refused(Reason::kFieldInvalid, "income", "-0.01"));
}

TEST_CASE("A date that no calendar text can say is refused") {
  std::string payload = Encode(Schema(), With("birth_date", ""));
  AppendScalarField(Schema().fields()[2], std::numeric_limits<int32_t>::min(), &payload);
  CHECK(Admit(Schema(), payload).Has(Reason::kFieldInvalid, "birth_date"));
}

TEST_CASE("Today in China is allowed where the highest value is today, tomorrow is not") {
  Resource resource = ResidentResource();
  FieldOfName(&resource, "birth_date")->clear_birth_date_of();
  resource.clear_version_field();
  FieldOfName(&resource, "updated")->set_max("today");
  const auto schema = MustCompile(resource);
  const auto admitted = [&](std::string_view name, std::string_view text) {
    return Admit(*schema, Encode(*schema, With(name, text))).ok;
  };
  CHECK(admitted("birth_date", "2026-11-22"));
  CHECK_FALSE(admitted("birth_date", "2026-11-23"));
  CHECK(admitted("updated", "2026-11-22T15:59:59Z"));
  CHECK_FALSE(admitted("updated", "2026-11-22T16:00:00Z"));
}

TEST_CASE("A code must be in its list") {
  CHECK(AdmitWith("sex", "9").ok);
  CHECK(Refused(Reason::kFieldInvalid, "sex", "3"));
}

TEST_CASE("A wrong check digit has its own reason, other rules are named in the message") {
  CHECK(Refused(Reason::kCheckDigit, "citizen_id", "321002198507140017"));
  CHECK(Refused(Reason::kCheckDigit, "employer", "91330100799655058A"));
  CHECK(Refused(Reason::kCheckDigit, "employer", "91330100799655051M"));
  CHECK(Refused(Reason::kFieldInvalid, "citizen_id", "990105194912310023"));
  CHECK(Refused(Reason::kFieldInvalid, "division", "321"));
  const Admitted admitted = AdmitWith("citizen_id", "321002190002290012");
  REQUIRE(admitted.violations.size() == 1);
  CHECK(admitted.violations[0].message.find("birthdate") != std::string::npos);
}

TEST_CASE("A birth date must be the one in the citizen id") {
  CHECK(Refused(Reason::kCrossField, "birth_date", "1985-07-15"));
}

TEST_CASE("A version more than 24 hours ahead is in the future") {
  CHECK(AdmitWith("updated", "2026-11-23T00:00:00Z").ok);
  CHECK(Refused(Reason::kVersionInFuture, "updated", "2026-11-23T00:00:00.000001Z"));
}

TEST_CASE("A version is not negative") {
  CHECK(Refused(Reason::kFieldInvalid, "updated", "1969-12-31T23:59:59Z"));
}

TEST_CASE("A date as version counts days, and the day after tomorrow is in the future") {
  Resource resource = ResidentResource();
  AddField(&resource, "day", hangou::catalog::v1::FIELD_TYPE_DATE);
  resource.set_version_field("day");
  const auto schema = MustCompile(resource);
  const auto admit = [&](std::string_view day) {
    auto values = ResidentValues();
    values.push_back({"day", day});
    return Admit(*schema, Encode(*schema, values));
  };
  CHECK(admit("1970-01-02").record.field_version == 1);
  CHECK(admit("2026-11-23").ok);
  CHECK(admit("2026-11-24").Has(Reason::kVersionInFuture, "day"));
  CHECK(admit("1969-12-31").Has(Reason::kFieldInvalid, "day"));
}

TEST_CASE("A whole number as version has no future") {
  Resource resource = ResidentResource();
  AddField(&resource, "serial", hangou::catalog::v1::FIELD_TYPE_INTEGER);
  resource.set_version_field("serial");
  const auto schema = MustCompile(resource);
  auto values = ResidentValues();
  values.push_back({"serial", "9223372036854775807"});
  CHECK(Admit(*schema, Encode(*schema, values)).record.field_version == std::numeric_limits<int64_t>::max());
}

TEST_CASE("A record key joins its fields as text, and no two keys look alike") {
  Resource resource = ResidentResource();
  resource.add_record_key_fields("full_name");
  resource.add_record_key_fields("income");
  const auto schema = MustCompile(resource);
  const auto key_of = [&](std::string_view household, std::string_view name) {
    auto values = With("household", household);
    values[1].text = name;
    const Admitted admitted = Admit(*schema, Encode(*schema, values));
    CHECK(admitted.ok);
    return admitted.record.record_key;
  };
  CHECK(key_of("H-1", "张三") == "H-1|张三|123456.78");
  const std::set<std::string> keys = {key_of("a|b", "c"), key_of("aa", "b|c"), key_of("a|", "b|c"),
                                      key_of("a\\", "|b"), key_of("a\\|", "b")};
  CHECK(keys.size() == 5);
  CHECK(key_of("a|b", "c\\") == "a\\|b|c\\\\|123456.78");
}

TEST_CASE("A record key beyond its limit is refused") {
  Resource resource = ResidentResource();
  FieldOfName(&resource, "household")->set_max_length(1000);
  const auto schema = MustCompile(resource);
  const std::string household(kRecordKeyBytes + 1, 'a');
  CHECK(
      Admit(*schema, Encode(*schema, With("household", household))).Has(Reason::kFieldInvalid, "household"));
}

TEST_CASE("An owner that is plain text is normalised, and must be there") {
  Resource resource = schema_test::BareResource();
  auto* plate = AddField(&resource, "plate", hangou::catalog::v1::FIELD_TYPE_TEXT);
  plate->set_max_length(10);
  resource.set_owner_kind(hangou::record::v1::ENTITY_KIND_VEHICLE);
  resource.set_owner_field("plate");
  const auto schema = MustCompile(resource);
  const Admitted admitted = Admit(*schema, Encode(*schema, {{"plate", "苏k-12345"}}));
  REQUIRE(admitted.ok);
  CHECK(admitted.record.payload == Encode(*schema, {{"plate", "苏K12345"}}));
  CHECK(Admit(*schema, Encode(*schema, {{"plate", "- -"}})).Has(Reason::kFieldInvalid, "plate"));
}

TEST_CASE("All that is wrong is told at once, up to the limit, and never the value") {
  auto values = ResidentValues();
  for (NamedText& value : values) {
    if (value.name == "full_name") value.text = "";
    if (value.name == "sex") value.text = "7";
    if (value.name == "children") value.text = "77";
    if (value.name == "phone") value.text = "4711";
  }
  const Admitted admitted = Admit(Schema(), Encode(Schema(), values));
  CHECK(admitted.violations.size() == 4);
  for (const FieldViolation& violation : admitted.violations) {
    CHECK_FALSE(violation.message.empty());
    CHECK(violation.message.find('7') == std::string::npos);
  }
  Resource wide = schema_test::BareResource();
  AddField(&wide, "citizen_id", hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID);
  for (char c = 'a'; c <= 'z'; ++c) {
    AddField(&wide, std::string(1, c), hangou::catalog::v1::FIELD_TYPE_INTEGER)->set_required(true);
  }
  CHECK(Admit(*MustCompile(wide), "").violations.size() == kReportedViolations);
}

TEST_CASE("Bytes that the walker refuses are refused with its reason") {
  CHECK(Admit(Schema(), "\xFF").Has(Reason::kPayloadMalformed, ""));
  std::string unknown;
  AppendTextField(99, "a", &unknown);
  CHECK(Admit(Schema(), unknown).Has(Reason::kFieldUnknown, ""));
}

TEST_CASE("The hash depends on the content and on the resource") {
  const Admitted one = AdmitWith("children", "1");
  const Admitted two = AdmitWith("children", "2");
  CHECK(one.record.content_hash_low != two.record.content_hash_low);
  Resource other = ResidentResource();
  other.set_number(8);
  const auto schema = MustCompile(other);
  const Admitted elsewhere = Admit(*schema, Encode(*schema, With("children", "1")));
  CHECK(elsewhere.record.payload == one.record.payload);
  CHECK(elsewhere.record.content_hash_low != one.record.content_hash_low);
}

TEST_CASE("Deletions have hashes of their own, by resource and day") {
  std::set<std::pair<uint64_t, uint64_t>> hashes;
  for (uint32_t resource : {7u, 8u}) {
    for (int32_t day : {-1, 0, 20000}) {
      uint64_t low = 0;
      uint64_t high = 0;
      HashDeletion(resource, day, &low, &high);
      hashes.insert({low, high});
    }
  }
  CHECK(hashes.size() == 6);
}

}  // namespace hangou
