// Reads topics as a department does: with kcat and a consumer's certificate.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hangou {

// A message as kcat prints it.
struct KcatMessage {
  int32_t partition = 0;
  int64_t offset = 0;
  std::string key;
  std::optional<std::string> value;
  std::map<std::string, std::string> headers;

  // Partition and offset of the change in the library's log, from ce_id.
  std::pair<int, int64_t> position() const;
};

// What kcat answered.
struct KcatAnswer {
  int exit_code = 0;
  std::vector<KcatMessage> messages;
  std::string errors;
};

// Reads a topic from its beginning to its end with the identity of a folder.
KcatAnswer ReadByKcat(const std::string& brokers, const std::string& topic,
                      const std::string& identity_folder);
// Runs a command; its exit code and what it printed.
std::pair<int, std::string> RunCommand(const std::string& command);

}  // namespace hangou
