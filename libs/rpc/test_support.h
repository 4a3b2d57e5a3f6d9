// What the tests of this library share: an installation with certificates, and services that a test scripts.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "hangou/catalog/v1/catalog.grpc.pb.h"
#include "libs/base/caller.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/rpc/bidi_stream.h"
#include "libs/rpc/certificates.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/server.h"
#include "libs/rpc/server_stream.h"
#include "libs/rpc/unary.h"

namespace hangou {

// Longest wait of a test for something that has to happen; ample for a loaded machine.
constexpr int64_t kTestWaitMs = 50'000;

// A value that one thread waits for and another sets.
template <class T>
class Eventually {
 public:
  // Changes the value.
  void Update(const std::function<void(T&)>& change) {
    MutexLock lock(mutex_);
    change(value_);
    changed_.NotifyAll();
  }
  // Waits until `condition` holds, at most kTestWaitMs; whether it holds.
  bool Wait(const std::function<bool(const T&)>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTestWaitMs);
    MutexLock lock(mutex_);
    while (!condition(value_)) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      changed_.WaitFor(mutex_, 100);
    }
    return true;
  }
  // The value now.
  T Get() {
    MutexLock lock(mutex_);
    return value_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  T value_ HANGOU_GUARDED_BY(mutex_){};
};

// A CA with a server's identity, and identities of clients when asked for.
class TestInstallation {
 public:
  TestInstallation() {
    HANGOU_CHECK(MakeDevelopmentCa(folder_.path() + "/ca").ok(), "cannot make a CA");
    server_ = Identity("platform", roles::kService);
  }
  // The folder of an identity of this CA, made anew.
  std::string Identity(const std::string& department, std::string_view role, int valid_days = 1,
                       const std::string& trust_domain = kTrustDomain) {
    IdentityRequest request;
    request.trust_domain = trust_domain;
    request.department = department;
    request.role = std::string(role);
    request.workload = "test-app";
    request.valid_days = valid_days;
    const std::string out = folder_.path() + "/" + department + "-" + request.role + std::to_string(++count_);
    HANGOU_CHECK(IssueIdentity(ca(), request, out).ok(), "cannot issue an identity");
    return out;
  }
  // The server's identity folder, and the CA's.
  const std::string& server() const { return server_; }
  std::string ca() const { return folder_.path() + "/ca"; }
  const std::string& path() const { return folder_.path(); }

 private:
  TempFolder folder_;
  std::string server_;
  int count_ = 0;
};

// A base library whose Get and Publish a test scripts.
class ScriptedLibrary final : public base_library::v1::BaseLibrary::CallbackService {
 public:
  using Stream = BidiStream<base_library::v1::PublishRequest, base_library::v1::PublishResponse>;
  using OnGet = std::function<void(const Caller&, const base_library::v1::GetRequest&,
                                   base_library::v1::GetResponse*, CallDone)>;

  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context,
                                const base_library::v1::GetRequest* request,
                                base_library::v1::GetResponse* response) override {
    before_get(*context);
    grpc::ServerUnaryReactor* const reactor = HandleUnary(
        context, {roles::kConsumer, roles::kService}, [=, this](const Caller& caller, CallDone done) {
          on_get(caller, *request, response, std::move(done));
        });
    after_get();
    return reactor;
  }
  grpc::ServerBidiReactor<base_library::v1::PublishRequest, base_library::v1::PublishResponse>* Publish(
      grpc::CallbackServerContext* context) override {
    return Stream::Open(context, {roles::kPublisher}, on_publish);
  }
  grpc::ServerUnaryReactor* Scan(grpc::CallbackServerContext* context,
                                 const base_library::v1::ScanRequest* request,
                                 base_library::v1::ScanResponse* response) override {
    return HandleUnary(context, {roles::kService},
                       [=, this](const Caller&, const CallDone& done) { done(on_scan(*request, response)); });
  }

  std::function<void(const grpc::CallbackServerContext&)> before_get = [](const auto&) {};
  std::function<void()> after_get = [] {};
  OnGet on_get = [](const Caller&, const base_library::v1::GetRequest&, base_library::v1::GetResponse*,
                    const CallDone& done) { done(absl::OkStatus()); };
  std::function<absl::Status(const base_library::v1::ScanRequest&, base_library::v1::ScanResponse*)> on_scan =
      [](const auto& request, auto* response) {
        response->set_applied_end(request.partition());
        return absl::OkStatus();
      };
  Stream::OnRequest on_publish;
};

// A catalog whose WatchPolicy and RenewLease a test scripts.
class ScriptedCatalog final : public catalog::v1::Catalog::CallbackService {
 public:
  using Stream = ServerStream<catalog::v1::PolicyUpdate>;
  using OnRenew =
      std::function<absl::Status(const catalog::v1::RenewLeaseRequest&, catalog::v1::RenewLeaseResponse*)>;

  grpc::ServerUnaryReactor* RenewLease(grpc::CallbackServerContext* context,
                                       const catalog::v1::RenewLeaseRequest* request,
                                       catalog::v1::RenewLeaseResponse* response) override {
    return HandleUnary(context, {roles::kService}, [=, this](const Caller&, const CallDone& done) {
      done(on_renew(*request, response));
    });
  }
  grpc::ServerWriteReactor<catalog::v1::PolicyUpdate>* WatchPolicy(
      grpc::CallbackServerContext* context, const catalog::v1::WatchPolicyRequest*) override {
    return Stream::Open(context, {roles::kService}, on_watch);
  }

  OnRenew on_renew = [](const auto&, auto*) { return absl::OkStatus(); };
  Stream::Opened on_watch;
};

// A server with both.
struct TestServer {
  explicit TestServer(const std::string& identity) { Start(identity, "127.0.0.1:0"); }
  // Starts it at an address; again, where it was stopped.
  void Start(const std::string& identity, const std::string& address) {
    auto started =
        RpcServer::Start({.address = address, .identity_folder = identity, .services = {&library, &catalog}});
    HANGOU_CHECK(started.ok(), Message(started.status()));
    rpc = std::move(*started);
  }
  // A channel with the identity in `folder`.
  std::shared_ptr<grpc::Channel> Channel(const std::string& folder) const {
    auto channel = MakeChannel(rpc->address(), folder);
    HANGOU_CHECK(channel.ok(), Message(channel.status()));
    return *channel;
  }

  ScriptedLibrary library;
  ScriptedCatalog catalog;
  std::unique_ptr<RpcServer> rpc;  // last: it goes first
};

// Gives a call the tests' deadline.
inline void SetTestDeadline(grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(kTestWaitMs));
}

// Calls Get once over a channel.
inline grpc::Status CallGet(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  SetTestDeadline(&context);
  base_library::v1::GetResponse response;
  return base_library::v1::BaseLibrary::NewStub(channel)->Get(&context, {}, &response);
}

}  // namespace hangou
