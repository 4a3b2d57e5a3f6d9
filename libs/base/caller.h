// Who calls: taken from the certificate, never from a request body.
#pragma once

#include <string>
#include <string_view>

namespace hangou {

// The identity of a peer, spiffe://TRUST_DOMAIN/department/CODE/ROLE/WORKLOAD.
struct Caller {
  std::string department;  // department code; "platform" for the platform's own services
  std::string role;        // publisher, consumer, manager, auditor, operator, service
  std::string workload;    // which of the department's systems
  std::string spiffe_id;   // the whole
  std::string via;         // SPIFFE id of the service that passed the call on; empty: it came directly
};

namespace roles {
inline constexpr std::string_view kPublisher = "publisher";
inline constexpr std::string_view kConsumer = "consumer";
inline constexpr std::string_view kManager = "manager";
inline constexpr std::string_view kAuditor = "auditor";
inline constexpr std::string_view kOperator = "operator";
inline constexpr std::string_view kService = "service";
}  // namespace roles

}  // namespace hangou
