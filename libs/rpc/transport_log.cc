#include "libs/rpc/transport_log.h"

#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"

namespace hangou {
namespace {

// What gRPC 1.51 writes, at level DEBUG, when a server's handshake fails; its client side does not write it.
constexpr std::string_view kServerHandshake = "Handshaking failed: ";
// What it writes beside that, at level ERROR, on both sides. A client's failure is in the status of its call.
constexpr std::string_view kEitherHandshake = "Handshake failed with fatal error";
// One line a second tells an operator that something is wrong; a flood of connections must not fill the disk.
constexpr int64_t kLineEveryUs = kUsPerSecond;
// Of a cause that is not known here: enough for OpenSSL's sentence.
constexpr size_t kCauseBytes = 160;

// OpenSSL's words and what they mean at a server.
constexpr std::array kCauses = {
    std::pair<std::string_view, std::string_view>{"certificate verify failed",
                                                  "the peer's certificate is expired, or of another CA"},
    std::pair<std::string_view, std::string_view>{"peer did not return a certificate",
                                                  "the peer has sent no certificate"},
    std::pair<std::string_view, std::string_view>{"wrong version number", "the peer does not speak TLS"},
    std::pair<std::string_view, std::string_view>{"http request", "the peer does not speak TLS"},
    std::pair<std::string_view, std::string_view>{"alert", "the peer has refused this server's certificate"},
    std::pair<std::string_view, std::string_view>{
        "Handshake read failed", "the peer has closed the connection; it may not trust this server"},
};

std::string Cause(std::string_view message) {
  for (const auto& [words, meaning] : kCauses) {
    if (message.find(words) != std::string_view::npos) return std::string(meaning);
  }
  return std::string(message.substr(0, std::min(message.find(" {"), kCauseBytes)));
}

// Counts the refused handshakes of the process, and logs some of them. Thread-safe.
class HandshakeLog {
 public:
  void Add(std::string_view message) HANGOU_EXCLUDES(mutex_) {
    const uint64_t count = ++count_;
    const int64_t now = SystemClock().BootUs();
    uint64_t unlogged = 0;
    {
      MutexLock lock(mutex_);
      if (logged_us_ != 0 && now - logged_us_ < kLineEveryUs) return;
      unlogged = count - logged_ - 1;
      logged_us_ = now;
      logged_ = count;
    }
    spdlog::warn("TLS handshake refused: {}; {} more since the last such line", Cause(message), unlogged);
  }
  uint64_t count() const { return count_; }

 private:
  std::atomic<uint64_t> count_ = 0;
  Mutex mutex_;
  int64_t logged_us_ HANGOU_GUARDED_BY(mutex_) = 0;  // boot time of the last line, 0 before the first
  uint64_t logged_ HANGOU_GUARDED_BY(mutex_) = 0;    // the count then
};

HandshakeLog& Handshakes() {
  static HandshakeLog* const log = new HandshakeLog;  // never destroyed: gRPC's threads may outlive main
  return *log;
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

void Take(gpr_log_func_args* line) {
  const std::string_view message = line->message;
  if (StartsWith(message, kServerHandshake)) {
    Handshakes().Add(message.substr(kServerHandshake.size()));
  } else if (line->severity == GPR_LOG_SEVERITY_ERROR && !StartsWith(message, kEitherHandshake)) {
    spdlog::error("gRPC: {}", message);
  }
}

}  // namespace

void InstallTransportLog() {
  gpr_set_log_function(Take);
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);  // where the refused handshakes are; Take drops the rest
}

uint64_t HandshakeFailures() { return Handshakes().count(); }

}  // namespace hangou
