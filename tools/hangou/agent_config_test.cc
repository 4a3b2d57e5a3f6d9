#include "tools/hangou/agent_config.h"

#include <catch2/catch.hpp>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"

namespace hangou {
namespace {

absl::StatusOr<AgentConfig> Loaded(const TempFolder& folder, const std::string& yaml) {
  REQUIRE(WriteFileDurably(folder.path() + "/agent.yaml", yaml, 0600).ok());
  return LoadAgentConfig(folder.path() + "/agent.yaml");
}

TEST_CASE("An agent's file names folders and queries, with paths relative to itself") {
  const TempFolder folder;
  const auto config =
      Loaded(folder,
             "state: state\naddress: 127.0.0.1:7443\nidentity: /etc/id\n"
             "folders:\n  - {path: drop, resource: psb.resident, complete: marker, mapping: m.yaml}\n"
             "queries:\n  - {name: q, connection: service=x passfile=/etc/pw, query: SELECT 1, watermark: w,"
             " resource: psb.resident, page_rows: 7, every_s: 0.5}\n");
  INFO(Message(config.status()));
  REQUIRE(config.ok());
  CHECK(config->state == folder.path() + "/state");
  CHECK(config->identity == "/etc/id");
  CHECK(config->folders[0].path == folder.path() + "/drop");
  CHECK(config->folders[0].by_marker);
  CHECK(config->folders[0].resource == "resources/psb.resident");
  CHECK(config->queries[0].page_rows == 7);
  CHECK(config->queries[0].every_ms == 500);
}

TEST_CASE("A file that cannot be right is refused with its line") {
  const TempFolder folder;
  const std::string query = "query: SELECT 1, watermark: w, resource: a.b";
  for (const std::string& yaml : std::vector<std::string>{
           "[]", "folders: []", "state: s\nwhat: x", "state: s\nfolders: [{path: p}]",
           "state: s\nfolders: [{path: p, resource: a.b, complete: soon}]",
           "state: s\nfolders: [{path: p, resource: a.b, stable_s: x}]",
           "state: s\nqueries: [{name: A, " + query + "}]", "state: s\nqueries: [{name: a}]",
           "state: s\nqueries: [{name: a, " + query + ", page_rows: 0}]",
           "state: s\nqueries: [{name: a, " + query + "}, {name: a, " + query + "}]", "{"}) {
    INFO(yaml);
    const auto config = Loaded(folder, yaml);
    CHECK(ReasonOf(config.status()) == Reason::kInvalidRequest);
    CHECK(Message(config.status()).find("agent.yaml:") != std::string::npos);
  }
}

TEST_CASE("A password in the file is refused, and not repeated") {
  const TempFolder folder;
  for (const char* connection :
       {"host=x password=secret", "postgresql://u:secret@h/d", "host=x sslpassword=secret"}) {
    const auto config = Loaded(folder,
                               "state: s\nqueries: [{name: a, query: SELECT 1, watermark: w, resource: a.b, "
                               "connection: \"" +
                                   std::string(connection) + "\"}]");
    REQUIRE_FALSE(config.ok());
    CHECK(Message(config.status()).find("passfile") != std::string::npos);
    CHECK(Message(config.status()).find("secret") == std::string::npos);
  }
}

}  // namespace
}  // namespace hangou
