// The handlers of a base library, shared by all five: transport outside, libs/base_library inside.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "libs/base_library/library.h"
#include "libs/policy/policy_holder.h"
#include "libs/rpc/arena_messages.h"
#include "libs/rpc/hops.h"
#include "libs/rpc/unary.h"

namespace hangou {

// Serves the libraries of this process; a call goes to the library that holds its resource, and to the replica that
// owns the partition: here, or passed on once to another one. Thread-safe. The libraries, the policy and the hops
// must outlive it; shut the server down before it goes.
class BaseLibraryService final : public hangou::base_library::v1::BaseLibrary::CallbackService {
 public:
  // `hops` passes calls on to other replicas and accepts theirs; null where there are none.
  BaseLibraryService(std::vector<Library*> libraries, const PolicyHolder& policy, const Hops* hops = nullptr);

  // From now on every call answers DRAINING; those under way end.
  void Drain() { draining_ = true; }

  grpc::ServerBidiReactor<hangou::base_library::v1::PublishRequest,
                          hangou::base_library::v1::PublishResponse>*
  Publish(grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context,
                                const hangou::base_library::v1::GetRequest* request,
                                hangou::base_library::v1::GetResponse* response) override;
  grpc::ServerUnaryReactor* BatchGet(grpc::CallbackServerContext* context,
                                     const hangou::base_library::v1::BatchGetRequest* request,
                                     hangou::base_library::v1::BatchGetResponse* response) override;
  grpc::ServerUnaryReactor* List(grpc::CallbackServerContext* context,
                                 const hangou::base_library::v1::ListRequest* request,
                                 hangou::base_library::v1::ListResponse* response) override;
  grpc::ServerUnaryReactor* Verify(grpc::CallbackServerContext* context,
                                   const hangou::base_library::v1::VerifyRequest* request,
                                   hangou::base_library::v1::VerifyResponse* response) override;
  grpc::ServerUnaryReactor* Delete(grpc::CallbackServerContext* context,
                                   const hangou::base_library::v1::DeleteRequest* request,
                                   hangou::base_library::v1::PublishResponse* response) override;
  grpc::ServerUnaryReactor* GetHistory(grpc::CallbackServerContext* context,
                                       const hangou::base_library::v1::GetHistoryRequest* request,
                                       hangou::base_library::v1::GetHistoryResponse* response) override;
  grpc::ServerUnaryReactor* Recall(grpc::CallbackServerContext* context,
                                   const hangou::base_library::v1::RecallRequest* request,
                                   hangou::base_library::v1::PublishResponse* response) override;
  grpc::ServerUnaryReactor* Erase(grpc::CallbackServerContext* context,
                                  const hangou::base_library::v1::EraseRequest* request,
                                  hangou::base_library::v1::PublishResponse* response) override;
  grpc::ServerUnaryReactor* Withdraw(grpc::CallbackServerContext* context,
                                     const hangou::base_library::v1::PublishRequest* request,
                                     hangou::base_library::v1::PublishResponse* response) override;
  grpc::ServerUnaryReactor* CompleteReplace(
      grpc::CallbackServerContext* context, const hangou::base_library::v1::CompleteReplaceRequest* request,
      hangou::base_library::v1::CompleteReplaceResponse* response) override;
  grpc::ServerUnaryReactor* Reconcile(grpc::CallbackServerContext* context,
                                      const hangou::base_library::v1::ReconcileRequest* request,
                                      hangou::base_library::v1::ReconcileResponse* response) override;
  grpc::ServerUnaryReactor* ListQuarantine(
      grpc::CallbackServerContext* context, const hangou::base_library::v1::ListQuarantineRequest* request,
      hangou::base_library::v1::ListQuarantineResponse* response) override;
  grpc::ServerUnaryReactor* GetQuality(grpc::CallbackServerContext* context,
                                       const hangou::base_library::v1::GetQualityRequest* request,
                                       hangou::base_library::v1::GetQualityResponse* response) override;
  grpc::ServerUnaryReactor* Scan(grpc::CallbackServerContext* context,
                                 const hangou::base_library::v1::ScanRequest* request,
                                 hangou::base_library::v1::ScanResponse* response) override;
  grpc::ServerUnaryReactor* Submit(grpc::CallbackServerContext* context,
                                   const hangou::base_library::v1::SubmitRequest* request,
                                   hangou::base_library::v1::SubmitResponse* response) override;

 private:
  template <class Request, class Response>
  using LibraryMethod = void (Library::*)(const Caller&, const Request&, Response*, Library::Done);
  template <class Request, class Response>
  using StubMethod = void (hangou::base_library::v1::BaseLibrary::StubInterface::async_interface::*)(
      grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>);
  // The partition that decides where a call goes.
  template <class Request>
  using PartitionOfCall = absl::StatusOr<int32_t> (*)(const Library&, const Caller&, const Request&);

  // The library that is to answer a call about `resource`. A resource that nobody knows goes to the first one, which
  // refuses it and audits that. DRAINING while the service drains.
  absl::StatusOr<Library*> Route(const std::string& resource) const;
  absl::StatusOr<Library*> Route(uint32_t resource_number) const;
  // Answers a call here, or has the owner of its partition answer it.
  template <class Request, class Response>
  grpc::ServerUnaryReactor* Serve(grpc::CallbackServerContext* context,
                                  std::initializer_list<std::string_view> roles, const Request* request,
                                  Response* response, LibraryMethod<Request, Response> method,
                                  StubMethod<Request, Response> forward,
                                  PartitionOfCall<Request> partition_of);
  // Answers a provider's call here: a replica has copies of all that it needs.
  template <class Request, class Response>
  grpc::ServerUnaryReactor* ServeHere(grpc::CallbackServerContext* context, const Request* request,
                                      Response* response, LibraryMethod<Request, Response> method);
  // Has the replica at `owner` answer, and hands its answer over under the policy of this one.
  template <class Request, class Response>
  void PassOn(const std::string& owner, const Caller& caller, int64_t timeout_ms,
              StubMethod<Request, Response> forward, const Request* request, Response* response, int attempts,
              CallDone done);

  ArenaMessages<hangou::base_library::v1::GetRequest, hangou::base_library::v1::GetResponse> get_messages_;
  ArenaMessages<hangou::base_library::v1::BatchGetRequest, hangou::base_library::v1::BatchGetResponse>
      batch_get_messages_;
  ArenaMessages<hangou::base_library::v1::ListRequest, hangou::base_library::v1::ListResponse> list_messages_;
  const std::map<std::string, Library*> libraries_;
  const PolicyHolder& policy_;
  const Hops* const hops_;
  std::atomic<bool> draining_{false};
};

}  // namespace hangou
