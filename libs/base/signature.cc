#include "libs/base/signature.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "libs/base/status.h"

namespace hangou {
namespace {

using PkeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;

const uint8_t* SignatureInput(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

PkeyPtr PrivateOf(std::string_view seed) {
  PkeyPtr key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, SignatureInput(seed), seed.size()),
              EVP_PKEY_free);
  HANGOU_CHECK(key != nullptr, "a signing key of the ring cannot be used");
  return key;
}

PkeyPtr PublicOf(std::string_view public_key) {
  return {
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, SignatureInput(public_key), public_key.size()),
      EVP_PKEY_free};
}

}  // namespace

std::string Ed25519PublicKey(std::string_view seed) {
  std::string bytes(kPublicKeyBytes, '\0');
  size_t size = bytes.size();
  const PkeyPtr key = PrivateOf(seed);
  HANGOU_CHECK(EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<uint8_t*>(bytes.data()), &size) == 1,
               "a signing key has no public key");
  return bytes;
}

std::string Ed25519Sign(std::string_view seed, std::string_view message) {
  const PkeyPtr key = PrivateOf(seed);
  const DigestPtr context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(kSignatureBytes, '\0');
  size_t size = signature.size();
  const bool ok = EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                  EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(signature.data()), &size,
                                 SignatureInput(message), message.size()) == 1;
  HANGOU_CHECK(ok && size == kSignatureBytes, "Ed25519 failed");
  return signature;
}

bool Ed25519Verify(std::string_view public_key, std::string_view message, std::string_view signature) {
  const PkeyPtr key = PublicOf(public_key);
  if (key == nullptr || signature.size() != kSignatureBytes) return false;
  const DigestPtr context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool ok = EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                  EVP_DigestVerify(context.get(), SignatureInput(signature), signature.size(),
                                   SignatureInput(message), message.size()) == 1;
  ERR_clear_error();
  return ok;
}

std::string PublicKeyPem(std::string_view public_key) {
  const PkeyPtr key = PublicOf(public_key);
  const BioPtr out(BIO_new(BIO_s_mem()), BIO_free);
  HANGOU_CHECK(key != nullptr && PEM_write_bio_PUBKEY(out.get(), key.get()) == 1,
               "a public key cannot be written");
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(size)};
}

absl::StatusOr<std::vector<std::string>> PublicKeysFromPem(const std::string& text) {
  const BioPtr in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  std::vector<std::string> keys;
  while (const PkeyPtr key{PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free}) {
    std::string bytes(kPublicKeyBytes, '\0');
    size_t size = bytes.size();
    auto* const out = reinterpret_cast<uint8_t*>(bytes.data());
    if (EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(key.get(), out, &size) != 1) {
      return MakeError(Reason::kInvalidRequest, "a public key is not of the kind Ed25519");
    }
    keys.push_back(std::move(bytes));
  }
  ERR_clear_error();  // of the end of the text
  if (!keys.empty()) return keys;
  return MakeError(Reason::kInvalidRequest, "there is no public key in PEM");
}

}  // namespace hangou
