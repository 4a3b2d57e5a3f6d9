#include "libs/base/keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#include "libs/base/file.h"
#include "libs/base/signature.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kShortHashBytes = 16;
constexpr KeyPurpose kPurposes[] = {KeyPurpose::kPseudonym, KeyPurpose::kToken, KeyPurpose::kAuditSubject,
                                    KeyPurpose::kAuditHead};

std::string_view PurposeName(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::kPseudonym:
      return "pseudonym";
    case KeyPurpose::kToken:
      return "token";
    case KeyPurpose::kAuditSubject:
      return "audit_subject";
    case KeyPurpose::kAuditHead:
      return "audit_head";
  }
  Crash(__FILE__, "key purpose out of range");
}

// `text` is of lower-case digits.
std::string FromHex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1])));
  }
  return bytes;
}

}  // namespace

// OpenSSL looks an algorithm up by its name at every use of EVP_sha256() and HMAC(), which takes longer than hashing a
// small entry; so does allocating a context. Here the algorithms are fetched once, and each thread has its contexts.

std::string Sha256(std::string_view a, std::string_view b) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  struct Context {
    EVP_MD_CTX* digest = EVP_MD_CTX_new();
    ~Context() { EVP_MD_CTX_free(digest); }
  };
  static thread_local Context context;
  std::string hash(32, '\0');
  const bool ok = EVP_DigestInit_ex(context.digest, algorithm, nullptr) == 1 &&
                  EVP_DigestUpdate(context.digest, a.data(), a.size()) == 1 &&
                  EVP_DigestUpdate(context.digest, b.data(), b.size()) == 1 &&
                  EVP_DigestFinal_ex(context.digest, reinterpret_cast<uint8_t*>(hash.data()), nullptr) == 1;
  HANGOU_CHECK(ok, "SHA-256 failed");
  return hash;
}

std::string HmacSha256(std::string_view key, std::string_view message) {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  struct Context {
    EVP_MAC_CTX* mac = EVP_MAC_CTX_new(algorithm);
    Context() {
      char digest[] = "SHA256";
      const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                       OSSL_PARAM_construct_end()};
      HANGOU_CHECK(EVP_MAC_CTX_set_params(mac, parameters) == 1, "HMAC-SHA-256 is not there");
    }
    ~Context() { EVP_MAC_CTX_free(mac); }
  };
  static thread_local Context context;
  std::string mac(32, '\0');
  size_t length = 0;
  const auto* bytes = reinterpret_cast<const uint8_t*>(message.data());
  const bool ok =
      EVP_MAC_init(context.mac, reinterpret_cast<const uint8_t*>(key.data()), key.size(), nullptr) == 1 &&
      EVP_MAC_update(context.mac, bytes, message.size()) == 1 &&
      EVP_MAC_final(context.mac, reinterpret_cast<uint8_t*>(mac.data()), &length, mac.size()) == 1;
  HANGOU_CHECK(ok && length == mac.size(), "HMAC-SHA-256 failed");
  return mac;
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  HANGOU_CHECK(RAND_bytes(reinterpret_cast<uint8_t*>(bytes.data()), static_cast<int>(count)) == 1,
               "the operating system gives no random bytes");
  return bytes;
}

bool IsSecret(uint32_t mode, uint32_t owner, uint32_t user) {
  const bool mounted = owner == 0 && user != 0;
  return (mode & (mounted ? 037 : 077)) == 0;
}

absl::StatusOr<KeyRing> KeyRing::LoadOrCreate(const std::string& path, int64_t now_us) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    std::string content;
    for (KeyPurpose purpose : kPurposes) {
      content += "k" + Hex(RandomBytes(4)) + " " + std::string(PurposeName(purpose)) + " " +
                 std::to_string(now_us) + " - " + Hex(RandomBytes(kKeyBytes)) + "\n";
    }
    RETURN_IF_ERROR(WriteFileDurably(path, content, 0600));
  } else if (!IsSecret(info.st_mode, info.st_uid, ::geteuid())) {
    return MakeError(Reason::kInvalidRequest, path + " must be readable by its owner only: chmod 600");
  }
  ASSIGN_OR_RETURN(const std::string content, ReadFile(path));
  KeyRing ring;
  std::istringstream lines(content);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string id, purpose_name, retired, hex;
    int64_t created_us = 0;
    words >> id >> purpose_name >> created_us >> retired >> hex;
    const bool is_hex = hex.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (words.fail() || hex.size() != 2 * kKeyBytes || !is_hex) {
      return MakeError(Reason::kInvalidRequest,
                       path + " has a line that is not a key; restore it from a backup");
    }
    for (KeyPurpose purpose : kPurposes) {
      if (PurposeName(purpose) != purpose_name) continue;
      const int64_t retired_us = retired == "-" ? 0 : std::strtoll(retired.c_str(), nullptr, 10);
      ring.keys_.push_back({id, purpose, created_us, retired_us, FromHex(hex)});
    }
  }
  for (KeyPurpose purpose : kPurposes) {
    bool found = false;
    for (const Key& key : ring.keys_) found |= key.purpose == purpose && key.retired_us == 0;
    if (!found) {
      return MakeError(Reason::kInvalidRequest,
                       path + " has no key in use for " + std::string(PurposeName(purpose)));
    }
  }
  return ring;
}

KeyRing KeyRing::ForTest() {
  KeyRing ring;
  for (KeyPurpose purpose : kPurposes) {
    ring.keys_.push_back({"test", purpose, 0, 0, Sha256("test key", PurposeName(purpose))});
  }
  return ring;
}

const KeyRing::Key& KeyRing::Newest(KeyPurpose purpose) const {
  const Key* newest = nullptr;
  for (const Key& key : keys_) {
    if (key.purpose != purpose || key.retired_us != 0) continue;
    if (newest == nullptr || key.created_us >= newest->created_us) newest = &key;
  }
  HANGOU_CHECK(newest != nullptr, "the key ring lacks a key");
  return *newest;
}

std::string KeyRing::HashUnder(const Key& key, std::string_view message) {
  return key.id + ":" + Hex(HmacSha256(key.bytes, message).substr(0, kShortHashBytes));
}

std::string KeyRing::Hash(KeyPurpose purpose, std::string_view message) const {
  return HashUnder(Newest(purpose), message);
}

std::vector<std::string> KeyRing::HashesOfAllKeys(KeyPurpose purpose, std::string_view message) const {
  std::vector<std::string> hashes;
  for (const Key& key : keys_) {
    if (key.purpose == purpose) hashes.push_back(HashUnder(key, message));
  }
  return hashes;
}

KeySignature KeyRing::Sign(KeyPurpose purpose, std::string_view message) const {
  const Key& key = Newest(purpose);
  return {key.id, Ed25519Sign(key.bytes, message)};
}

std::vector<KeyRingPublicKey> KeyRing::PublicKeys(KeyPurpose purpose) const {
  std::vector<KeyRingPublicKey> keys;
  for (const Key& key : keys_) {
    if (key.purpose == purpose) keys.push_back({key.id, Ed25519PublicKey(key.bytes)});
  }
  return keys;
}

std::string KeyRing::SealToken(std::string_view payload, std::string_view context) const {
  const Key& key = Newest(KeyPurpose::kToken);
  const std::string mac = HmacSha256(key.bytes, std::string(context) + '\0' + std::string(payload));
  return key.id + "." + Base64Url(mac.substr(0, kShortHashBytes) + std::string(payload));
}

absl::StatusOr<std::string> KeyRing::OpenToken(std::string_view token, std::string_view context) const {
  const auto refuse = [] {
    return MakeError(Reason::kTokenInvalid,
                     "the token was not made by this installation for this caller and query");
  };
  const size_t dot = token.find('.');
  if (dot == std::string_view::npos) return refuse();
  const auto bytes = FromBase64Url(token.substr(dot + 1));
  if (!bytes || bytes->size() < kShortHashBytes) return refuse();
  for (const Key& key : keys_) {
    if (key.purpose != KeyPurpose::kToken || key.id != token.substr(0, dot)) continue;
    const std::string payload = bytes->substr(kShortHashBytes);
    const std::string mac = HmacSha256(key.bytes, std::string(context) + '\0' + payload);
    if (EqualInConstantTime(std::string_view(mac).substr(0, kShortHashBytes),
                            std::string_view(*bytes).substr(0, kShortHashBytes))) {
      return payload;
    }
  }
  return refuse();
}

}  // namespace hangou
