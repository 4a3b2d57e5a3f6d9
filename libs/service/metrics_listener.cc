#include "libs/service/metrics_listener.h"

#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/service/scrape_connection.h"

namespace hangou {
namespace {

// Some Prometheus servers and people; each is done within milliseconds.
constexpr size_t kConnections = 16;
constexpr int64_t kConnectionUs = 10 * kUsPerSecond;
// After a connection could not be accepted for want of descriptors or memory.
constexpr int64_t kAcceptAgainUs = 200 * kUsPerMs;
// Deadlines are looked at so often.
constexpr int kDeadlinesLookMs = 200;

absl::Status CannotListen(const std::string& address, const char* why) {
  return absl::UnavailableError("cannot listen for metrics on " + address + ": " + why);
}

// A listening socket on HOST:PORT, which does not block.
absl::StatusOr<int> OpenListeningSocket(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return CannotListen(address, "give HOST:PORT");
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found);
      error != 0) {
    return CannotListen(address, ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  const int listening = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listening < 0) return CannotListen(address, std::strerror(errno));
  const int on = 1;
  ::setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listening, found->ai_addr, found->ai_addrlen) != 0 || ::listen(listening, kConnections) != 0) {
    const int error = errno;
    ::close(listening);
    return CannotListen(address, std::strerror(error));
  }
  return listening;
}

// HOST:PORT with the port that the socket has.
std::string AddressOf(int listening, const std::string& asked) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  std::array<char, NI_MAXSERV> port{};
  const bool known = ::getsockname(listening, reinterpret_cast<sockaddr*>(&bound), &size) == 0 &&
                     ::getnameinfo(reinterpret_cast<sockaddr*>(&bound), size, nullptr, 0, port.data(),
                                   port.size(), NI_NUMERICSERV) == 0;
  return known ? asked.substr(0, asked.rfind(':') + 1) + port.data() : asked;
}

short EventsOf(const ScrapeConnection& connection) {
  return connection.needs() == ScrapeConnection::Needs::kWrite ? POLLOUT : POLLIN;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsListener>> MetricsListener::Start(const std::string& address,
                                                                        const std::string& identity_folder,
                                                                        MetricsRegistry& registry) {
  ASSIGN_OR_RETURN(SslContext tls, MakeMutualTls(identity_folder));
  ASSIGN_OR_RETURN(const int listening, OpenListeningSocket(address));
  const int wake = ::eventfd(0, EFD_CLOEXEC);
  HANGOU_CHECK(wake >= 0, "eventfd");
  return std::unique_ptr<MetricsListener>(
      new MetricsListener(std::move(tls), listening, wake, AddressOf(listening, address), registry));
}

MetricsListener::MetricsListener(std::shared_ptr<ssl_ctx_st> tls, int socket, int wake, std::string address,
                                 MetricsRegistry& registry)
    : tls_(std::move(tls)),
      socket_(socket),
      wake_(wake),
      address_(std::move(address)),
      text_([&registry] { return registry.Text(); }),
      thread_([this] { Serve(); }),
      source_(registry.Add([this](MetricsPage& page) { Collect(page); })) {}

MetricsListener::~MetricsListener() {
  ::eventfd_write(wake_, 1);
  thread_.join();
  connections_.clear();
  ::close(socket_);
  ::close(wake_);
}

void MetricsListener::Serve() {
  // OpenSSL writes without MSG_NOSIGNAL: a peer that has gone is an error, not the end of the process.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  std::vector<pollfd> polled;
  for (;;) {
    const int64_t begun_us = SystemClock().BootUs();
    const bool accepts = begun_us >= accept_again_us_;
    polled = {{wake_, POLLIN, 0}, {accepts ? socket_ : -1, POLLIN, 0}};
    for (const auto& connection : connections_)
      polled.push_back({connection->socket(), EventsOf(*connection), 0});
    // Where nothing is open, nothing has a deadline.
    ::poll(polled.data(), polled.size(), accepts && connections_.empty() ? -1 : kDeadlinesLookMs);
    if (polled[0].revents != 0) return;
    const int64_t now_us = SystemClock().BootUs();
    StepReady(now_us);
    if (polled[1].revents != 0) AcceptOne(now_us);
  }
}

// Steps all: there are few, and one that has nothing to do says so at once.
void MetricsListener::StepReady(int64_t now_us) {
  std::erase_if(connections_, [&](const std::unique_ptr<ScrapeConnection>& connection) {
    return connection->Step() == ScrapeConnection::Needs::kNothing ||
           now_us - connection->begun_us() > kConnectionUs;
  });
}

bool MetricsListener::MakeRoom() {
  if (connections_.size() < kConnections) return true;
  // They stand in the order of their acceptance.
  const auto oldest = std::find_if(connections_.begin(), connections_.end(),
                                   [](const auto& connection) { return connection->is_shaking_hands(); });
  if (oldest == connections_.end()) return false;
  connections_.erase(oldest);
  return true;
}

void MetricsListener::AcceptOne(int64_t now_us) {
  if (!MakeRoom()) {
    accept_again_us_ = now_us + kAcceptAgainUs;
    return;
  }
  const int accepted = ::accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted < 0) {
    const bool gone = errno == EAGAIN || errno == ECONNABORTED || errno == EINTR || errno == EPROTO;
    if (!gone) accept_again_us_ = now_us + kAcceptAgainUs;
    return;
  }
  connections_.push_back(std::make_unique<ScrapeConnection>(tls_.get(), accepted, now_us, text_,
                                                            [this](int code) { Count(code); }));
}

void MetricsListener::Count(int code) {
  MutexLock lock(mutex_);
  ++answers_[code];
}

void MetricsListener::Collect(MetricsPage& page) {
  MutexLock lock(mutex_);
  for (const auto& [code, count] : answers_) {
    page.Counter("hangou_metrics_requests_total",
                 "Requests for metrics, by the code of HTTP; HANDSHAKE where TLS has refused the peer.",
                 {{MetricLabel::kCode, code == 0 ? "HANDSHAKE" : std::to_string(code)}},
                 static_cast<double>(count));
  }
}

}  // namespace hangou
