#include "tools/hangou/agent_config.h"

#include <libpq-fe.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/client/client.h"

namespace hangou {
namespace {

constexpr size_t kAgentConfigBytes = 1 << 20;
constexpr size_t kQueryName = 40;
constexpr int32_t kPageRowsMost = 1'000'000;

// Takes the file apart. yaml-cpp throws; LoadAgentConfig catches.
class AgentConfigReader {
 public:
  explicit AgentConfigReader(const std::string& path)
      : path_(path), folder_(std::filesystem::absolute(path).parent_path()) {}

  absl::StatusOr<AgentConfig> Read(const YAML::Node& root) const {
    AgentConfig config;
    RETURN_IF_ERROR(ReadKeys(root, {{"state", [&](const auto& node) { config.state = PathOf(node); }},
                                    {"address", [&](const auto& node) { config.address = node.Scalar(); }},
                                    {"identity", [&](const auto& node) { config.identity = PathOf(node); }},
                                    {"folders", [](const auto&) {}},
                                    {"queries", [](const auto&) {}}}));
    if (config.state.empty())
      return ErrorAt(root, "the key \"state\" is missing: a folder for the agent's own files");
    for (const YAML::Node& node : root["folders"]) {
      ASSIGN_OR_RETURN(DropFolder folder, ReadFolder(node));
      config.folders.push_back(std::move(folder));
    }
    std::set<std::string> names;
    for (const YAML::Node& node : root["queries"]) {
      ASSIGN_OR_RETURN(PolledQuery query, ReadQuery(node));
      if (!names.insert(query.name).second) return ErrorAt(node, "two queries have this name");
      config.queries.push_back(std::move(query));
    }
    return config;
  }

 private:
  using Keys = std::map<std::string, std::function<void(const YAML::Node&)>>;

  absl::Status ErrorAt(const YAML::Node& node, const std::string& what) const {
    const int line = node.Mark().is_null() ? 1 : node.Mark().line + 1;
    return MakeError(Reason::kInvalidRequest, path_ + ":" + std::to_string(line) + ": " + what);
  }

  absl::Status ReadKeys(const YAML::Node& node, const Keys& keys) const {
    if (!node.IsMap()) return ErrorAt(node, "a map of keys is needed here");
    for (const auto& item : node) {
      const auto key = keys.find(item.first.Scalar());
      if (key == keys.end()) return ErrorAt(item.first, "there is no key \"" + item.first.Scalar() + "\"");
      key->second(item.second);
    }
    return absl::OkStatus();
  }

  std::string PathOf(const YAML::Node& node) const { return (folder_ / node.Scalar()).lexically_normal(); }

  absl::StatusOr<DropFolder> ReadFolder(const YAML::Node& node) const {
    DropFolder folder;
    std::string complete = "stable";
    RETURN_IF_ERROR(ReadKeys(
        node, {{"path", [&](const auto& value) { folder.path = PathOf(value); }},
               {"resource", [&](const auto& value) { folder.resource = FullResourceName(value.Scalar()); }},
               {"mapping", [&](const auto& value) { folder.mapping = PathOf(value); }},
               {"complete", [&](const auto& value) { complete = value.Scalar(); }},
               {"stable_s", [&](const auto& value) { folder.stable_ms = MillisecondsOf(value); }}}));
    if (folder.path.empty() || folder.resource.empty())
      return ErrorAt(node, "a folder has a path and a resource");
    if (complete != "stable" && complete != "marker")
      return ErrorAt(node, "\"complete\" is stable or marker");
    folder.by_marker = complete == "marker";
    return folder;
  }

  absl::StatusOr<PolledQuery> ReadQuery(const YAML::Node& node) const {
    PolledQuery query;
    RETURN_IF_ERROR(ReadKeys(
        node, {{"name", [&](const auto& value) { query.name = value.Scalar(); }},
               {"connection", [&](const auto& value) { query.connection = value.Scalar(); }},
               {"query", [&](const auto& value) { query.query = value.Scalar(); }},
               {"watermark", [&](const auto& value) { query.watermark = value.Scalar(); }},
               {"resource", [&](const auto& value) { query.resource = FullResourceName(value.Scalar()); }},
               {"mapping", [&](const auto& value) { query.mapping = PathOf(value); }},
               {"page_rows", [&](const auto& value) { query.page_rows = value.template as<int32_t>(); }},
               {"every_s", [&](const auto& value) { query.every_ms = MillisecondsOf(value); }}}));
    if (!IsName(query.name, kQueryName)) return ErrorAt(node, "a query has a name: a-z, 0-9 and _");
    if (query.query.empty() || query.watermark.empty() || query.resource.empty())
      return ErrorAt(node, "a query has the keys query, watermark and resource");
    if (query.page_rows < 1 || query.page_rows > kPageRowsMost)
      return ErrorAt(node, "\"page_rows\" is a number from 1 to 1000000");
    if (const std::string problem = ConnectionProblem(query.connection); !problem.empty())
      return ErrorAt(node, problem);
    return query;
  }

  static int64_t MillisecondsOf(const YAML::Node& node) {
    return static_cast<int64_t>(node.as<double>() * 1000);
  }

  static std::string ConnectionProblem(const std::string& connection) {
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
        PQconninfoParse(connection.c_str(), &message), PQconninfoFree);
    PQfreemem(message);  // it may quote the connection
    if (options == nullptr)
      return "\"connection\" is not understood; write service=NAME, or host=... dbname=...";
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
      if (std::string_view(option->keyword).ends_with("password") && option->val != nullptr)
        return "no password may stand here: keep it in libpq's password file, and name that by passfile=";
    }
    return "";
  }

  const std::string path_;
  const std::filesystem::path folder_;
};

}  // namespace

absl::StatusOr<AgentConfig> LoadAgentConfig(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kAgentConfigBytes));
  try {
    return AgentConfigReader(path).Read(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    return MakeError(Reason::kInvalidRequest,
                     path + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

}  // namespace hangou
