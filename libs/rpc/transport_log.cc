#include "libs/rpc/transport_log.h"

#include <grpcpp/version_info.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"

// gRPC 1.66 took its own log away and writes through Abseil's.
#if GRPC_CPP_VERSION_MAJOR > 1 || GRPC_CPP_VERSION_MINOR >= 66
#define HANGOU_GRPC_LOGS_BY_ABSEIL
#include "absl/log/globals.h"
#include "absl/log/log_entry.h"
#include "absl/log/log_sink.h"
#include "absl/log/log_sink_registry.h"
#else
#include <grpc/support/log.h>
#endif

namespace hangou {
namespace {

// What gRPC writes, at its lowest level, when a server's handshake fails; its client side does not write it.
constexpr std::string_view kServerHandshake = "Handshaking failed: ";
// What it writes beside that, as an error, on both sides. A client's failure is in the status of its call.
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

void Take(bool is_error, std::string_view message) {
  if (StartsWith(message, kServerHandshake)) {
    Handshakes().Add(message.substr(kServerHandshake.size()));
  } else if (is_error && !StartsWith(message, kEitherHandshake)) {
    spdlog::error("gRPC: {}", message);
  }
}

#ifdef HANGOU_GRPC_LOGS_BY_ABSEIL

// Takes Abseil's log lines, which are gRPC's: the platform's own go through spdlog.
class Sink : public absl::LogSink {
 public:
  void Send(const absl::LogEntry& entry) override {
    const absl::string_view text = entry.text_message();
    Take(entry.log_severity() >= absl::LogSeverity::kError, {text.data(), text.size()});
  }
};

void Install() {
  absl::AddLogSink(new Sink);              // never removed: gRPC's threads may outlive main
  absl::SetVLogLevel("chttp2_server", 2);  // where the refused handshakes are
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kFatal);
}

#else

void TakeLine(gpr_log_func_args* line) { Take(line->severity == GPR_LOG_SEVERITY_ERROR, line->message); }

void Install() {
  gpr_set_log_function(TakeLine);
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);  // where the refused handshakes are; Take drops the rest
}

#endif

}  // namespace

void InstallTransportLog() {
  static const bool installed = [] {
    Install();
    return true;
  }();
  static_cast<void>(installed);
}

uint64_t HandshakeFailures() { return Handshakes().count(); }

}  // namespace hangou
