// Certificates of an installation: a development CA, and the identities that it issues. A city with a PKI of
// its own puts folders of the same shape in place and never calls the makers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/caller.h"

struct x509_st;  // OpenSSL's X509

namespace hangou {

// The trust domain of the SPIFFE ids of an installation.
inline constexpr char kTrustDomain[] = "hangou";

// The DNS name that every identity of the role service carries, beside its hosts: what clients look for in a server's
// certificate, wherever it listens.
inline constexpr char kServiceHostName[] = "service.hangou.internal";

// An identity to be issued: spiffe://TRUST_DOMAIN/department/DEPARTMENT/ROLE/WORKLOAD.
struct IdentityRequest {
  std::string trust_domain = kTrustDomain;
  std::string department;  // department code; "platform" for the platform's own services
  std::string role;        // one of hangou::roles
  std::string workload;    // which of the department's systems: [a-z][a-z0-9_-]*
  int valid_days = 365;    // from now; a negative number makes one that expired so many days ago (tests)
  std::vector<std::string>
      hosts;  // DNS names and IP addresses beside localhost, 127.0.0.1 and ::1; role service only
};

// What a certificate says of itself.
struct IdentityInfo {
  Caller caller;              // from the SPIFFE id
  int64_t not_before_us = 0;  // microseconds since 1970-01-01 UTC
  int64_t not_after_us = 0;   // the same; expired from then on
  std::string serial;         // hexadecimal
};

// Makes a development CA (ECDSA P-256, ten years) in `folder`: ca.crt and ca.key (mode 0600). Idempotent: a
// CA that is there stays. INTERNAL or STORE_FULL where the files cannot be written. Not for two processes at
// once.
absl::Status MakeDevelopmentCa(const std::string& folder);

// Issues an identity, signed by the CA in `ca_folder`, into `out_folder`: ca.crt, tls.crt and tls.key (ECDSA
// P-256, mode 0600). An identity that is there is replaced. Certificates of the role service may serve
// (localhost, 127.0.0.1,
// ::1 and the hosts asked for) and call, the others only call. INVALID_REQUEST where a part of the name is
// malformed.
absl::Status IssueIdentity(const std::string& ca_folder, const IdentityRequest& request,
                           const std::string& out_folder);

// Issues the identities that an installation begins with, into folders of their names below `folder`: manager-1 and
// manager-2 (a loosening of the policy needs two), auditor and operator. Those that are there stay.
absl::Status IssueFirstIdentities(const std::string& ca_folder, const std::string& folder);

// What the certificate tls.crt in `folder` says; CERTIFICATE_INVALID where it is not one of ours. An expired
// one is read too. Signatures are not checked: that is the peer's part.
absl::StatusOr<IdentityInfo> ReadIdentityInfo(const std::string& folder);

// Whom a certificate names, by its one URI; CERTIFICATE_INVALID where it is not one of ours. Its signature is not
// checked.
absl::StatusOr<Caller> CallerOfCertificate(x509_st& certificate);

// The three files of an identity, as PEM. Holds the private key: never log it.
struct IdentityFiles {
  std::string ca;
  std::string certificate;
  std::string key;
};

// Reads the files of an identity folder.
absl::StatusOr<IdentityFiles> ReadIdentityFiles(const std::string& folder);

}  // namespace hangou
