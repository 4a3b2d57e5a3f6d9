#include "libs/service/scrape_answer.h"

#include <catch2/catch.hpp>

#include "libs/base/status.h"

namespace hangou {
namespace {

absl::StatusOr<Caller> CallerWithRole(std::string_view role) {
  Caller caller;
  caller.department = "platform";
  caller.role = std::string(role);
  return caller;
}

ScrapeAnswer AnswerTo(const std::string& head, const absl::StatusOr<Caller>& caller) {
  return AnswerScrape(head, caller, [] { return std::string("hangou_test 1\n"); });
}

const std::string kGetMetrics = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace

TEST_CASE("Operators and services get the metrics, whole and with their length") {
  for (const std::string_view role : {roles::kOperator, roles::kService}) {
    const ScrapeAnswer answer = AnswerTo(kGetMetrics, CallerWithRole(role));
    CHECK(answer.code == 200);
    CHECK(answer.text.rfind("HTTP/1.1 200 OK\r\n", 0) == 0);
    CHECK(answer.text.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
          std::string::npos);
    CHECK(answer.text.find("\r\nContent-Length: 14\r\n") != std::string::npos);
    CHECK(answer.text.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(answer.text.substr(answer.text.find("\r\n\r\n") + 4) == "hangou_test 1\n");
  }
}

TEST_CASE("Every other certificate is refused, whatever it asks for") {
  for (const std::string_view role :
       {roles::kPublisher, roles::kConsumer, roles::kManager, roles::kAuditor}) {
    CHECK(AnswerTo(kGetMetrics, CallerWithRole(role)).code == 403);
    CHECK(AnswerTo("GET /elsewhere HTTP/1.1\r\n\r\n", CallerWithRole(role)).code == 403);
    CHECK(AnswerTo("nonsense\r\n\r\n", CallerWithRole(role)).code == 403);
  }
  const auto answer =
      AnswerTo(kGetMetrics, MakeError(Reason::kCertificateInvalid, "of another trust domain"));
  CHECK(answer.code == 403);
  CHECK(answer.text.find("hangou_test") == std::string::npos);
}

TEST_CASE("What is not GET /metrics is told so") {
  const auto sample = GENERATE(table<std::string, int>({
      {"GET /metrics?collect=all HTTP/1.1\r\n\r\n", 200},
      {"GET /metrics HTTP/1.0\r\n\r\n", 200},
      {"GET / HTTP/1.1\r\n\r\n", 404},
      {"GET /metrics/ HTTP/1.1\r\n\r\n", 404},
      {"GET /../metrics HTTP/1.1\r\n\r\n", 404},
      {"POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\n", 405},
      {"HEAD /metrics HTTP/1.1\r\n\r\n", 405},
      {"GET /metrics HTTP/2.0\r\n\r\n", 505},
      {"GET /metrics\r\n\r\n", 400},
      {"GET  HTTP/1.1\r\n\r\n", 400},
      {" /metrics HTTP/1.1\r\n\r\n", 400},
      {"GET /metrics x HTTP/1.1\r\n\r\n", 400},
      {"GET /met\x01rics HTTP/1.1\r\n\r\n", 400},
      {"GET /metrics SPDY/3\r\n\r\n", 400},
      {"\r\n\r\n", 400},
      {"", 400},
  }));
  INFO(std::get<0>(sample));
  CHECK(AnswerTo(std::get<0>(sample), CallerWithRole(roles::kOperator)).code == std::get<1>(sample));
}

}  // namespace hangou
