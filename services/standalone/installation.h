// The folder of a standalone installation: what is made at the first start.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"

namespace hangou {

// Folders and files below the data folder.
struct InstallationPaths {
  std::string root;

  std::string ca() const { return root + "/ca"; }
  std::string identities() const { return root + "/identities"; }
  std::string identity(const std::string& name) const { return identities() + "/" + name; }
  std::string key_ring() const { return root + "/keys/ring"; }
  std::string log() const { return root + "/log"; }
  std::string view(std::string_view library) const { return root + "/view/" + std::string(library); }
  std::string erasures(std::string_view library) const { return root + "/erasures/" + std::string(library); }
  std::string local() const { return root + "/local"; }
  std::string audit() const { return root + "/audit"; }
  std::string audit_shipped() const { return root + "/audit-shipped"; }
  std::string contexts() const { return root + "/config.yaml"; }
};

// Makes what is missing in a data folder: the development CA and the identities service, manager-1, manager-2, auditor
// and operator.
absl::Status PrepareInstallation(const InstallationPaths& paths);

// Writes config.yaml: a context per identity of the data folder, for `hangou --config`. Replaces what is there.
absl::Status WriteContexts(const InstallationPaths& paths, const std::string& address);

}  // namespace hangou
