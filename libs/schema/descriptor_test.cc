#include "libs/schema/descriptor.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "google/protobuf/util/message_differencer.h"
#include "libs/base/file.h"
#include "libs/base/temp_folder.h"
#include "libs/schema/schema_for_test.h"

namespace hangou {
namespace {

using google::protobuf::FileDescriptorSet;
using hangou::catalog::v1::Resource;

// What protoc makes of a .proto text, without the JSON names that it adds.
FileDescriptorSet Protoc(const std::string& text, const std::string& file) {
  const TempFolder folder;
  const std::string path = folder.path() + "/" + file;
  REQUIRE(MakeFolders(path.substr(0, path.rfind('/'))).ok());
  REQUIRE(WriteFileDurably(path, text, 0644).ok());
  const std::string out = folder.path() + "/out.pb";
  const std::string command =
      "protoc -I '" + folder.path() + "' '--descriptor_set_out=" + out + "' '" + file + "'";
  REQUIRE(std::system(command.c_str()) == 0);
  const auto bytes = ReadFile(out);
  REQUIRE(bytes.ok());
  FileDescriptorSet set;
  REQUIRE(set.ParseFromString(*bytes));
  for (auto& field : *set.mutable_file(0)->mutable_message_type(0)->mutable_field()) field.clear_json_name();
  return set;
}

Resource ResourceWithGaps() {
  Resource resource = schema_test::ResidentResource();
  schema_test::FieldOfName(&resource, "sex")->set_number(20);
  schema_test::FieldOfName(&resource, "division")->set_number(400);
  return resource;
}

}  // namespace

TEST_CASE("The message of a resource is named after department and resource") {
  Resource resource;
  resource.set_name("resources/psb.resident");
  CHECK(MessageNameOf(resource) == "hangou.resource.psb.Resident");
  resource.set_name("resources/tax_bureau.vat_declaration_2");
  CHECK(MessageNameOf(resource) == "hangou.resource.tax_bureau.VatDeclaration2");
}

TEST_CASE("The protobuf library builds the descriptor, with presence for every field") {
  const Resource resource = ResourceWithGaps();
  google::protobuf::DescriptorPool pool;
  const auto* file = pool.BuildFile(DescriptorOf(resource).file(0));
  REQUIRE(file != nullptr);
  const auto* message = pool.FindMessageTypeByName(MessageNameOf(resource));
  REQUIRE(message != nullptr);
  CHECK(message->field_count() == resource.fields_size());
  for (const auto& field : resource.fields()) {
    const auto* built = message->FindFieldByName(field.name());
    REQUIRE(built != nullptr);
    CHECK(built->number() == static_cast<int>(field.number()));
    CHECK(built->has_presence());
  }
  CHECK(message->IsReservedNumber(4));
  CHECK(message->IsReservedNumber(399));
  CHECK_FALSE(message->IsReservedNumber(400));
}

TEST_CASE("protoc compiles the proto text to the same descriptor") {
  for (const Resource& resource : {schema_test::ResidentResource(), ResourceWithGaps()}) {
    const FileDescriptorSet expected = DescriptorOf(resource);
    const FileDescriptorSet compiled = Protoc(ProtoTextOf(resource), expected.file(0).name());
    CHECK(compiled.DebugString() == expected.DebugString());
  }
}

TEST_CASE("Chinese titles and the rules appear in the proto text") {
  const std::string text = ProtoTextOf(schema_test::ResidentResource());
  CHECK(text.find("// 常住人口\n") != std::string::npos);
  CHECK(text.find("// 公民身份号码\n") != std::string::npos);
  CHECK(text.find("money in fen") != std::string::npos);
  CHECK(text.find("1[3-9][0-9]{9}") != std::string::npos);
}

TEST_CASE("A title with line ends and a name that is a keyword still compile") {
  Resource resource = schema_test::ResidentResource();
  resource.set_title("one\ntwo */ \r\n message Evil {}");
  schema_test::FieldOfName(&resource, "sex")->set_name("message");
  schema_test::FieldOfName(&resource, "married")->set_name("optional");
  schema_test::FieldOfName(&resource, "height")->set_name("string");
  const FileDescriptorSet expected = DescriptorOf(resource);
  CHECK(Protoc(ProtoTextOf(resource), expected.file(0).name()).DebugString() == expected.DebugString());
}

}  // namespace hangou
