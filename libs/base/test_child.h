// A second process of a test program, to be killed.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "libs/base/status.h"

namespace hangou {

// Runs this test program again, with its one hidden test case of a tag, so that it can be killed without
// harm. What that test case tells comes back line by line. For tests; used by one thread.
class TestChild {
 public:
  // Starts the test case tagged "[.TAG]"; it reads `argument` with Argument().
  TestChild(const std::string& tag, const std::string& argument) {
    int ends[2];
    HANGOU_CHECK(::pipe2(ends, O_CLOEXEC) == 0, "cannot make a pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], kTellFd);
    std::string program = "/proc/self/exe";
    std::string filter = "[" + tag + "]";
    char* const arguments[] = {program.data(), filter.data(), nullptr};
    HANGOU_CHECK(::setenv(kVariable, argument.c_str(), 1) == 0, "cannot set the argument of a test's child");
    HANGOU_CHECK(::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ) == 0,
                 "cannot start a test's child");
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    from_child_ = ends[0];
  }
  ~TestChild() {
    Kill();
    ::close(from_child_);
  }
  TestChild(const TestChild&) = delete;
  TestChild& operator=(const TestChild&) = delete;

  // The next line that the child told, also after its death; none at the end.
  std::optional<std::string> NextLine() {
    std::string line;
    char letter;
    while (::read(from_child_, &letter, 1) == 1) {
      if (letter == '\n') return line;
      line.push_back(letter);
    }
    return std::nullopt;
  }
  // Kills the child with SIGKILL, if it lives, and waits for it.
  void Kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    Wait();
  }
  // Waits for the child to end by itself; the signal that ended it, 0 where it was none.
  int Wait() {
    int state = 0;
    if (pid_ != 0) ::waitpid(pid_, &state, 0);
    pid_ = 0;
    return WIFSIGNALED(state) ? WTERMSIG(state) : 0;
  }

  // In the child: what it was given.
  static std::string Argument() {
    const char* argument = ::getenv(kVariable);
    return argument == nullptr ? "" : argument;
  }
  // In the child: tells the parent a line. Ends the child where the parent is gone.
  static void Tell(std::string line) {
    line.push_back('\n');
    if (::write(kTellFd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(1);
  }

 private:
  static constexpr const char* kVariable = "HANGOU_TEST_CHILD";
  static constexpr int kTellFd = 100;  // behind what the test program itself has open

  pid_t pid_ = 0;
  int from_child_ = -1;
};

}  // namespace hangou
