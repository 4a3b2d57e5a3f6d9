#include "libs/base/signature.h"

#include <catch2/catch.hpp>

#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

std::string BytesOf(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

TEST_CASE("Ed25519 gives the keys and signatures of RFC 8032, section 7.1, test 2") {
  const std::string seed = BytesOf("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const std::string key = Ed25519PublicKey(seed);
  CHECK(Hex(key) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const std::string signature = Ed25519Sign(seed, "\x72");
  CHECK(Hex(signature) ==
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  CHECK(Ed25519Verify(key, "\x72", signature));
}

TEST_CASE("A signature holds for its message and key only") {
  const std::string seed = RandomBytes(kSigningSeedBytes);
  const std::string key = Ed25519PublicKey(seed);
  const std::string signature = Ed25519Sign(seed, "head");
  CHECK(Ed25519Verify(key, "head", signature));
  CHECK_FALSE(Ed25519Verify(key, "heae", signature));
  CHECK_FALSE(Ed25519Verify(Ed25519PublicKey(RandomBytes(kSigningSeedBytes)), "head", signature));
  CHECK_FALSE(Ed25519Verify(key, "head", signature.substr(1)));
  CHECK_FALSE(Ed25519Verify(key, "head", ""));
  CHECK_FALSE(Ed25519Verify("short", "head", signature));
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(Ed25519Verify(key, "head", changed));
  }
}

TEST_CASE("Public keys go through PEM, several in one text, and nothing else does") {
  const std::string first = Ed25519PublicKey(RandomBytes(kSigningSeedBytes));
  const std::string second = Ed25519PublicKey(RandomBytes(kSigningSeedBytes));
  const auto read = PublicKeysFromPem("key one\n" + PublicKeyPem(first) + "key two\n" + PublicKeyPem(second));
  REQUIRE(read.ok());
  CHECK(*read == std::vector<std::string>{first, second});
  CHECK(ReasonOf(PublicKeysFromPem("").status()) == Reason::kInvalidRequest);
  CHECK(ReasonOf(PublicKeysFromPem(PublicKeyPem(first).substr(0, 40)).status()) == Reason::kInvalidRequest);
}

TEST_CASE("The ring signs with its newest key, and names it") {
  const KeyRing keys = KeyRing::ForTest();
  const KeySignature signature = keys.Sign(KeyPurpose::kAuditHead, "head");
  const auto known = keys.PublicKeys(KeyPurpose::kAuditHead);
  REQUIRE(known.size() == 1);
  CHECK(known[0].key_id == signature.key_id);
  CHECK(Ed25519Verify(known[0].bytes, "head", signature.bytes));
}

}  // namespace
}  // namespace hangou
