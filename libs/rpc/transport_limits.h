// Limits of the transport, of servers and channels alike.
#pragma once

#include <cstddef>
#include <cstdint>

#include "libs/base/limits.h"

namespace hangou::limits {

// A message on the wire: the largest request (an Apply), and the largest update of the policy, with room for
// framing.
constexpr int kMessageBytes = static_cast<int>(kApplyBytes) + (1 << 20);
// A connection that says nothing is asked after this time, and closed where no answer comes: a peer that
// vanished without a word (a pulled cable) would else hold its streams for hours.
constexpr int kKeepaliveMs = 30'000;
constexpr int kKeepaliveAnswerMs = 10'000;
// A peer may ping so often, and so many times more often before it is cut: pings cost work and carry nothing.
constexpr int kPingIntervalMs = 10'000;
constexpr int kPingStrikes = 3;
// A connection without a call is closed after this time: it costs memory, and opening it again costs
// milliseconds.
constexpr int kConnectionIdleMs = 600'000;
// TCP accept to the end of the TLS handshake: slow peers must not gather as half-open connections.
constexpr int kHandshakeMs = 20'000;
// First and longest pause between attempts to connect: the longest is over within the repeats of a call (channel.cc),
// so that a server that is back is reached by the first call. And how long one attempt may take: a machine under full
// load needs seconds for a handshake.
constexpr int kReconnectFirstMs = 100;
constexpr int kReconnectMostMs = 1'000;
constexpr int kConnectMs = 20'000;
// A name is looked up again when a connection is lost, so often at most: a replica that comes back in a container has
// another address, and gRPC's own 30 s are longer than a lease.
constexpr int kLookUpMs = 1'000;
// Threads for the calls that gRPC's own reflection service blocks: a handful of people with grpcurl.
constexpr int kReflectionThreads = 16;
// What a caller that is told OVERLOADED should wait before it tries again: some group commits and apply
// rounds.
constexpr int64_t kRetryAfterMs = 500;

}  // namespace hangou::limits
