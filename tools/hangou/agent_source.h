// Where an agent takes rows from: one folder, or one query.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/client/client.h"
#include "tools/hangou/agent_config.h"

namespace hangou {

// What a source has done since the agent was started.
struct AgentCounts {
  uint64_t files_done = 0;    // of folders
  uint64_t files_failed = 0;  // of folders
  uint64_t rows = 0;          // answered
  uint64_t refused = 0;       // of them not taken
};

// One source. Not thread-safe.
class AgentSource {
 public:
  virtual ~AgentSource() = default;
  // Does what there is to do now; true where there is more. What is UNAVAILABLE and the like is tried again later;
  // DRAINING where `stop` said so.
  virtual absl::StatusOr<bool> Work(Client& client, const std::function<bool()>& stop) = 0;
  // For people: the folder's path, or the query's name.
  virtual const std::string& name() const = 0;
  // How long it rests where there is nothing to do.
  virtual int64_t rest_ms() const = 0;
  const AgentCounts& counts() const { return counts_; }

 protected:
  AgentCounts counts_;
};

// Publishes the complete files of a folder, in the order of their names, and moves each to done/ beside its report and
// its refused rows, or to failed/ where the file itself is wrong. A file stays where anything else hinders it.
std::unique_ptr<AgentSource> MakeFolderSource(const DropFolder& folder);

// Publishes the rows of a query above the watermark in the state folder, page by page. The watermark moves on when
// every row of a page is answered; the refused ones lie in quarantine/NAME-PAGE.csv below the state folder.
std::unique_ptr<AgentSource> MakeQuerySource(const PolledQuery& query, const std::string& state);

}  // namespace hangou
