#include "services/standalone/installation.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "libs/base/caller.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/rpc/certificates.h"

namespace hangou {
namespace {

bool Exists(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0;
}

}  // namespace

absl::Status PrepareInstallation(const InstallationPaths& paths) {
  RETURN_IF_ERROR(MakeFolders(paths.root));
  RETURN_IF_ERROR(MakeFolders(paths.root + "/keys"));
  RETURN_IF_ERROR(MakeFolders(paths.identities()));
  RETURN_IF_ERROR(MakeDevelopmentCa(paths.ca()));
  RETURN_IF_ERROR(IssueFirstIdentities(paths.ca(), paths.identities()));
  if (Exists(paths.identity("service") + "/tls.key")) return absl::OkStatus();
  IdentityRequest request;
  request.department = "platform";
  request.role = std::string(roles::kService);
  request.workload = "standalone";
  return IssueIdentity(paths.ca(), request, paths.identity("service"));
}

absl::Status WriteContexts(const InstallationPaths& paths, const std::string& address) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(paths.identities(), error)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  std::string text = "current: manager-1\ncontexts:\n";
  for (const std::string& name : names) {
    if (name == "service") continue;
    text += "  - name: " + name + "\n    address: " + address +
            "\n    identity: " + std::filesystem::absolute(paths.identity(name)).string() + "\n";
  }
  return WriteFileDurably(paths.contexts(), text, 0600);
}

}  // namespace hangou
