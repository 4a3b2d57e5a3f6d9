// Makes the certificates of the broker and of the services that the Kafka tests act as, in a folder. Those in its
// first list get ACLs; what the tests need to be refused is beside.
#include <cstdio>
#include <string>

#include "libs/base/status.h"
#include "libs/rpc/certificates.h"
#include "libs/rpc/identity.h"

namespace {

void Issue(const std::string& ca, const std::string& workload, const std::string& out,
           const std::string& department = "platform", std::string_view role = hangou::roles::kService) {
  hangou::IdentityRequest request;
  request.department = department;
  request.role = std::string(role);
  request.workload = workload;
  const absl::Status issued = hangou::IssueIdentity(ca, request, out);
  HANGOU_CHECK(issued.ok(), hangou::Message(issued));
}

}  // namespace

int main(int count, char** arguments) {
  HANGOU_CHECK(count == 2, "name a folder");
  const std::string folder = arguments[1];
  for (const char* ca : {"/ca", "/foreign-ca"}) {
    HANGOU_CHECK(hangou::MakeDevelopmentCa(folder + ca).ok(), "cannot make a CA");
  }
  for (const char* workload : {"broker", "catalog", "exchange", "stranger"}) {
    Issue(folder + "/ca", workload, folder + "/" + workload);
  }
  // Consumers, who have nothing until an exchange gives it to them.
  for (const char* workload : {"desk", "hall"}) {
    Issue(folder + "/ca", workload, folder + "/tax-" + workload, "tax", hangou::roles::kConsumer);
  }
  Issue(folder + "/foreign-ca", "catalog", folder + "/foreign");
  return 0;
}
