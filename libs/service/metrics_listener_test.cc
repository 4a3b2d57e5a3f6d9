#include "libs/service/metrics_listener.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/rpc/certificates.h"
#include "libs/service/scrape_connection.h"

namespace hangou {
namespace {

// Longest wait of a test; ample for a loaded machine.
constexpr int kPatienceMs = 20'000;

// A CA, and a listener with a metric.
struct Scraped {
  Scraped() {
    HANGOU_CHECK(MakeDevelopmentCa(ca()).ok(), "cannot make a CA");
    auto started = MetricsListener::Start("127.0.0.1:0", Identity("platform", roles::kService), registry);
    HANGOU_CHECK(started.ok(), Message(started.status()));
    listener = std::move(*started);
  }
  std::string ca() const { return folder.path() + "/ca"; }
  std::string Identity(const std::string& department, std::string_view role, int valid_days = 1,
                       std::string ca_folder = "") {
    IdentityRequest request;
    request.department = department;
    request.role = std::string(role);
    request.workload = "test";
    request.valid_days = valid_days;
    const std::string out = folder.path() + "/" + std::to_string(++identities);
    HANGOU_CHECK(IssueIdentity(ca_folder.empty() ? ca() : ca_folder, request, out).ok(), "cannot issue");
    return out;
  }
  bool Counts(const std::string& code, int count) {
    return registry.Text().find("hangou_metrics_requests_total{code=\"" + code + "\"} " +
                                std::to_string(count) + "\n") != std::string::npos;
  }

  TempFolder folder;
  int identities = 0;
  MetricsRegistry registry;
  MetricsRegistry::Source source =
      registry.Add([](MetricsPage& page) { page.Gauge("hangou_test_value", "A value.", {}, 42); });
  std::unique_ptr<MetricsListener> listener;
};

// A client's socket, connected to HOST:PORT.
class Connected {
 public:
  explicit Connected(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str())));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{kPatienceMs / 1000, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    HANGOU_CHECK(::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0, "connect");
  }
  ~Connected() { ::close(socket_); }
  Connected(const Connected&) = delete;
  Connected& operator=(const Connected&) = delete;
  int get() const { return socket_; }
  // True where the other side closes before `timeout_ms`.
  bool IsClosedWithin(int timeout_ms) const {
    pollfd polled{socket_, POLLIN, 0};
    char byte = 0;
    return ::poll(&polled, 1, timeout_ms) == 1 && ::recv(socket_, &byte, 1, MSG_PEEK) <= 0;
  }

 private:
  const int socket_;
};

// What comes back for `request`, or empty where TLS is refused. `identity` may be empty: no certificate is shown then.
std::string Fetch(const std::string& address, const std::string& identity, const std::string& request,
                  int max_tls = TLS1_3_VERSION) {
  const SslContext context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), max_tls);
  SSL_CTX_set_security_level(context.get(), 0);
  if (!identity.empty()) {
    SSL_CTX_use_certificate_file(context.get(), (identity + "/tls.crt").c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context.get(), (identity + "/tls.key").c_str(), SSL_FILETYPE_PEM);
  }
  const Connected connected(address);
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
  SSL_set_fd(ssl.get(), connected.get());
  if (SSL_connect(ssl.get()) != 1) return "";
  if (SSL_write(ssl.get(), request.data(), static_cast<int>(request.size())) <= 0) return "";
  std::string answer;
  char bytes[4096];
  for (int count = 0; (count = SSL_read(ssl.get(), bytes, sizeof bytes)) > 0;) {
    answer.append(bytes, static_cast<size_t>(count));
  }
  return answer;
}

const std::string kScrape = "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n";

bool HasCode(const std::string& answer, int code) {
  return answer.rfind("HTTP/1.1 " + std::to_string(code) + " ", 0) == 0;
}

}  // namespace

TEST_CASE("An operator scrapes, over TLS 1.2 and 1.3, again and again") {
  Scraped scraped;
  const std::string identity = scraped.Identity("platform", roles::kOperator);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION, TLS1_3_VERSION}) {
    const std::string answer = Fetch(scraped.listener->address(), identity, kScrape, version);
    CHECK(HasCode(answer, 200));
    CHECK(answer.find("\nhangou_test_value 42\n") != std::string::npos);
  }
  CHECK(scraped.Counts("200", 3));
}

TEST_CASE("Nobody else does") {
  Scraped scraped;
  const std::string& address = scraped.listener->address();
  CHECK(HasCode(Fetch(address, scraped.Identity("tax", roles::kConsumer), kScrape), 403));
  CHECK(HasCode(Fetch(address, scraped.Identity("platform", roles::kManager), kScrape), 403));
  CHECK(scraped.Counts("403", 2));
  // In the handshake: no certificate, an expired one, one of another CA, an old TLS, no TLS.
  CHECK(Fetch(address, "", kScrape).empty());
  CHECK(Fetch(address, scraped.Identity("platform", roles::kOperator, -1), kScrape).empty());
  const std::string other_ca = scraped.folder.path() + "/other";
  REQUIRE(MakeDevelopmentCa(other_ca).ok());
  CHECK(Fetch(address, scraped.Identity("platform", roles::kOperator, 1, other_ca), kScrape).empty());
  CHECK(Fetch(address, scraped.Identity("platform", roles::kOperator), kScrape, TLS1_1_VERSION).empty());
  const Connected plain(address);
  REQUIRE(::send(plain.get(), kScrape.data(), kScrape.size(), MSG_NOSIGNAL) > 0);
  CHECK(plain.IsClosedWithin(kPatienceMs));
  CHECK(scraped.Counts("HANDSHAKE", 5));
}

TEST_CASE("A request that has no end is refused") {
  Scraped scraped;
  const std::string endless = "GET /metrics HTTP/1.1\r\nX: " + std::string(9000, 'x');
  const std::string identity = scraped.Identity("platform", roles::kOperator);
  CHECK(HasCode(Fetch(scraped.listener->address(), identity, endless), 431));
  CHECK(HasCode(Fetch(scraped.listener->address(), identity,
                      "POST /metrics HTTP/1.1\r\n\r\n" + std::string(20'000, 'x')),
                405));
}

TEST_CASE("Those who say nothing take no room from those who do, and are cut after a while") {
  Scraped scraped;
  const std::string identity = scraped.Identity("platform", roles::kOperator);
  std::vector<std::unique_ptr<Connected>> silent;
  for (int i = 0; i < 40; ++i) silent.push_back(std::make_unique<Connected>(scraped.listener->address()));
  CHECK(HasCode(Fetch(scraped.listener->address(), identity, kScrape), 200));
  const int64_t begun_us = SystemClock().BootUs();
  CHECK(silent.front()->IsClosedWithin(kPatienceMs));
  CHECK(silent.back()->IsClosedWithin(kPatienceMs));
  CHECK(SystemClock().BootUs() - begun_us < 15 * kUsPerSecond);
}

TEST_CASE("It ends with open connections, and its port is free again") {
  Scraped scraped;
  const std::string address = scraped.listener->address();
  const Connected open(address);
  scraped.listener.reset();
  CHECK(open.IsClosedWithin(kPatienceMs));
  const std::string identity = scraped.Identity("platform", roles::kService);
  const auto again = MetricsListener::Start(address, identity, scraped.registry);
  REQUIRE(again.ok());
  CHECK((*again)->address() == address);
  const auto taken = MetricsListener::Start(address, identity, scraped.registry);
  CHECK(absl::IsUnavailable(taken.status()));
}

TEST_CASE("Only a valid identity of a service listens, and only on an address that is one") {
  Scraped scraped;
  const auto start = [&](const std::string& address, const std::string& identity) {
    return MetricsListener::Start(address, identity, scraped.registry).status();
  };
  CHECK(ReasonOf(start("127.0.0.1:0", scraped.Identity("platform", roles::kOperator))) ==
        Reason::kCertificateInvalid);
  CHECK(ReasonOf(start("127.0.0.1:0", scraped.Identity("platform", roles::kService, -1))) ==
        Reason::kCertificateInvalid);
  CHECK_FALSE(start("127.0.0.1:0", scraped.folder.path()).ok());
  const std::string identity = scraped.Identity("platform", roles::kService);
  CHECK(absl::IsUnavailable(start("nonsense", identity)));
  CHECK(absl::IsUnavailable(start("no.such.host.invalid:1", identity)));
  CHECK(start("[::1]:0", identity).code() != absl::StatusCode::kInternal);  // a machine may have no IPv6
}

}  // namespace hangou
