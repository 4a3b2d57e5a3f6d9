// A base library that answers as a test says, over an in-process channel.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "libs/base/mutex.h"

namespace hangou {

// Thread-safe.
class LibraryForTest : public hangou::base_library::v1::BaseLibrary::Service {
 public:
  using Request = hangou::base_library::v1::PublishRequest;
  using Response = hangou::base_library::v1::PublishResponse;
  // What to do about the batch with this number, from 0, counted over all streams.
  struct Reaction {
    std::optional<Response> answer;
    std::optional<grpc::Status> end;  // of the stream, after the answer
  };
  using Script = std::function<Reaction(int number, const Request&)>;

  explicit LibraryForTest(Script script) : script_(std::move(script)) {
    grpc::ServerBuilder builder;
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~LibraryForTest() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::shared_ptr<grpc::Channel> channel() { return server_->InProcessChannel(grpc::ChannelArguments()); }
  // All batches received, in order.
  std::vector<Request> received() {
    MutexLock lock(mutex_);
    return received_;
  }
  int streams() {
    MutexLock lock(mutex_);
    return streams_;
  }

  // Every record accepted.
  static Response Accepted(const Request& request) {
    Response response;
    response.set_request_id(request.request_id());
    for (int i = 0; i < request.records_size(); ++i) {
      response.add_outcomes()->set_outcome(hangou::base_library::v1::OUTCOME_ACCEPTED);
    }
    return response;
  }
  // The batch as a whole refused.
  static Response Refused(const Request& request, const std::string& reason) {
    Response response;
    response.set_request_id(request.request_id());
    response.mutable_refused()->set_reason(reason);
    response.mutable_refused()->set_message("refused by the test");
    return response;
  }

 private:
  grpc::Status Publish(grpc::ServerContext*, grpc::ServerReaderWriter<Response, Request>* stream) override {
    {
      MutexLock lock(mutex_);
      ++streams_;
    }
    Request request;
    while (stream->Read(&request)) {
      const Reaction reaction = React(request);
      if (reaction.answer) stream->Write(*reaction.answer);
      if (reaction.end) return *reaction.end;
    }
    return grpc::Status::OK;
  }

  Reaction React(const Request& request) {
    MutexLock lock(mutex_);
    received_.push_back(request);
    return script_(static_cast<int>(received_.size()) - 1, request);
  }

  const Script script_;
  Mutex mutex_;
  std::vector<Request> received_ HANGOU_GUARDED_BY(mutex_);
  int streams_ HANGOU_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace hangou
