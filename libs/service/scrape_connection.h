// One connection of the metrics listener: TLS and the order of things, driven by whoever polls its socket.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/service/scrape_answer.h"

namespace hangou {

struct SslContextFreer {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextFreer>;

// The server's side of mutual TLS with an identity (libs/rpc/certificates.h): TLS 1.2 or later, and a peer without a
// certificate of the installation's CA is refused in the handshake. CERTIFICATE_INVALID where the identity is not of
// the role service, or has expired.
absl::StatusOr<SslContext> MakeMutualTls(const std::string& identity_folder);

// A connection from its acceptance to its end: handshake, one request, its answer. Never blocks. Not thread-safe.
class ScrapeConnection {
 public:
  // What it waits for.
  enum class Needs { kRead, kWrite, kNothing };

  // Takes over `socket`, which does not block. `answered` is told the code of the answer, 0 for a refused handshake.
  ScrapeConnection(SSL_CTX* tls, int socket, int64_t now_boot_us, const std::function<std::string()>& metrics,
                   std::function<void(int code)> answered);
  ~ScrapeConnection();
  ScrapeConnection(const ScrapeConnection&) = delete;
  ScrapeConnection& operator=(const ScrapeConnection&) = delete;

  // Goes on as far as it can. kNothing: it has ended.
  Needs Step();
  // What the last step said.
  Needs needs() const { return needs_; }
  int socket() const { return socket_; }
  // When it was accepted, boot clock.
  int64_t begun_us() const { return begun_us_; }
  // True until the peer has shown its certificate.
  bool is_shaking_hands() const { return phase_ == Phase::kHandshake; }

 private:
  enum class Phase { kHandshake, kRequest, kAnswer, kLinger, kEnded };

  Needs StepOnce();
  Needs ShakeHands();
  Needs ReadRequest();
  Needs WriteAnswer();
  Needs Linger();
  // What OpenSSL waits for; ends where it waits for nothing.
  Needs WaitOrEnd(int result);
  Needs End();

  struct SslFreer {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  const int socket_;
  const int64_t begun_us_;
  const std::function<std::string()>& metrics_;
  const std::function<void(int code)> answered_;
  std::unique_ptr<SSL, SslFreer> ssl_;
  Phase phase_ = Phase::kHandshake;
  Needs needs_ = Needs::kRead;
  std::string head_;
  std::string answer_;
  size_t written_ = 0;
  size_t lingered_ = 0;  // bytes of the peer that were dropped
};

}  // namespace hangou
