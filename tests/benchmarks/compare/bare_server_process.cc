#include "tests/benchmarks/compare/bare_server_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>

#include "libs/base/status.h"
#include "libs/base/temp_folder.h"

namespace hangou {

absl::StatusOr<std::unique_ptr<BareServerProcess>> BareServerProcess::Start(
    const std::string& identity_folder, const std::string& reply) {
  const TempFolder folder;
  const std::string reply_file = folder.path() + "/reply";
  std::ofstream(reply_file, std::ios::binary) << reply;
  std::array<int, 2> input{};
  std::array<int, 2> output{};
  if (::pipe2(input.data(), O_CLOEXEC) != 0 || ::pipe2(output.data(), O_CLOEXEC) != 0) {
    return ErrnoError(errno, "make the pipes of the bare server");
  }
  std::unique_ptr<BareServerProcess> server(new BareServerProcess());
  server->input_ = input[1];
  server->pid_ = ::fork();
  if (server->pid_ == 0) {
    ::dup2(input[0], STDIN_FILENO);
    ::dup2(output[1], STDOUT_FILENO);
    ::execl("/proc/self/exe", "hangou-compare", "bare-server", "--identity", identity_folder.c_str(),
            "--reply", reply_file.c_str(), nullptr);
    ::_exit(1);
  }
  ::close(input[0]);
  ::close(output[1]);
  if (server->pid_ < 0) return ErrnoError(errno, "start the bare server");
  std::string line;
  for (char byte = 0; ::read(output[0], &byte, 1) == 1 && byte != '\n';) line.push_back(byte);
  ::close(output[0]);
  const std::string begin = "serving on ";
  if (!line.starts_with(begin)) return absl::UnavailableError("the bare server does not start");
  server->address_ = line.substr(begin.size());
  return server;
}

BareServerProcess::~BareServerProcess() {
  if (input_ >= 0) ::close(input_);
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
}

}  // namespace hangou
