// Ed25519 signatures (RFC 8032), with public keys as PEM, so that anyone can check them with common tools.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hangou {

// Bytes of a private key (its seed), of a public key, and of a signature.
constexpr size_t kSigningSeedBytes = 32;
constexpr size_t kPublicKeyBytes = 32;
constexpr size_t kSignatureBytes = 64;

// The public key of a seed.
std::string Ed25519PublicKey(std::string_view seed);
// The signature of a message.
std::string Ed25519Sign(std::string_view seed, std::string_view message);
// True where `signature` is the holder's of the private key for this message; false for anything else.
bool Ed25519Verify(std::string_view public_key, std::string_view message, std::string_view signature);

// A public key as "-----BEGIN PUBLIC KEY-----" (RFC 8410).
std::string PublicKeyPem(std::string_view public_key);
// The public keys in a text of such blocks; INVALID_REQUEST where there is none, or another kind of key.
absl::StatusOr<std::vector<std::string>> PublicKeysFromPem(const std::string& text);

}  // namespace hangou
