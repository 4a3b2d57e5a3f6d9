// The fastest server of gRPC with mutual TLS that we know how to write: what governed calls are compared with.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace hangou {

// Answers any unary call with the bytes of `reply`, and a call of kBareStream, whose request is a number in decimal
// digits, with so many messages of these bytes. It looks at nothing, decides nothing and keeps nothing: one completion
// queue, one thread. Prints "serving on HOST:PORT" and serves until standard input ends. Never installed.
absl::Status RunBareServer(const std::string& identity_folder, const std::string& reply);

inline constexpr char kBareStream[] = "/bare/Stream";

}  // namespace hangou
