#include "tests/integration/kcat.h"

#include <sys/wait.h>

#include <cstdio>
#include <regex>
#include <sstream>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"

namespace hangou {
namespace {

// The end of a partition is told by an answer without messages: under load it must not be waited for.
constexpr char kReadToEnd[] = "timeout 60 kcat -C -q -e -o beginning -X fetch.wait.max.ms=1 -b ";
// Sizes first, so that values may be any bytes; "-1" is no value.
constexpr char kFormat[] = "%p %o %S %k|%h\\n%s\\n";

std::map<std::string, std::string> HeadersOfText(const std::string& text) {
  // Values may have commas, but none is followed by a header's name.
  static const std::regex kName("(?:^|,)(ce_[a-z]+|content-type)=");
  std::map<std::string, std::string> headers;
  std::string name;
  size_t begin = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), kName), end; it != end; ++it) {
    if (!name.empty()) headers[name] = text.substr(begin, static_cast<size_t>(it->position()) - begin);
    name = (*it)[1];
    begin = static_cast<size_t>(it->position() + it->length());
  }
  if (!name.empty()) headers[name] = text.substr(begin);
  return headers;
}

std::vector<KcatMessage> ParseMessages(const std::string& output) {
  std::vector<KcatMessage> messages;
  for (size_t at = 0; at < output.size();) {
    const size_t line_end = output.find('\n', at);
    HANGOU_CHECK(line_end != std::string::npos, "kcat prints something else");
    const std::string line = output.substr(at, line_end - at);
    KcatMessage& message = messages.emplace_back();
    int64_t size = 0;
    std::istringstream head(line);
    head >> message.partition >> message.offset >> size;
    const size_t bar = line.find('|');
    const size_t key = line.rfind(' ', bar) + 1;
    message.key = line.substr(key, bar - key);
    message.headers = HeadersOfText(line.substr(bar + 1));
    const size_t bytes = size < 0 ? 0 : static_cast<size_t>(size);
    if (size >= 0) message.value = output.substr(line_end + 1, bytes);
    at = line_end + 1 + bytes + 1;
  }
  return messages;
}

}  // namespace

std::pair<int, int64_t> KcatMessage::position() const {
  const std::string& id = headers.at("ce_id");
  const size_t at = id.rfind('@');
  const size_t slash = id.rfind('/', at);
  return {std::stoi(id.substr(slash + 1, at - slash - 1)), std::stoll(id.substr(at + 1))};
}

std::pair<int, std::string> RunCommand(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  HANGOU_CHECK(pipe != nullptr, "cannot start " + command);
  std::string output;
  char buffer[1 << 14];
  for (size_t read = 0; (read = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, read);
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, std::move(output)};
}

KcatAnswer ReadByKcat(const std::string& brokers, const std::string& topic,
                      const std::string& identity_folder) {
  const TempFolder folder;
  const std::string errors = folder.path() + "/errors";
  const auto [exit_code, output] = RunCommand(
      kReadToEnd + brokers + " -t " + topic + " -X security.protocol=ssl -X ssl.ca.location=" +
      identity_folder + "/ca.crt -X ssl.certificate.location=" + identity_folder +
      "/tls.crt -X ssl.key.location=" + identity_folder + "/tls.key -f '" + kFormat + "' 2>" + errors);
  KcatAnswer answer;
  answer.exit_code = exit_code;
  answer.errors = ReadFile(errors).value_or("");
  if (exit_code == 0) answer.messages = ParseMessages(output);
  return answer;
}

}  // namespace hangou
