// A bare server (bare_server.h) as a process of its own.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace hangou {

// Ends with this object.
class BareServerProcess {
 public:
  // Starts this program again as a bare server that answers `reply`, and waits until it serves.
  static absl::StatusOr<std::unique_ptr<BareServerProcess>> Start(const std::string& identity_folder,
                                                                  const std::string& reply);
  ~BareServerProcess();

  const std::string& address() const { return address_; }
  int pid() const { return pid_; }

 private:
  BareServerProcess() = default;

  std::string address_;
  int pid_ = -1;
  int input_ = -1;  // it ends when this is closed
};

}  // namespace hangou
