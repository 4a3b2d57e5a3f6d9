#include "libs/rpc/hops.h"

#include <catch2/catch.hpp>

#include "libs/rpc/test_support.h"

namespace hangou {
namespace {

using base_library::v1::BaseLibrary;

// A library whose Get accepts hops, and tells who called.
class HopLibrary final : public BaseLibrary::CallbackService {
 public:
  explicit HopLibrary(const Hops& hops) : hops_(hops) {}
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context, const base_library::v1::GetRequest*,
                                base_library::v1::GetResponse* response) override {
    return HandleUnary(context, {roles::kConsumer}, &hops_, [response](const Caller& caller, CallDone done) {
      response->add_records()->set_resource(caller.spiffe_id + " via " + caller.via);
      done(absl::OkStatus());
    });
  }

 private:
  const Hops& hops_;
};

struct HopsFixture {
  TestInstallation installation;
  const KeyRing keys = KeyRing::ForTest();
  ManualClock clock;
  // Identities of the installation are of the workload "test-app".
  Hops hops{{installation.server(), "base_library", {"test-app"}}, keys, clock};
  HopLibrary library{hops};
  std::unique_ptr<RpcServer> rpc;

  HopsFixture() {
    auto started = RpcServer::Start({.identity_folder = installation.server(), .services = {&library}});
    REQUIRE(started.ok());
    rpc = std::move(*started);
  }
  static Caller Tax() { return *ParseSpiffeId("spiffe://hangou/department/tax/consumer/hall"); }
  // Get with the identity in `folder`, passed on for the tax bureau by `signer` where there is one.
  absl::StatusOr<std::string> Get(const std::string& folder, const Hops* signer,
                                  const Caller& caller = Tax()) {
    grpc::ClientContext context;
    if (signer != nullptr) {
      signer->Sign(caller, kTestWaitMs, &context);
    } else {
      SetTestDeadline(&context);
    }
    base_library::v1::GetResponse response;
    RETURN_IF_ERROR(
        FromGrpc(BaseLibrary::NewStub(*MakeChannel(rpc->address(), folder))->Get(&context, {}, &response)));
    return response.records(0).resource();
  }
};

}  // namespace

TEST_CASE("A call that a listed service passes on comes from its caller") {
  HopsFixture fixture;
  CHECK(fixture.Get(fixture.installation.server(), &fixture.hops).value() ==
        "spiffe://hangou/department/tax/consumer/hall via "
        "spiffe://hangou/department/platform/service/test-app");
}

TEST_CASE("A service without a token is only itself, and may not read") {
  HopsFixture fixture;
  CHECK(ReasonOf(fixture.Get(fixture.installation.server(), nullptr).status()) == Reason::kRoleRequired);
}

TEST_CASE("A token in the hands of a department says nothing") {
  HopsFixture fixture;
  const std::string consumer = fixture.installation.Identity("civil", roles::kConsumer);
  CHECK(ReasonOf(fixture.Get(consumer, &fixture.hops).status()) == Reason::kCertificateInvalid);
  CHECK(fixture.Get(consumer, nullptr).value() == "spiffe://hangou/department/civil/consumer/test-app via ");
}

TEST_CASE("A token of another audience, of other keys, or too old is refused") {
  HopsFixture fixture;
  const std::string& service = fixture.installation.server();
  const Hops other_audience({service, "catalog", {"test-app"}}, fixture.keys, fixture.clock);
  CHECK(ReasonOf(fixture.Get(service, &other_audience).status()) == Reason::kCertificateInvalid);
  const KeyRing other_keys =
      KeyRing::LoadOrCreate(fixture.installation.path() + "/other-ring", fixture.clock.UtcUs()).value();
  const Hops foreign({service, "base_library", {"test-app"}}, other_keys, fixture.clock);
  CHECK(ReasonOf(fixture.Get(service, &foreign).status()) == Reason::kCertificateInvalid);
  const ManualClock past(fixture.clock.UtcUs() - 11 * kUsPerSecond);
  const Hops old({service, "base_library", {"test-app"}}, fixture.keys, past);
  CHECK(ReasonOf(fixture.Get(service, &old).status()) == Reason::kCertificateInvalid);
}

TEST_CASE("A service that is not listed passes nothing on") {
  HopsFixture fixture;
  const Hops strict({fixture.installation.server(), "base_library", {"population"}}, fixture.keys,
                    fixture.clock);
  HopLibrary library(strict);
  const auto rpc =
      RpcServer::Start({.identity_folder = fixture.installation.server(), .services = {&library}}).value();
  grpc::ClientContext context;
  fixture.hops.Sign(HopsFixture::Tax(), kTestWaitMs, &context);
  base_library::v1::GetResponse response;
  const auto channel = *MakeChannel(rpc->address(), fixture.installation.server());
  CHECK(ReasonOf(FromGrpc(BaseLibrary::NewStub(channel)->Get(&context, {}, &response))) ==
        Reason::kCertificateInvalid);
}

TEST_CASE("A passed-on caller needs the role like any other") {
  HopsFixture fixture;
  const Caller publisher = *ParseSpiffeId("spiffe://hangou/department/tax/publisher/hall");
  CHECK(ReasonOf(fixture.Get(fixture.installation.server(), &fixture.hops, publisher).status()) ==
        Reason::kRoleRequired);
}

}  // namespace hangou
