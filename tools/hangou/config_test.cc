#include "tools/hangou/config.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "tools/hangou/command.h"

namespace hangou {
namespace {

TEST_CASE("A configuration that was saved is loaded, names in Chinese included") {
  const TempFolder folder;
  const std::string path = folder.path() + "/new/config.yaml";
  Config config;
  config.Set({"扬州: test", "127.0.0.1:7000", "/data/a b"});
  config.Set({"second", "host:1", "/x"});
  REQUIRE(SaveConfig(path, config).ok());
  const absl::StatusOr<Config> loaded = LoadConfig(path);
  REQUIRE(loaded.ok());
  CHECK(loaded->current == "扬州: test");
  REQUIRE(loaded->contexts.size() == 2);
  REQUIRE(loaded->Find("扬州: test") != nullptr);
  CHECK(loaded->Find("扬州: test")->identity == "/data/a b");
  CHECK(loaded->Find("third") == nullptr);
  struct stat info = {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("No configuration file is an empty configuration") {
  const TempFolder folder;
  const absl::StatusOr<Config> loaded = LoadConfig(folder.path() + "/none.yaml");
  REQUIRE(loaded.ok());
  CHECK(loaded->contexts.empty());
}

TEST_CASE("A context that is set again replaces the one of its name") {
  Config config;
  config.Set({"a", "one:1", "/x"});
  config.Set({"a", "two:2", "/y"});
  REQUIRE(config.contexts.size() == 1);
  CHECK(config.Find("a")->address == "two:2");
}

TEST_CASE("A configuration that is not understood is an error with its path") {
  const TempFolder folder;
  for (const std::string text : {"contexts: [", "contexts: [{name: a}]", "- just a list"}) {
    const std::string path = folder.path() + "/config.yaml";
    REQUIRE(WriteFileDurably(path, text, 0600).ok());
    const absl::StatusOr<Config> loaded = LoadConfig(path);
    REQUIRE_FALSE(loaded.ok());
    CHECK(ReasonOf(loaded.status()) == Reason::kInvalidRequest);
    CHECK(std::string(Message(loaded.status())).find(path) == 0);
  }
}

TEST_CASE("Errors are told with their reason and what to do") {
  CHECK(ErrorText(MakeError(Reason::kNoGrant, "no grant\nhere", "name")) ==
        "error: no grant\\nhere (field name)\nreason: NO_GRANT: request access to the resource\n");
  CHECK(ErrorText(absl::UnavailableError("refused")).find("reason: UNAVAILABLE: ") != std::string::npos);
}

}  // namespace
}  // namespace hangou
