#include "libs/rpc/certificates.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/rpc/identity.h"

namespace hangou {
namespace {

template <auto kFree>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

// A PEM file: a key or a short chain.
constexpr size_t kPemBytes = 64 << 10;
// RFC 5280: at most 20 octets; 16 random ones do not meet twice.
constexpr int kSerialBytes = 16;
constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kCaDays = 3650;
// Machines of an installation may disagree on the time by so much.
constexpr int64_t kClockSkewSeconds = 300;

absl::Status OpenSslError(std::string_view what) {
  return MakeError(Reason::kInternal, "OpenSSL could not " + std::string(what));
}

absl::Status NotReadable(const std::string& path) {
  return MakeError(Reason::kCertificateInvalid,
                   path + " is not a PEM file of the expected kind; issue it again");
}

// What an X509 is made of, apart from its keys.
struct Plan {
  std::vector<std::string> units;  // of the organisation, from the widest
  std::string common_name;
  std::string alternative_names;  // in OpenSSL's notation; empty for a CA
  std::string usage;
  std::string extended_usage;  // empty for a CA
  std::string constraints;
  int64_t not_before = 0;  // seconds since 1970-01-01 UTC
  int64_t not_after = 0;
};

absl::StatusOr<Key> NewKey() {
  Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return OpenSslError("make a key");
  return key;
}

bool SetSerial(X509* certificate) {
  unsigned char bytes[kSerialBytes];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3f) | 0x40);  // positive, and of full length
  const Number number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  return number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

// Others than our services (a message broker) read who it is from the subject, in parts: department and role as
// organisational units, the workload as the common name. Each is at most 64 characters, as X.520 wants.
bool SetSubject(X509* certificate, const Plan& plan) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  const auto add = [&](const char* field, const std::string& value) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
  };
  return add("O", "Hangou") &&
         std::all_of(plan.units.begin(), plan.units.end(),
                     [&](const auto& unit) { return add("OU", unit); }) &&
         add("CN", plan.common_name);
}

bool AddExtension(X509* certificate, X509V3_CTX* context, int nid, const std::string& value) {
  if (value.empty()) return true;
  const Extension extension(X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool AddExtensions(X509* certificate, X509* issuer, const Plan& plan) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  return AddExtension(certificate, &context, NID_basic_constraints, plan.constraints) &&
         AddExtension(certificate, &context, NID_key_usage, plan.usage) &&
         AddExtension(certificate, &context, NID_ext_key_usage, plan.extended_usage) &&
         AddExtension(certificate, &context, NID_subject_key_identifier, "hash") &&
         AddExtension(certificate, &context, NID_authority_key_identifier, "keyid:always") &&
         AddExtension(certificate, &context, NID_subject_alt_name, plan.alternative_names);
}

// A certificate for `key` signed by `issuer` with `issuer_key`; self-signed where `issuer` is null.
absl::StatusOr<Certificate> Sign(const Plan& plan, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate certificate(X509_new());
  X509* const x509 = certificate.get();
  if (x509 == nullptr) return OpenSslError("make a certificate");
  if (issuer == nullptr) issuer = x509;
  const bool filled =
      X509_set_version(x509, X509_VERSION_3) == 1 && SetSerial(x509) && SetSubject(x509, plan) &&
      X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1 &&
      ASN1_TIME_set(X509_getm_notBefore(x509), static_cast<time_t>(plan.not_before)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(x509), static_cast<time_t>(plan.not_after)) != nullptr &&
      X509_set_pubkey(x509, key) == 1 && AddExtensions(x509, issuer, plan);
  if (!filled || X509_sign(x509, issuer_key, EVP_sha256()) == 0) return OpenSslError("sign a certificate");
  return certificate;
}

std::string Content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

absl::Status WriteKey(const std::string& path, EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return OpenSslError("write a key");
  }
  std::string pem = Content(bio.get());
  const absl::Status written = WriteFileDurably(path, pem, 0600);
  OPENSSL_cleanse(pem.data(), pem.size());
  return written;
}

absl::Status WriteCertificate(const std::string& path, X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), certificate) != 1) {
    return OpenSslError("write a certificate");
  }
  return WriteFileDurably(path, Content(bio.get()), 0644);
}

absl::StatusOr<Bio> OpenPem(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string pem, ReadFile(path, kPemBytes));
  Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || BIO_write(bio.get(), pem.data(), static_cast<int>(pem.size())) < 0) {
    return OpenSslError("read " + path);
  }
  return bio;
}

absl::StatusOr<Certificate> ReadCertificate(const std::string& path) {
  ASSIGN_OR_RETURN(const Bio bio, OpenPem(path));
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return NotReadable(path);
  return certificate;
}

absl::StatusOr<Key> ReadKey(const std::string& path) {
  ASSIGN_OR_RETURN(const Bio bio, OpenPem(path));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return NotReadable(path);
  return key;
}

int64_t NowSeconds() { return SystemClock().UtcUs() / kUsPerSecond; }

// True where the text can stand in OpenSSL's list of alternative names without ending the item.
bool IsHost(const std::string& host) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':';
  });
}

bool IsAddress(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

absl::StatusOr<std::string> AlternativeNames(const IdentityRequest& request, const std::string& spiffe_id) {
  std::string names = "URI:" + spiffe_id;
  if (request.role != roles::kService) return names;
  std::vector<std::string> hosts = {kServiceHostName, "localhost", "127.0.0.1", "::1"};
  hosts.insert(hosts.end(), request.hosts.begin(), request.hosts.end());
  for (const std::string& host : hosts) {
    if (!IsHost(host))
      return MakeError(Reason::kInvalidRequest, "a host of the identity is malformed", "hosts");
    names += (IsAddress(host) ? ",IP:" : ",DNS:") + host;
  }
  return names;
}

absl::StatusOr<Plan> PlanIdentity(const IdentityRequest& request) {
  const std::string spiffe_id = "spiffe://" + request.trust_domain + "/department/" + request.department +
                                "/" + request.role + "/" + request.workload;
  // Another trust domain is for tests of being refused, so only the rest has to be ours.
  const std::string with_our_domain =
      std::string("spiffe://") + kTrustDomain +
      spiffe_id.substr(std::string("spiffe://" + request.trust_domain).size());
  if (!IsHost(request.trust_domain) || !ParseSpiffeId(with_our_domain).ok()) {
    return MakeError(Reason::kInvalidRequest, "department, role or workload of the identity is malformed");
  }
  Plan plan;
  ASSIGN_OR_RETURN(plan.alternative_names, AlternativeNames(request, spiffe_id));
  plan.units = {request.department, request.role};
  plan.common_name = request.workload;
  plan.usage = "critical,digitalSignature";
  plan.extended_usage = request.role == roles::kService ? "clientAuth,serverAuth" : "clientAuth";
  plan.constraints = "critical,CA:FALSE";
  plan.not_after = NowSeconds() + request.valid_days * kSecondsPerDay;
  plan.not_before = std::min(NowSeconds(), plan.not_after - kSecondsPerDay) - kClockSkewSeconds;
  return plan;
}

absl::StatusOr<std::string> UriOf(X509* certificate) {
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> uris;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* const uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  if (uris.size() != 1) {
    return MakeError(Reason::kCertificateInvalid, "the certificate does not carry exactly one URI");
  }
  return uris.front();
}

absl::StatusOr<int64_t> TimeOf(const ASN1_TIME* time) {
  std::tm civil{};
  if (ASN1_TIME_to_tm(time, &civil) != 1) return OpenSslError("read the time of a certificate");
  return static_cast<int64_t>(timegm(&civil)) * kUsPerSecond;
}

std::string SerialOf(X509* certificate) {
  const Number number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  const std::unique_ptr<char, void (*)(char*)> hex(number == nullptr ? nullptr : BN_bn2hex(number.get()),
                                                   [](char* text) { OPENSSL_free(text); });
  return hex == nullptr ? std::string() : std::string(hex.get());
}

}  // namespace

absl::Status MakeDevelopmentCa(const std::string& folder) {
  if (::access((folder + "/ca.crt").c_str(), F_OK) == 0) return absl::OkStatus();
  RETURN_IF_ERROR(MakeFolders(folder));
  Plan plan;
  plan.common_name = "Hangou development CA";
  plan.usage = "critical,keyCertSign,cRLSign";
  plan.constraints = "critical,CA:TRUE,pathlen:0";
  plan.not_before = NowSeconds() - kClockSkewSeconds;
  plan.not_after = NowSeconds() + kCaDays * kSecondsPerDay;
  ASSIGN_OR_RETURN(const Key key, NewKey());
  ASSIGN_OR_RETURN(const Certificate certificate, Sign(plan, key.get(), nullptr, key.get()));
  // The certificate comes last: where it is, the CA is complete.
  RETURN_IF_ERROR(WriteKey(folder + "/ca.key", key.get()));
  return WriteCertificate(folder + "/ca.crt", certificate.get());
}

absl::Status IssueIdentity(const std::string& ca_folder, const IdentityRequest& request,
                           const std::string& out_folder) {
  ASSIGN_OR_RETURN(const Plan plan, PlanIdentity(request));
  ASSIGN_OR_RETURN(const Certificate ca, ReadCertificate(ca_folder + "/ca.crt"));
  ASSIGN_OR_RETURN(const Key ca_key, ReadKey(ca_folder + "/ca.key"));
  ASSIGN_OR_RETURN(const Key key, NewKey());
  ASSIGN_OR_RETURN(const Certificate certificate, Sign(plan, key.get(), ca.get(), ca_key.get()));
  RETURN_IF_ERROR(MakeFolders(out_folder));
  RETURN_IF_ERROR(WriteCertificate(out_folder + "/ca.crt", ca.get()));
  RETURN_IF_ERROR(WriteKey(out_folder + "/tls.key", key.get()));
  return WriteCertificate(out_folder + "/tls.crt", certificate.get());
}

absl::Status IssueFirstIdentities(const std::string& ca_folder, const std::string& folder) {
  const std::pair<const char*, std::string_view> identities[] = {{"manager-1", roles::kManager},
                                                                 {"manager-2", roles::kManager},
                                                                 {"auditor", roles::kAuditor},
                                                                 {"operator", roles::kOperator}};
  for (const auto& [name, role] : identities) {
    const std::string out = folder + "/" + name;
    if (::access((out + "/tls.key").c_str(), F_OK) == 0) continue;
    IdentityRequest request;
    request.department = "platform";
    request.role = std::string(role);
    request.workload = name;
    RETURN_IF_ERROR(IssueIdentity(ca_folder, request, out));
  }
  return absl::OkStatus();
}

absl::StatusOr<IdentityInfo> ReadIdentityInfo(const std::string& folder) {
  ASSIGN_OR_RETURN(const Certificate certificate, ReadCertificate(folder + "/tls.crt"));
  IdentityInfo info;
  ASSIGN_OR_RETURN(info.caller, CallerOfCertificate(*certificate));
  ASSIGN_OR_RETURN(info.not_before_us, TimeOf(X509_get0_notBefore(certificate.get())));
  ASSIGN_OR_RETURN(info.not_after_us, TimeOf(X509_get0_notAfter(certificate.get())));
  info.serial = SerialOf(certificate.get());
  return info;
}

absl::StatusOr<Caller> CallerOfCertificate(x509_st& certificate) {
  ASSIGN_OR_RETURN(const std::string uri, UriOf(&certificate));
  return ParseSpiffeId(uri);
}

absl::StatusOr<IdentityFiles> ReadIdentityFiles(const std::string& folder) {
  IdentityFiles files;
  ASSIGN_OR_RETURN(files.ca, ReadFile(folder + "/ca.crt", kPemBytes));
  ASSIGN_OR_RETURN(files.certificate, ReadFile(folder + "/tls.crt", kPemBytes));
  ASSIGN_OR_RETURN(files.key, ReadFile(folder + "/tls.key", kPemBytes));
  return files;
}

}  // namespace hangou
