// One Publish stream: sends requests one after the other and collects answers. Part of the publisher.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "libs/base/mutex.h"

namespace hangou {

// Thread-safe. Requests handed to Send stay alive and unchanged until they are answered or the stream is
// destroyed. Destruction cancels the call and waits until the transport has let go of it.
class PublishStream : private grpc::ClientBidiReactor<hangou::base_library::v1::PublishRequest,
                                                      hangou::base_library::v1::PublishResponse> {
 public:
  // What has arrived since the last look.
  struct Events {
    std::vector<hangou::base_library::v1::PublishResponse> answers;
    std::optional<absl::Status> ended;  // the call is over
  };

  explicit PublishStream(const std::shared_ptr<grpc::Channel>& channel);
  ~PublishStream() override;

  // Sends a request behind those handed in before. Does not wait.
  void Send(const hangou::base_library::v1::PublishRequest* request);
  // Waits until something has arrived, at most `timeout_ms` milliseconds.
  Events Wait(int64_t timeout_ms);

 private:
  void OnWriteDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  void LetGo();

  const std::unique_ptr<hangou::base_library::v1::BaseLibrary::Stub> stub_;
  grpc::ClientContext context_;
  hangou::base_library::v1::PublishResponse incoming_;  // the transport's, between StartRead and OnReadDone
  Mutex mutex_;
  CondVar changed_;
  std::deque<const hangou::base_library::v1::PublishRequest*> outgoing_ HANGOU_GUARDED_BY(mutex_);
  bool writing_ HANGOU_GUARDED_BY(mutex_) = false;
  bool broken_ HANGOU_GUARDED_BY(mutex_) = false;  // no more requests go out
  bool held_ HANGOU_GUARDED_BY(mutex_) = true;     // the call stays open for requests of ours
  Events arrived_ HANGOU_GUARDED_BY(mutex_);
  bool done_ HANGOU_GUARDED_BY(mutex_) = false;
};

}  // namespace hangou
