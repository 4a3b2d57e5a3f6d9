#include <catch2/catch.hpp>

#include "libs/schema/schema_for_test.h"
#include "libs/schema/walker.h"

namespace hangou {
namespace {

using schema_test::Encode;
using schema_test::MustCompile;
using schema_test::ResidentResource;
using schema_test::ResidentValues;

const ResourceSchema& ProjectedSchema() {
  static const auto schema = MustCompile(ResidentResource());
  return *schema;
}

std::vector<FieldPermission> Permissions(FieldPermission all) {
  return {ProjectedSchema().fields().size(), all};
}

FieldPermission& Of(std::vector<FieldPermission>& permissions, std::string_view name) {
  return permissions[static_cast<size_t>(ProjectedSchema().IndexOfName(name))];
}

std::string Project(std::string_view payload, const std::vector<FieldPermission>& permissions) {
  std::string out = "left from before";
  REQUIRE(ProjectPayload(ProjectedSchema(), payload, permissions, &out).ok());
  return out;
}

constexpr FieldPermission kFull{FieldLevel::kFull, MaskKind::kNone};

}  // namespace

TEST_CASE("With every field in full a projection is the payload, byte for byte") {
  const std::string payload = Encode(ProjectedSchema(), ResidentValues());
  CHECK(Project(payload, Permissions(kFull)) == payload);
  CHECK(Project("", Permissions(kFull)).empty());
}

TEST_CASE("Fields without permission, and those for verification, are left out") {
  const std::string payload = Encode(ProjectedSchema(), ResidentValues());
  CHECK(Project(payload, Permissions({})).empty());
  auto permissions = Permissions(kFull);
  Of(permissions, "citizen_id") = {};
  Of(permissions, "income") = {FieldLevel::kVerify, MaskKind::kNone};
  auto kept = ResidentValues();
  std::erase_if(kept, [](const auto& value) { return value.name == "citizen_id" || value.name == "income"; });
  CHECK(Project(payload, permissions) == Encode(ProjectedSchema(), kept));
}

TEST_CASE("Masked fields carry the masked text") {
  auto permissions = Permissions({});
  Of(permissions, "citizen_id") = {FieldLevel::kMasked, MaskKind::kCitizenId};
  Of(permissions, "full_name") = {FieldLevel::kMasked, MaskKind::kName};
  Of(permissions, "phone") = {FieldLevel::kMasked, MaskKind::kKeepFirstAndLast};
  const std::string expected =
      Encode(ProjectedSchema(),
             {{"citizen_id", "321002********0016"}, {"full_name", "欧阳**"}, {"phone", "1*********8"}});
  CHECK(Project(Encode(ProjectedSchema(), ResidentValues()), permissions) == expected);
}

TEST_CASE("A mask for what is no text, or without a kind, withholds the field") {
  const std::string payload = Encode(ProjectedSchema(), {{"full_name", "张三"}, {"income", "1.00"}});
  CHECK(Project(payload, Permissions({FieldLevel::kMasked, MaskKind::kNone})).empty());
  CHECK(Project(payload, Permissions({FieldLevel::kMasked, MaskKind::kName})) ==
        Encode(ProjectedSchema(), {{"full_name", "张*"}}));
}

TEST_CASE("Fields beyond the permissions that were given are withheld") {
  CHECK(Project(Encode(ProjectedSchema(), ResidentValues()), {kFull}) ==
        Encode(ProjectedSchema(), {{"citizen_id", "321002198507140016"}}));
}

TEST_CASE("A field of a later revision is left out") {
  std::string payload = Encode(ProjectedSchema(), {{"full_name", "张三"}, {"income", "1.00"}});
  const std::string known = payload;
  AppendTextField(399, "later", &payload);
  AppendTextField(5000, "much later", &payload);
  CHECK(Project(payload, Permissions(kFull)) == known);
}

TEST_CASE("Of a damaged payload nothing leaves") {
  const std::string payload = Encode(ProjectedSchema(), ResidentValues());
  std::vector<std::string> damaged = {payload.substr(0, payload.size() - 1), payload + "\xFF",
                                      payload + payload, std::string(1, '\0')};
  std::string wrong_type;
  AppendTextField(7, "2", &wrong_type);
  damaged.push_back(wrong_type);
  for (const std::string& bytes : damaged) {
    std::string out = "left from before";
    CHECK(ReasonOf(ProjectPayload(ProjectedSchema(), bytes, Permissions(kFull), &out)) == Reason::kDataLoss);
    CHECK(out.empty());
  }
}

TEST_CASE("Names keep the surname and the number of characters") {
  const auto mask = [](std::string_view text) { return MaskText(MaskKind::kName, text); };
  CHECK(mask("张三") == "张*");
  CHECK(mask("张三丰") == "张**");
  CHECK(mask("欧阳小丰") == "欧阳**");
  CHECK(mask("司马光") == "司马*");
  CHECK(mask("欧阳") == "欧*");
  CHECK(mask("张") == "*");
  CHECK(mask("").empty());
  CHECK(mask("买买提·艾力") == "买*****");
  CHECK(mask("𠮷田") == "𠮷*");
}

TEST_CASE("A citizen id keeps its first six and last four characters, anything shorter than one nothing") {
  const auto mask = [](std::string_view text) { return MaskText(MaskKind::kCitizenId, text); };
  CHECK(mask("321002198507140016") == "321002********0016");
  CHECK(mask("110105491231002") == "110105*****1002");
  CHECK(mask("32100219850714") == "**************");
  CHECK(mask("321002").find('3') == std::string::npos);
}

TEST_CASE("First and last are kept where there is something between them") {
  const auto mask = [](std::string_view text) { return MaskText(MaskKind::kKeepFirstAndLast, text); };
  CHECK(mask("江苏省扬州市") == "江****市");
  CHECK(mask("一二三") == "一*三");
  CHECK(mask("一二") == "**");
  CHECK(mask("一") == "*");
}

TEST_CASE("Without a kind of mask everything is hidden") {
  CHECK(MaskText(MaskKind::kNone, "张三丰") == "***");
}

}  // namespace hangou
