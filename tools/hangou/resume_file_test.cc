#include "tools/hangou/resume_file.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"

namespace hangou {
namespace {

ResumePoint PointForTest() {
  ResumePoint point;
  point.sending = "once";
  point.counts.rows = 10;
  point.counts.accepted = 7;
  point.counts.refused = 3;
  point.counts.by_reason["FIELD_INVALID"] = 3;
  point.rejected_rows = 3;
  point.rejected_bytes = 99;
  return point;
}

struct Published {
  Published() { Write("a,b\n1,2\n"); }
  void Write(const std::string& content) const { REQUIRE(WriteFileDurably(path, content, 0600).ok()); }

  TempFolder folder;
  std::string path = folder.path() + "/f.csv";
};

TEST_CASE("A run of the same file in the same way goes on where it was") {
  const Published file;
  CHECK_FALSE(ResumeFile(file.path, "way").Load());
  REQUIRE(ResumeFile(file.path, "way").Save(PointForTest()).ok());
  const auto point = ResumeFile(file.path, "way").Load();
  REQUIRE(point);
  CHECK(point->sending == "once");
  CHECK(point->counts.rows == 10);
  CHECK(point->counts.accepted == 7);
  CHECK(point->counts.by_reason.at("FIELD_INVALID") == 3);
  CHECK(point->rejected_rows == 3);
  CHECK(point->rejected_bytes == 99);
  REQUIRE(ResumeFile(file.path, "way").Remove().ok());
  CHECK_FALSE(ResumeFile(file.path, "way").Load());
}

TEST_CASE("Another way, another content, another time and a damaged file begin anew") {
  const Published file;
  REQUIRE(ResumeFile(file.path, "way").Save(PointForTest()).ok());
  CHECK_FALSE(ResumeFile(file.path, "other").Load());
  const auto time = std::filesystem::last_write_time(file.path);
  file.Write("a,b\n1,3\n");
  std::filesystem::last_write_time(file.path, time);
  CHECK_FALSE(ResumeFile(file.path, "way").Load());
  file.Write("a,b\n1,2\n");
  std::filesystem::last_write_time(file.path, time);
  CHECK(ResumeFile(file.path, "way").Load());
  std::filesystem::last_write_time(file.path, time + std::chrono::seconds(1));
  CHECK_FALSE(ResumeFile(file.path, "way").Load());
  std::filesystem::last_write_time(file.path, time);
  const std::string saved = *ReadFile(file.path + ".progress");
  for (size_t length = 0; length + 1 < saved.size(); ++length) {
    REQUIRE(WriteFileDurably(file.path + ".progress", saved.substr(0, length), 0600).ok());
    CHECK_FALSE(ResumeFile(file.path, "way").Load());
  }
}

TEST_CASE("Counts that do not add up are not believed") {
  const Published file;
  ResumePoint point = PointForTest();
  ++point.counts.accepted;
  REQUIRE(ResumeFile(file.path, "way").Save(point).ok());
  CHECK_FALSE(ResumeFile(file.path, "way").Load());
}

TEST_CASE("Of standard input nothing is remembered") {
  const ResumeFile file("-", "way");
  CHECK(file.Save(PointForTest()).ok());
  CHECK_FALSE(std::filesystem::exists("-.progress"));
}

}  // namespace
}  // namespace hangou
