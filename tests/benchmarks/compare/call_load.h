// Unary calls on one connection, so many at a time: the load that our services and a bare server are put under.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace grpc {
class ByteBuffer;
class Channel;
}  // namespace grpc

namespace hangou {

// Calls to make.
struct CallLoad {
  std::string method;  // "/hangou.base_library.v1.BaseLibrary/Get"
  // Serialized requests, sent in turn; at least one.
  std::vector<std::string> requests;
  int outstanding = 64;  // calls under way at the same time
  double seconds = 3;
};

// What came of them.
struct CallFigures {
  int64_t calls = 0;
  double per_second = 0;
  int64_t p50_us = 0;
  int64_t p99_us = 0;
  int64_t reply_bytes = 0;  // of the last call
};

// Calls again and again, and ends with the first error. The replies are taken as they come and not read: what they cost
// a program that uses them is the same for every server.
absl::StatusOr<CallFigures> RunCalls(const std::shared_ptr<grpc::Channel>& channel, const CallLoad& load);

// One call. The reply as bytes.
absl::StatusOr<std::string> CallOnce(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                                     const std::string& request);

// A stream of replies to one request. How many bytes came.
absl::StatusOr<int64_t> ReceiveStream(const std::shared_ptr<grpc::Channel>& channel,
                                      const std::string& method, const std::string& request);

}  // namespace hangou
