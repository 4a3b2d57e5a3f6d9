#include "tests/benchmarks/compare/table_peer.h"

#include <sys/stat.h>

#include <cerrno>

#include "libs/base/status.h"

namespace hangou {

void TablePeer::CloseProcess::operator()(FILE* file) const { ::pclose(file); }

absl::StatusOr<std::unique_ptr<TablePeer>> TablePeer::Start(const std::string& script,
                                                            const std::vector<std::string>& arguments,
                                                            const std::string& folder) {
  std::unique_ptr<TablePeer> peer(new TablePeer());
  peer->questions_ = folder + "/questions";
  if (::mkfifo(peer->questions_.c_str(), 0600) != 0) return ErrnoError(errno, "make " + peer->questions_);
  std::string command = "exec python3 -B '" + script + "'";
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  command += " <'" + peer->questions_ + "'";
  peer->answers_.reset(::popen(command.c_str(), "r"));
  return peer;
}

absl::StatusOr<TableAnswer> TablePeer::Ask(const std::string& question) {
  if (!asks_) asks_.reset(std::fopen(questions_.c_str(), "w"));
  if (!asks_) return absl::UnavailableError("the peer does not listen");
  std::fprintf(asks_.get(), "%s\n", question.c_str());
  std::fflush(asks_.get());
  long long keys = 0, amount = 0;
  TableAnswer answer;
  if (std::fscanf(answers_.get(), "%lld %lld %lf %lf", &keys, &amount, &answer.seconds, &answer.peak_mib) !=
      4)
    return absl::UnavailableError("the peer does not answer: " + question);
  answer.keys = keys;
  answer.amount = amount;
  return answer;
}

}  // namespace hangou
