#include "libs/service/scrape_connection.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/rpc/certificates.h"

namespace hangou {
namespace {

// Of a request: Prometheus sends some hundred bytes.
constexpr size_t kHeadBytes = 8 << 10;
// What a peer may send behind its request, to be dropped before the connection is closed.
constexpr size_t kLingerBytes = 64 << 10;
constexpr char kHeadEnd[] = "\r\n\r\n";

absl::Status TlsError(const std::string& what) {
  ERR_clear_error();
  return MakeError(Reason::kCertificateInvalid, what);
}

absl::StatusOr<Caller> PeerOf(SSL* ssl) {
  const std::unique_ptr<X509, void (*)(X509*)> certificate(SSL_get1_peer_certificate(ssl), X509_free);
  if (certificate == nullptr) return TlsError("the peer has shown no certificate");
  return CallerOfCertificate(*certificate);
}

}  // namespace

absl::StatusOr<SslContext> MakeMutualTls(const std::string& identity_folder) {
  ASSIGN_OR_RETURN(const IdentityInfo info, ReadIdentityInfo(identity_folder));
  if (info.caller.role != roles::kService || info.not_after_us <= SystemClock().UtcUs()) {
    return TlsError(identity_folder + " is not a valid identity of the role service");
  }
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return TlsError("OpenSSL could not begin with TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  const std::string certificate = identity_folder + "/tls.crt";
  const std::string key = identity_folder + "/tls.key";
  const std::string ca = identity_folder + "/ca.crt";
  const bool loaded = SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) == 1 &&
                      SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) == 1 &&
                      SSL_CTX_check_private_key(context.get()) == 1 &&
                      SSL_CTX_load_verify_locations(context.get(), ca.c_str(), nullptr) == 1;
  if (!loaded) return TlsError("certificate, key and CA in " + identity_folder + " do not go together");
  return context;
}

ScrapeConnection::ScrapeConnection(SSL_CTX* tls, int socket, int64_t now_boot_us,
                                   const std::function<std::string()>& metrics,
                                   std::function<void(int code)> answered)
    : socket_(socket),
      begun_us_(now_boot_us),
      metrics_(metrics),
      answered_(std::move(answered)),
      ssl_(SSL_new(tls)) {
  if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), socket_) != 1) End();
}

ScrapeConnection::~ScrapeConnection() {
  if (phase_ == Phase::kHandshake) answered_(0);
  ssl_.reset();
  ::close(socket_);
}

ScrapeConnection::Needs ScrapeConnection::Step() {
  for (Phase before = Phase::kEnded; phase_ != before;) {
    before = phase_;
    needs_ = StepOnce();
  }
  return needs_;
}

ScrapeConnection::Needs ScrapeConnection::StepOnce() {
  ERR_clear_error();
  switch (phase_) {
    case Phase::kHandshake:
      return ShakeHands();
    case Phase::kRequest:
      return ReadRequest();
    case Phase::kAnswer:
      return WriteAnswer();
    case Phase::kLinger:
      return Linger();
    case Phase::kEnded:
      break;
  }
  return Needs::kNothing;
}

ScrapeConnection::Needs ScrapeConnection::ShakeHands() {
  const int result = SSL_accept(ssl_.get());
  if (result == 1) {
    phase_ = Phase::kRequest;
    return Needs::kRead;
  }
  const Needs needs = WaitOrEnd(result);
  if (needs == Needs::kNothing) answered_(0);
  return needs;
}

ScrapeConnection::Needs ScrapeConnection::ReadRequest() {
  char bytes[2048];
  int count = 0;
  while (head_.find(kHeadEnd) == std::string::npos && head_.size() <= kHeadBytes) {
    count = SSL_read(ssl_.get(), bytes, sizeof bytes);
    if (count <= 0) return WaitOrEnd(count);
    head_.append(bytes, static_cast<size_t>(count));
  }
  const size_t end = head_.find(kHeadEnd);
  ScrapeAnswer answer = end == std::string::npos ? HeadTooLarge()
                                                 : AnswerScrape(std::string_view(head_).substr(0, end + 4),
                                                                PeerOf(ssl_.get()), metrics_);
  answered_(answer.code);
  answer_ = std::move(answer.text);
  phase_ = Phase::kAnswer;
  return Needs::kWrite;
}

ScrapeConnection::Needs ScrapeConnection::WriteAnswer() {
  while (written_ < answer_.size()) {
    const int count =
        SSL_write(ssl_.get(), answer_.data() + written_, static_cast<int>(answer_.size() - written_));
    if (count <= 0) return WaitOrEnd(count);
    written_ += static_cast<size_t>(count);
  }
  SSL_shutdown(ssl_.get());
  ::shutdown(socket_, SHUT_WR);
  phase_ = Phase::kLinger;
  return Needs::kRead;
}

// Closed with something unread, the kernel would reset the connection, and the peer might lose the answer.
ScrapeConnection::Needs ScrapeConnection::Linger() {
  char bytes[4096];
  for (;;) {
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return Needs::kRead;
    if (count <= 0) return End();
    lingered_ += static_cast<size_t>(count);
    if (lingered_ > kLingerBytes) return End();
  }
}

ScrapeConnection::Needs ScrapeConnection::WaitOrEnd(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Needs::kRead;
    case SSL_ERROR_WANT_WRITE:
      return Needs::kWrite;
    default:
      return End();
  }
}

ScrapeConnection::Needs ScrapeConnection::End() {
  phase_ = Phase::kEnded;
  needs_ = Needs::kNothing;
  ERR_clear_error();
  return Needs::kNothing;
}

}  // namespace hangou
