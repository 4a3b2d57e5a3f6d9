#include "libs/base/status.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/cord.h"

namespace hangou {
namespace {

constexpr char kReasonUrl[] = "hangou/reason";
constexpr char kFieldUrl[] = "hangou/field";

// By way of absl's string_view: clang mangles Cord's constructor for std::string otherwise than gcc, which built the
// library.
absl::Cord ToCord(std::string_view text) { return absl::Cord(absl::string_view(text.data(), text.size())); }

}  // namespace

absl::Status MakeError(Reason reason, std::string_view message, std::string_view field) {
  absl::Status status(ReasonCode(reason), std::string(message));
  status.SetPayload(kReasonUrl, ToCord(ReasonName(reason)));
  if (!field.empty()) status.SetPayload(kFieldUrl, ToCord(field));
  return status;
}

absl::Status ErrnoError(int error, std::string_view what) {
  std::string message(what);
  message += ": ";
  message += std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) {
    return MakeError(Reason::kStoreFull, message + "; make room on the disk of the data folder");
  }
  return MakeError(Reason::kInternal, message);
}

std::optional<Reason> ReasonOf(const absl::Status& status) {
  auto payload = status.GetPayload(kReasonUrl);
  if (!payload.has_value()) return std::nullopt;
  return ReasonFromName(std::string(*payload));
}

std::string FieldOf(const absl::Status& status) {
  auto payload = status.GetPayload(kFieldUrl);
  return payload.has_value() ? std::string(*payload) : std::string();
}

absl::Status Annotate(const absl::Status& status, std::string_view prefix) {
  if (status.ok()) return status;
  std::string message(prefix);
  message += ": ";
  message += Message(status);
  absl::Status annotated(status.code(), message);
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { annotated.SetPayload(url, payload); });
  return annotated;
}

void Crash(std::string_view where, std::string_view message) {
  std::fprintf(stderr, "hangou: fatal at %.*s: %.*s\n", static_cast<int>(where.size()), where.data(),
               static_cast<int>(message.size()), message.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace hangou
