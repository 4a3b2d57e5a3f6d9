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

namespace hangou {

// Serves the libraries of this process; a call goes to the library that holds its resource. Thread-safe. The
// libraries and the policy must outlive it; shut the server down before it goes.
class BaseLibraryService final : public hangou::base_library::v1::BaseLibrary::CallbackService {
 public:
  BaseLibraryService(std::vector<Library*> libraries, const PolicyHolder& policy);

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
  grpc::ServerUnaryReactor* Scan(grpc::CallbackServerContext* context,
                                 const hangou::base_library::v1::ScanRequest* request,
                                 hangou::base_library::v1::ScanResponse* response) override;

 private:
  // The library that is to answer a call about `resource`. A resource that nobody knows goes to the first one, which
  // refuses it and audits that. DRAINING while the service drains.
  absl::StatusOr<Library*> Route(const std::string& resource) const;
  absl::StatusOr<Library*> Route(uint32_t resource_number) const;
  template <class Request, class Response>
  grpc::ServerUnaryReactor* Forward(grpc::CallbackServerContext* context,
                                    std::initializer_list<std::string_view> roles, const Request* request,
                                    Response* response,
                                    void (Library::*method)(const Caller&, const Request&, Response*,
                                                            Library::Done));

  const std::map<std::string, Library*> libraries_;
  const PolicyHolder& policy_;
  std::atomic<bool> draining_{false};
};

}  // namespace hangou
