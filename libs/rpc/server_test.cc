#include "libs/rpc/server.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "libs/base/file.h"
#include "libs/base/limits.h"
#include "libs/rpc/status.h"
#include "libs/rpc/test_support.h"
#include "libs/rpc/transport_log.h"

namespace hangou {
namespace {

// A city with a server that remembers its callers.
struct City : TestInstallation {
  City() {
    server.library.on_get = [this](const Caller& caller, const auto&, auto*, const CallDone& done) {
      callers.Update([&](auto& all) { all.push_back(caller); });
      done(absl::OkStatus());
    };
  }
  Eventually<std::vector<Caller>> callers;
  TestServer server{TestInstallation::server()};
};

// Calls over a channel that must be refused in the handshake: the call fails, the method is never entered, and the
// refusal is counted.
void CheckRefusedInHandshake(City& city, const std::shared_ptr<grpc::Channel>& channel) {
  const uint64_t before = HandshakeFailures();
  const grpc::Status status = CallGet(channel);
  CHECK(status.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(city.callers.Get().empty());
  Eventually<int> never_set;
  CHECK(never_set.Wait([&](int) { return HandshakeFailures() > before; }));
}

// Makes the owner of a foreign identity trust this city's server.
void TrustServer(const City& city, const std::string& identity) {
  std::filesystem::copy_file(city.ca() + "/ca.crt", identity + "/ca.crt",
                             std::filesystem::copy_options::overwrite_existing);
}

std::shared_ptr<grpc::Channel> WithoutCertificate(const City& city) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = *ReadFile(city.ca() + "/ca.crt");
  return grpc::CreateChannel(city.server.rpc->address(), grpc::SslCredentials(options));
}

// One message there and one back, for services whose protos the project does not carry.
grpc::Status RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                     const std::string& request, std::string* response) {
  const grpc::Slice slice(request);
  const grpc::ByteBuffer out(&slice, 1);
  grpc::ByteBuffer in;
  grpc::ClientContext context;
  SetTestDeadline(&context);
  Eventually<std::optional<grpc::Status>> ended;
  grpc::GenericStub(channel).UnaryCall(
      &context, method, grpc::StubOptions(), &out, &in,
      [&](grpc::Status status) { ended.Update([&](auto& end) { end = std::move(status); }); });
  REQUIRE(ended.Wait([](const auto& end) { return end.has_value(); }));
  std::vector<grpc::Slice> slices;
  if (ended.Get()->ok()) REQUIRE(in.Dump(&slices).ok());
  for (const grpc::Slice& part : slices) {
    response->append(reinterpret_cast<const char*>(part.begin()), part.size());
  }
  return *ended.Get();
}

TEST_CASE("The caller is who its certificate says") {
  City city;
  REQUIRE(CallGet(city.server.Channel(city.Identity("psb", roles::kConsumer))).ok());
  REQUIRE(city.callers.Get().size() == 1);
  CHECK(city.callers.Get()[0].department == "psb");
  CHECK(city.callers.Get()[0].role == roles::kConsumer);
  CHECK(city.callers.Get()[0].spiffe_id == "spiffe://hangou/department/psb/consumer/test-app");
}

TEST_CASE("A call inside the process comes from the platform's own service") {
  City city;
  REQUIRE(CallGet(city.server.rpc->InProcessChannel()).ok());
  REQUIRE(city.callers.Get().size() == 1);
  CHECK(city.callers.Get()[0].department == "platform");
  CHECK(city.callers.Get()[0].role == roles::kService);
}

TEST_CASE("A certificate of a foreign CA is refused in the handshake and counted") {
  City city;
  TestInstallation foreign;
  const std::string identity = foreign.Identity("psb", roles::kConsumer);
  TrustServer(city, identity);
  CheckRefusedInHandshake(city, city.server.Channel(identity));
}

TEST_CASE("An expired certificate is refused in the handshake and counted") {
  City city;
  CheckRefusedInHandshake(city, city.server.Channel(city.Identity("psb", roles::kConsumer, -1)));
}

TEST_CASE("A client without a certificate is refused in the handshake and counted") {
  City city;
  CheckRefusedInHandshake(city, WithoutCertificate(city));
}

TEST_CASE("A client without TLS is refused and counted, on loopback too") {
  City city;
  CheckRefusedInHandshake(
      city, grpc::CreateChannel(city.server.rpc->address(), grpc::InsecureChannelCredentials()));
}

TEST_CASE("A certificate of this CA but of another trust domain is no identity") {
  City city;
  const auto channel = city.server.Channel(city.Identity("psb", roles::kConsumer, 1, "elsewhere"));
  CHECK(ReasonOf(FromGrpc(CallGet(channel))) == Reason::kCertificateInvalid);
  CHECK(city.callers.Get().empty());
}

TEST_CASE("A client does not talk to a server of another CA") {
  City city;
  TestInstallation foreign;
  const auto channel = city.server.Channel(foreign.Identity("psb", roles::kConsumer));
  CHECK(CallGet(channel).error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(city.callers.Get().empty());
}

TEST_CASE("A server is reached by name as well as by address") {
  City city;
  const std::string address = city.server.rpc->address();
  const auto channel =
      MakeChannel("localhost" + address.substr(address.rfind(':')), city.Identity("psb", roles::kConsumer));
  CHECK(CallGet(*channel).ok());
}

TEST_CASE("A call of the wrong role is refused and told which role it needs") {
  City city;
  const auto channel = city.server.Channel(city.Identity("psb", roles::kPublisher));
  const absl::Status status = FromGrpc(CallGet(channel));
  CHECK(ReasonOf(status) == Reason::kRoleRequired);
  CHECK(Message(status).find("consumer") != std::string_view::npos);
  CHECK(city.callers.Get().empty());
}

TEST_CASE("Metadata beyond its limit ends the call") {
  City city;
  grpc::ClientContext context;
  SetTestDeadline(&context);
  context.AddMetadata("x-long", std::string(4 * limits::kMetadataBytes, 'x'));
  base_library::v1::GetResponse response;
  const auto channel = city.server.Channel(city.Identity("psb", roles::kConsumer));
  CHECK_FALSE(base_library::v1::BaseLibrary::NewStub(channel)->Get(&context, {}, &response).ok());
  CHECK(city.callers.Get().empty());
}

TEST_CASE("A message beyond its limit is refused before it is read") {
  City city;
  base_library::v1::GetRequest request;
  request.set_record_key(std::string(limits::kApplyBytes + (2 << 20), 'x'));
  grpc::ClientContext context;
  SetTestDeadline(&context);
  base_library::v1::GetResponse response;
  const auto channel = city.server.Channel(city.Identity("psb", roles::kConsumer));
  const grpc::Status status =
      base_library::v1::BaseLibrary::NewStub(channel)->Get(&context, request, &response);
  CHECK(status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(city.callers.Get().empty());
}

TEST_CASE("Health answers for the server and for each service, as SetServing says") {
  City city;
  const auto channel = city.server.Channel(city.Identity("psb", roles::kConsumer));
  constexpr char kService[] = "hangou.base_library.v1.BaseLibrary";
  const std::string request = std::string("\x0a") + static_cast<char>(sizeof kService - 1) + kService;
  const auto serving = [&](const std::string& body) {
    std::string response;
    REQUIRE(RawCall(channel, "/grpc.health.v1.Health/Check", body, &response).ok());
    return response == "\x08\x01";
  };
  CHECK(serving(""));
  city.server.rpc->SetServing(kService, true);
  CHECK(serving(request));
  city.server.rpc->SetServing(kService, false);
  CHECK_FALSE(serving(request));
  CHECK(serving(""));
  city.server.rpc->SetServing("", false);
  CHECK_FALSE(serving(""));
}

TEST_CASE("Reflection lists the services") {
  City city;
  const auto channel = city.server.Channel(city.Identity("psb", roles::kConsumer));
  std::string response;
  REQUIRE(RawCall(channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                  std::string("\x3a\x00", 2), &response)
              .ok());
  CHECK(response.find("hangou.base_library.v1.BaseLibrary") != std::string::npos);
  CHECK(response.find("hangou.catalog.v1.Catalog") != std::string::npos);
}

TEST_CASE("Two servers do not share an address") {
  City city;
  const auto second = RpcServer::Start({.address = city.server.rpc->address(),
                                        .identity_folder = city.TestInstallation::server(),
                                        .services = {}});
  CHECK(absl::IsUnavailable(second.status()));
}

TEST_CASE("A server does not start with a client's or an expired identity") {
  TestInstallation city;
  const auto start = [](const std::string& identity) {
    return ReasonOf(RpcServer::Start({.identity_folder = identity, .services = {}}).status());
  };
  CHECK(start(city.Identity("psb", roles::kConsumer)) == Reason::kCertificateInvalid);
  CHECK(start(city.Identity("platform", roles::kService, -1)) == Reason::kCertificateInvalid);
}

TEST_CASE("A client connects again by itself when the server is back") {
  TestInstallation city;
  auto server = std::make_unique<TestServer>(city.server());
  const std::string address = server->rpc->address();
  const auto channel = server->Channel(city.Identity("psb", roles::kConsumer));
  REQUIRE(CallGet(channel).ok());
  server.reset();
  CHECK(CallGet(channel).error_code() == grpc::StatusCode::UNAVAILABLE);
  ScriptedLibrary library;
  const auto back =
      RpcServer::Start({.address = address, .identity_folder = city.server(), .services = {&library}});
  REQUIRE(back.ok());
  grpc::ClientContext context;
  SetTestDeadline(&context);
  context.set_wait_for_ready(true);
  base_library::v1::GetResponse response;
  CHECK(base_library::v1::BaseLibrary::NewStub(channel)->Get(&context, {}, &response).ok());
}

TEST_CASE("The first call to a server that was away for long reaches it") {
  TestInstallation city;
  auto server = std::make_unique<TestServer>(city.server());
  const std::string address = server->rpc->address();
  const auto channel = server->Channel(city.Identity("psb", roles::kConsumer));
  REQUIRE(CallGet(channel).ok());
  server.reset();
  // Each repeats for more than a second: the pauses between the attempts to connect grow to their longest.
  for (int i = 0; i < 3; ++i) CHECK(CallGet(channel).error_code() == grpc::StatusCode::UNAVAILABLE);
  ScriptedLibrary library;
  library.on_get = [](const auto&, const auto&, auto*, const CallDone& done) { done(absl::OkStatus()); };
  const auto back =
      RpcServer::Start({.address = address, .identity_folder = city.server(), .services = {&library}});
  REQUIRE(back.ok());
  CHECK(CallGet(channel).ok());
}

}  // namespace
}  // namespace hangou
