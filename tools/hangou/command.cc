#include "tools/hangou/command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "libs/base/status.h"
#include "tools/hangou/config.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

constexpr size_t kPlainColumns = 120;  // what a page or a log viewer shows without folding

size_t ColumnsOfTerminal(int file) {
  winsize size = {};
  if (ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kPlainColumns;
}

}  // namespace

std::string ConfigOf(const Globals& globals) {
  return globals.config.empty() ? ConfigPath() : globals.config;
}

absl::StatusOr<ClientOptions> OptionsOf(const Globals& globals) {
  ClientOptions options;
  options.timeout_ms = static_cast<int64_t>(globals.timeout_s * 1000);
  ASSIGN_OR_RETURN(const Config config, LoadConfig(ConfigOf(globals)));
  const std::string& name = globals.context.empty() ? config.current : globals.context;
  if (const ContextEntry* entry = config.Find(name); entry != nullptr) {
    options.address = entry->address;
    options.identity_folder = entry->identity;
  } else if (!globals.context.empty()) {
    return MakeError(Reason::kInvalidRequest,
                     "there is no context " + globals.context + "; see `hangou context list`");
  }
  if (!globals.address.empty()) options.address = globals.address;
  if (!globals.identity.empty()) options.identity_folder = globals.identity;
  if (options.address.empty() || options.identity_folder.empty()) {
    return MakeError(Reason::kInvalidRequest,
                     "no installation chosen: give --address and --identity, or run "
                     "`hangou context set NAME --address HOST:PORT --identity FOLDER`");
  }
  return options;
}

absl::StatusOr<std::unique_ptr<Client>> ConnectAs(const Globals& globals) {
  ASSIGN_OR_RETURN(const ClientOptions options, OptionsOf(globals));
  return Client::Connect(options);
}

std::string ErrorText(const absl::Status& status) {
  std::string message(Message(status));
  if (message.empty()) message = absl::StatusCodeToString(status.code());
  std::string text = "error: " + OneLine(message);
  if (const std::string field = FieldOf(status); !field.empty()) text += " (field " + OneLine(field) + ")";
  text += "\n";
  if (const std::optional<Reason> reason = ReasonOf(status); reason.has_value()) {
    text += "reason: " + std::string(ReasonName(*reason)) + ": " + std::string(ReasonAdvice(*reason)) + "\n";
  } else if (absl::IsUnavailable(status)) {
    text +=
        "reason: UNAVAILABLE: check the address, that the service runs, and that the certificate is of its "
        "CA\n";
  } else if (absl::IsDeadlineExceeded(status)) {
    text += "reason: DEADLINE_EXCEEDED: try again, or give more time with --timeout\n";
  }
  return text;
}

int UsageError(const std::string& message) {
  std::fprintf(stderr, "error: %s\nRun with --help for more information.\n", message.c_str());
  return kExitUsage;
}

bool Print(const std::string& text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return std::fflush(stdout) == 0 && written;
}

bool ErrorsGoToTerminal() { return isatty(STDERR_FILENO) == 1; }

size_t OutputColumns() { return ColumnsOfTerminal(STDOUT_FILENO); }

size_t ErrorColumns() { return ColumnsOfTerminal(STDERR_FILENO); }

}  // namespace hangou
