// Errors: absl::Status that carries a stable Reason and, where it helps, the field concerned.
// Messages are for people, say what to do next, and never carry an identifier of a person or a value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/reason.h"

namespace hangou {

// An error with its reason; `field` names the field of the record or request that is wrong, if any.
[[nodiscard]] absl::Status MakeError(Reason reason, std::string_view message, std::string_view field = {});

// An error from a failed system call: `what` says what was tried, `error` is the errno. ENOSPC and EDQUOT
// become STORE_FULL, everything else INTERNAL.
[[nodiscard]] absl::Status ErrnoError(int error, std::string_view what);

// The reason that a status carries; none for OK and for statuses of third parties.
std::optional<Reason> ReasonOf(const absl::Status& status);
// The field that a status carries, empty where none.
std::string FieldOf(const absl::Status& status);
// The same error with `prefix` and ": " before its message.
[[nodiscard]] absl::Status Annotate(const absl::Status& status, std::string_view prefix);

// absl's own string_view as std's: Debian's Abseil has a type of its own.
inline std::string_view Message(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// Ends the process with a message on standard error: for bugs, and for states in which going on would lose
// or leak data. `where` is FILE:LINE.
[[noreturn]] void Crash(std::string_view where, std::string_view message);

}  // namespace hangou

#define HANGOU_CONCAT_INNER(a, b) a##b
#define HANGOU_CONCAT(a, b) HANGOU_CONCAT_INNER(a, b)
#define HANGOU_STRING_INNER(a) #a
#define HANGOU_STRING(a) HANGOU_STRING_INNER(a)

// Returns the error of `expression`, if it is one.
#define RETURN_IF_ERROR(expression)                                       \
  do {                                                                    \
    if (absl::Status hangou_status = (expression); !hangou_status.ok()) { \
      return hangou_status;                                               \
    }                                                                     \
  } while (false)

// Defines or assigns `target` from a StatusOr, or returns its error.
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_INNER(HANGOU_CONCAT(hangou_status_or_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_INNER(temporary, target, expression) \
  auto temporary = (expression);                              \
  if (!temporary.ok()) return temporary.status();             \
  target = std::move(temporary).value()

// Crashes early when a condition that the code relies on does not hold.
#define HANGOU_CHECK(condition, message)                              \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::hangou::Crash(__FILE__ ":" HANGOU_STRING(__LINE__), message); \
  } while (false)
