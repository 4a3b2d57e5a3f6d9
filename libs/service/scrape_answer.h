// What is answered to a request for metrics: HTTP/1.1, without sockets.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/base/caller.h"

namespace hangou {

// An answer, whole: the connection is closed behind it.
struct ScrapeAnswer {
  int code = 0;      // HTTP's
  std::string text;  // as it goes over the wire
};

// Answers a request that begins with `head`: everything up to and including the empty line. `caller` is who asks, by
// the peer's certificate, or why that does not count as one. 200 with what `metrics` returns for GET /metrics of an
// operator or a service of the platform; 403 for everybody else, whatever they ask for; 400, 404, 405 and 505 as
// HTTP has them. A body is not read.
ScrapeAnswer AnswerScrape(std::string_view head, const absl::StatusOr<Caller>& caller,
                          const std::function<std::string()>& metrics);

// The answer where the head is longer than what is read of it: 431.
ScrapeAnswer HeadTooLarge();

}  // namespace hangou
