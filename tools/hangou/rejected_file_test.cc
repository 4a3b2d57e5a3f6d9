#include "tools/hangou/rejected_file.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"

namespace hangou {
namespace {

TEST_CASE("Refused rows stand unchanged beside their line, reason, field and message") {
  const TempFolder folder;
  RejectedFile file(folder.path() + "/r.csv", "姓名,地址");
  REQUIRE(file.Add(7, {"FIELD_INVALID", "name", "say \"which\", please"}, "张三,\"文昌路\n1号\"").ok());
  REQUIRE(file.Add(9, {"CHECK_DIGIT", "", "wrong"}, "李四,x").ok());
  REQUIRE(file.Close().ok());
  CHECK(*ReadFile(file.path()) ==
        "\xEF\xBB\xBF@line,@reason,@field,@message,姓名,地址\n"
        "7,FIELD_INVALID,name,\"say \"\"which\"\", please\",张三,\"文昌路\n1号\"\n"
        "9,CHECK_DIGIT,,wrong,李四,x\n");
}

TEST_CASE("Refused NDJSON rows stand in one column") {
  const TempFolder folder;
  RejectedFile file(folder.path() + "/r.csv", "");
  REQUIRE(file.Add(1, {"FIELD_MISSING", "a", "give it"}, R"({"b":1})").ok());
  REQUIRE(file.Close().ok());
  CHECK(*ReadFile(file.path()) ==
        "\xEF\xBB\xBF@line,@reason,@field,@message,@row\n1,FIELD_MISSING,a,give it,\"{\"\"b\"\":1}\"\n");
}

TEST_CASE("A file of refused rows that is refused itself has its reasons once, and the newest") {
  const TempFolder folder;
  RejectedFile file(folder.path() + "/r.csv", "@line,@reason,\"@field\",@message,姓名,地址");
  REQUIRE(
      file.Add(2, {"CHECK_DIGIT", "", "wrong"}, "7,FIELD_INVALID,name,\"say, \"\"which\"\"\",张三,\"a,\nb\"")
          .ok());
  REQUIRE(file.Add(3, {"PAYLOAD_MALFORMED", "", "short"}, "8,X").ok());
  REQUIRE(file.Close().ok());
  CHECK(*ReadFile(file.path()) ==
        "\xEF\xBB\xBF@line,@reason,@field,@message,姓名,地址\n"
        "2,CHECK_DIGIT,,wrong,张三,\"a,\nb\"\n"
        "3,PAYLOAD_MALFORMED,,short,8,X\n");
}

TEST_CASE("Where nothing is refused the file of an earlier run is gone") {
  const TempFolder folder;
  const std::string path = folder.path() + "/r.csv";
  REQUIRE(WriteFileDurably(path, "old", 0600).ok());
  RejectedFile file(path, "a");
  REQUIRE(file.Close().ok());
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("A folder that cannot be written is an error") {
  const TempFolder folder;
  RejectedFile file(folder.path() + "/none/r.csv", "a");
  CHECK_FALSE(file.Add(1, {"X", "", ""}, "1").ok());
}

}  // namespace
}  // namespace hangou
