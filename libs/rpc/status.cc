#include "libs/rpc/status.h"

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/transport_limits.h"

namespace hangou {
namespace {

constexpr char kDomain[] = "hangou";
constexpr char kFieldKey[] = "field";

std::string Details(const absl::Status& status, Reason reason) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(Message(status)));
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(ReasonName(reason)));
  info.set_domain(kDomain);
  if (const std::string field = FieldOf(status); !field.empty()) {
    (*info.mutable_metadata())[kFieldKey] = field;
    google::rpc::BadRequest bad;
    auto* violation = bad.add_field_violations();
    violation->set_field(field);
    violation->set_description(details.message());
    details.add_details()->PackFrom(bad);
  }
  details.add_details()->PackFrom(info);
  if (reason == Reason::kOverloaded) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(limits::kRetryAfterMs * 1'000'000));
    details.add_details()->PackFrom(retry);
  }
  return details.SerializeAsString();
}

// The ErrorInfo of this platform in the details of a status; false where there is none.
bool FindErrorInfo(const grpc::Status& status, google::rpc::ErrorInfo* info) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return false;
  for (const google::protobuf::Any& detail : details.details()) {
    if (detail.UnpackTo(info) && info->domain() == kDomain) return true;
  }
  return false;
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());  // both are the canonical codes
  const std::optional<Reason> reason = ReasonOf(status);
  const std::string details = reason.has_value() ? Details(status, *reason) : std::string();
  return grpc::Status(code, std::string(Message(status)), details);
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::ErrorInfo info;
  if (FindErrorInfo(status, &info)) {
    const auto field = info.metadata().find(kFieldKey);
    if (const auto reason = ReasonFromName(info.reason())) {
      return MakeError(*reason, status.error_message(),
                       field == info.metadata().end() ? std::string() : field->second);
    }
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace hangou
