#include "libs/rpc/certificates.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/rpc/identity.h"

namespace hangou {
namespace {

IdentityRequest PoliceConsumer() {
  IdentityRequest request;
  request.department = "psb";
  request.role = std::string(roles::kConsumer);
  request.workload = "case-desk";
  return request;
}

struct Ca {
  Ca() { REQUIRE(MakeDevelopmentCa(path()).ok()); }
  std::string path() const { return folder.path() + "/ca"; }
  std::string Issue(const IdentityRequest& request, const std::string& name) const {
    const std::string out = folder.path() + "/" + name;
    REQUIRE(IssueIdentity(path(), request, out).ok());
    return out;
  }
  TempFolder folder;
};

int ModeOf(const std::string& path) {
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

TEST_CASE("A CA that is there stays as it is") {
  const Ca ca;
  const std::string first = *ReadFile(ca.path() + "/ca.crt");
  REQUIRE(MakeDevelopmentCa(ca.path()).ok());
  CHECK(*ReadFile(ca.path() + "/ca.crt") == first);
}

TEST_CASE("Private keys are for their owner's eyes only") {
  const Ca ca;
  const std::string identity = ca.Issue(PoliceConsumer(), "psb");
  CHECK(ModeOf(ca.path() + "/ca.key") == 0600);
  CHECK(ModeOf(identity + "/tls.key") == 0600);
}

TEST_CASE("An identity says who it is and until when") {
  const Ca ca;
  IdentityRequest request = PoliceConsumer();
  request.valid_days = 30;
  const int64_t before = SystemClock().UtcUs();
  const auto info = ReadIdentityInfo(ca.Issue(request, "psb"));
  REQUIRE(info.ok());
  CHECK(info->caller.spiffe_id == "spiffe://hangou/department/psb/consumer/case-desk");
  CHECK(info->caller.department == "psb");
  CHECK(info->caller.role == roles::kConsumer);
  CHECK(info->caller.workload == "case-desk");
  CHECK(info->not_before_us <= before);
  CHECK(info->not_after_us >= before + 30 * kUsPerDay - kUsPerSecond);
  CHECK(info->not_after_us <= SystemClock().UtcUs() + 30 * kUsPerDay);
}

TEST_CASE("An expired identity can be made for tests, and still be read") {
  const Ca ca;
  IdentityRequest request = PoliceConsumer();
  request.valid_days = -1;
  const auto info = ReadIdentityInfo(ca.Issue(request, "psb"));
  REQUIRE(info.ok());
  CHECK(info->not_after_us < SystemClock().UtcUs());
  CHECK(info->not_before_us < info->not_after_us);
}

TEST_CASE("No two certificates share a serial number") {
  const Ca ca;
  const auto first = ReadIdentityInfo(ca.Issue(PoliceConsumer(), "one"));
  const auto second = ReadIdentityInfo(ca.Issue(PoliceConsumer(), "two"));
  CHECK(first->serial.size() == 32);
  CHECK(first->serial != second->serial);
}

TEST_CASE("An identity with a malformed name is not issued") {
  const Ca ca;
  const auto refused = [&](auto change) {
    IdentityRequest request = PoliceConsumer();
    change(request);
    const absl::Status status = IssueIdentity(ca.path(), request, ca.folder.path() + "/refused");
    return ReasonOf(status) == Reason::kInvalidRequest;
  };
  CHECK(refused([](auto& r) { r.department = ""; }));
  CHECK(refused([](auto& r) { r.department = "psb/manager"; }));
  CHECK(refused([](auto& r) { r.role = "god"; }));
  CHECK(refused([](auto& r) { r.workload = "a,DNS:example.org"; }));
  CHECK(refused([](auto& r) { r.trust_domain = "hangou,URI:spiffe://x"; }));
  CHECK(refused([](auto& r) { r.role = roles::kService; }));  // not the platform's
  CHECK(refused([](auto& r) {
    r.department = "platform";
    r.role = roles::kService;
    r.hosts = {"host,URI:spiffe://x"};
  }));
}

TEST_CASE("A folder without an identity is named in the error") {
  const TempFolder empty;
  const auto info = ReadIdentityInfo(empty.path());
  REQUIRE_FALSE(info.ok());
  CHECK(Message(info.status()).find("tls.crt") != std::string_view::npos);
  CHECK_FALSE(ReadIdentityFiles(empty.path()).ok());
}

TEST_CASE("A file that is no certificate is refused") {
  const TempFolder folder;
  REQUIRE(WriteFileDurably(folder.path() + "/tls.crt", "not a certificate", 0600).ok());
  CHECK(ReasonOf(ReadIdentityInfo(folder.path()).status()) == Reason::kCertificateInvalid);
}

TEST_CASE("Only SPIFFE ids of this installation are taken apart") {
  const auto caller = ParseSpiffeId("spiffe://hangou/department/platform/service/tax");
  REQUIRE(caller.ok());
  CHECK(caller->department == "platform");
  for (const char* bad :
       {"", "spiffe://", "https://hangou/department/psb/consumer/app",
        "spiffe://hangou/department/psb/consumer", "spiffe://hangou/department/psb/consumer/app/more",
        "spiffe://hangou/department/psb/consumer/", "spiffe://hangou/department//consumer/app",
        "spiffe://hangou/office/psb/consumer/app", "spiffe://hangou/department/psb/root/app",
        "spiffe://hangou/department/PSB/consumer/app", "spiffe://other/department/psb/consumer/app",
        "spiffe://hangou.evil/department/psb/consumer/app", "spiffe://hangou/department/psb/consumer/app?x",
        "spiffe://hangou/department/psb/service/app"}) {
    INFO(bad);
    CHECK(ReasonOf(ParseSpiffeId(bad).status()) == Reason::kCertificateInvalid);
  }
}

}  // namespace
}  // namespace hangou
