// The key ring (a file or mounted secret): keys with id, purpose, creation and retirement. Every hash and
// token of the platform names the key that made it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hangou {

// SHA-256 (FIPS 180-4) of `a` followed by `b`: 32 bytes.
std::string Sha256(std::string_view a, std::string_view b = {});
// HMAC-SHA-256 (RFC 2104): 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view message);
// True where both are equal; takes the same time wherever they differ.
bool EqualInConstantTime(std::string_view a, std::string_view b);
// Random bytes from the operating system.
std::string RandomBytes(size_t count);

// True where nobody else reads a file of keys: mode and owner are the file's, `user` is who runs. Group and others have
// nothing, but for a secret that is mounted: it belongs to root, and a user who is not root reads it by the group.
bool IsSecret(uint32_t mode, uint32_t owner, uint32_t user);

// What a key is for. One key serves one purpose; those of kAuditHead sign, the others are secrets of hashes.
enum class KeyPurpose { kPseudonym, kToken, kAuditSubject, kAuditHead };

// A signature, and the key that made it.
struct KeySignature {
  std::string key_id;
  std::string bytes;  // Ed25519 (libs/base/signature.h)
};

// What anyone needs to check signatures of a key.
struct KeyRingPublicKey {
  std::string key_id;
  std::string bytes;
};

// The keys of an installation. Immutable after loading, thread-safe.
class KeyRing {
 public:
  // Reads a ring from `path`; where there is no file, makes one with a fresh key per purpose (mode 0600).
  // INVALID_REQUEST where it is not secret (IsSecret).
  // The file has lines "ID PURPOSE CREATED RETIRED|- HEX".
  static absl::StatusOr<KeyRing> LoadOrCreate(const std::string& path, int64_t now_us);
  // A ring in memory, for tests.
  static KeyRing ForTest();

  // "KEY_ID:" and the hex digits of the first 16 bytes of HMAC(newest key of `purpose`, message).
  std::string Hash(KeyPurpose purpose, std::string_view message) const;
  // The same under every key of `purpose`, also those that are retired: what older data may carry.
  std::vector<std::string> HashesOfAllKeys(KeyPurpose purpose, std::string_view message) const;
  // The signature of the newest key of a purpose that signs.
  KeySignature Sign(KeyPurpose purpose, std::string_view message) const;
  // The public keys of such a purpose, retired ones included.
  std::vector<KeyRingPublicKey> PublicKeys(KeyPurpose purpose) const;
  // An opaque, URL-safe token: payload, sealed against change under `context` (caller and query). The payload
  // is not secret.
  std::string SealToken(std::string_view payload, std::string_view context) const;
  // The payload of such a token; TOKEN_INVALID where it was changed, or made for another context.
  absl::StatusOr<std::string> OpenToken(std::string_view token, std::string_view context) const;

 private:
  struct Key {
    std::string id;
    KeyPurpose purpose;
    int64_t created_us;
    int64_t retired_us;  // 0: in use
    std::string bytes;
  };
  const Key& Newest(KeyPurpose purpose) const;
  static std::string HashUnder(const Key& key, std::string_view message);

  std::vector<Key> keys_;
};

}  // namespace hangou
