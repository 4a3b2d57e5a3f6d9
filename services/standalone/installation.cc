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

struct FirstIdentity {
  const char* name;
  const char* department;
  std::string_view role;
  const char* workload;
};

// Two managers, because a loosening of the policy needs two.
constexpr FirstIdentity kFirstIdentities[] = {
    {"service", "platform", roles::kService, "standalone"},
    {"manager-1", "platform", roles::kManager, "manager-1"},
    {"manager-2", "platform", roles::kManager, "manager-2"},
    {"auditor", "platform", roles::kAuditor, "auditor"},
    {"operator", "platform", roles::kOperator, "operator"},
};

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
  for (const FirstIdentity& first : kFirstIdentities) {
    if (Exists(paths.identity(first.name) + "/tls.key")) continue;
    IdentityRequest request;
    request.department = first.department;
    request.role = std::string(first.role);
    request.workload = first.workload;
    RETURN_IF_ERROR(IssueIdentity(paths.ca(), request, paths.identity(first.name)));
  }
  return absl::OkStatus();
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
