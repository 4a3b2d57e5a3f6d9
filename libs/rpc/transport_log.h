// What gRPC says of itself, sorted: refused handshakes are counted and logged, errors are passed on, the rest
// is dropped. gRPC has no hook for a refused handshake; its log is the only place where one shows.
#pragma once

#include <cstdint>

namespace hangou {

// Takes gRPC's log over, for the whole process. Idempotent, thread-safe; RpcServer::Start calls it.
void InstallTransportLog();

// Handshakes that the servers of this process have refused, or that failed there, since the start of the
// process: no certificate, of a foreign CA, expired, or no TLS at all. Each is also logged by one line that
// names the cause, at most one line a second, which then tells how many more there were.
uint64_t HandshakeFailures();

}  // namespace hangou
