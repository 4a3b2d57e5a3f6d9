#include "libs/service/scrape_answer.h"

#include <algorithm>

#include "libs/base/status.h"

namespace hangou {
namespace {

constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kPlainType[] = "text/plain; charset=utf-8";

ScrapeAnswer MakeAnswer(int code, std::string_view phrase, std::string_view type, std::string_view body,
                        std::string_view more_headers = "") {
  ScrapeAnswer answer{code, "HTTP/1.1 " + std::to_string(code) + " "};
  answer.text.append(phrase).append("\r\nContent-Type: ").append(type);
  answer.text.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  answer.text.append("\r\nConnection: close\r\nCache-Control: no-store\r\n").append(more_headers);
  answer.text.append("\r\n").append(body);
  return answer;
}

ScrapeAnswer Refuse(int code, std::string_view phrase, const std::string& why,
                    std::string_view more_headers = "") {
  return MakeAnswer(code, phrase, kPlainType, why + "\n", more_headers);
}

// "METHOD TARGET VERSION" of the first line; empty parts where it is not of that form.
struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

RequestLine ParseRequestLine(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return {};
  RequestLine parts{line.substr(0, first), line.substr(first + 1, last - first - 1), line.substr(last + 1)};
  const auto is_visible = [](char c) { return c > ' ' && c < 127; };
  const bool well_formed = !parts.method.empty() && !parts.target.empty() &&
                           std::all_of(parts.method.begin(), parts.method.end(), is_visible) &&
                           std::all_of(parts.target.begin(), parts.target.end(), is_visible);
  return well_formed ? parts : RequestLine{};
}

}  // namespace

ScrapeAnswer AnswerScrape(std::string_view head, const absl::StatusOr<Caller>& caller,
                          const std::function<std::string()>& metrics) {
  if (!caller.ok()) return Refuse(403, "Forbidden", std::string(Message(caller.status())));
  if (caller->role != roles::kOperator && caller->role != roles::kService) {
    return Refuse(403, "Forbidden", "metrics are for the roles operator and service, not " + caller->role);
  }
  const RequestLine line = ParseRequestLine(head);
  if (line.version.substr(0, 5) != "HTTP/") return Refuse(400, "Bad Request", "this is no HTTP request");
  if (line.version != "HTTP/1.1" && line.version != "HTTP/1.0") {
    return Refuse(505, "HTTP Version Not Supported", "speak HTTP/1.1");
  }
  if (line.target.substr(0, line.target.find('?')) != "/metrics") {
    return Refuse(404, "Not Found", "there is nothing but /metrics");
  }
  if (line.method != "GET") return Refuse(405, "Method Not Allowed", "use GET", "Allow: GET\r\n");
  return MakeAnswer(200, "OK", kMetricsType, metrics());
}

ScrapeAnswer HeadTooLarge() {
  return Refuse(431, "Request Header Fields Too Large", "a request has at most 8 KiB");
}

}  // namespace hangou
