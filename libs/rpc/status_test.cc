#include "libs/rpc/status.h"

#include <catch2/catch.hpp>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

// The detail of a type in a status as any gRPC client would find it; false where there is none.
template <class Detail>
bool FindDetail(const grpc::Status& status, Detail* found) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return false;
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(found)) return true;
  }
  return false;
}

TEST_CASE("Every reason crosses the wire and comes back with its code, message and field") {
  for (const Reason reason : {
#define X(enumerator, name, code, advice) Reason::enumerator,
           HANGOU_REASONS(X)
#undef X
       }) {
    INFO(ReasonName(reason));
    const absl::Status back = FromGrpc(ToGrpc(MakeError(reason, "say what to do", "birth_date")));
    CHECK(ReasonOf(back) == reason);
    CHECK(back.code() == ReasonCode(reason));
    CHECK(Message(back) == "say what to do");
    CHECK(FieldOf(back) == "birth_date");
    CHECK(FieldOf(FromGrpc(ToGrpc(MakeError(reason, "x")))).empty());
  }
}

TEST_CASE("The details are those of google.rpc, which any client reads") {
  const grpc::Status status = ToGrpc(MakeError(Reason::kFieldInvalid, "no such day", "birth_date"));
  CHECK(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  google::rpc::ErrorInfo info;
  REQUIRE(FindDetail(status, &info));
  CHECK(info.reason() == "FIELD_INVALID");
  CHECK(info.domain() == "hangou");
  CHECK(info.metadata().at("field") == "birth_date");
  google::rpc::BadRequest bad;
  REQUIRE(FindDetail(status, &bad));
  REQUIRE(bad.field_violations_size() == 1);
  CHECK(bad.field_violations(0).field() == "birth_date");
  google::rpc::RetryInfo retry;
  CHECK_FALSE(FindDetail(status, &retry));
}

TEST_CASE("Who meets an overloaded service is told when to come back") {
  google::rpc::RetryInfo retry;
  REQUIRE(FindDetail(ToGrpc(MakeError(Reason::kOverloaded, "apply lags")), &retry));
  CHECK(retry.retry_delay().nanos() > 0);
}

TEST_CASE("OK stays OK, and a status of a third party keeps its code and message") {
  CHECK(ToGrpc(absl::OkStatus()).ok());
  CHECK(FromGrpc(grpc::Status::OK).ok());
  const absl::Status back = FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection refused"));
  CHECK(absl::IsUnavailable(back));
  CHECK(Message(back) == "connection refused");
  CHECK_FALSE(ReasonOf(back).has_value());
  CHECK(ToGrpc(absl::DeadlineExceededError("late")).error_details().empty());
}

TEST_CASE("Details that are not ours, or are no details at all, do no harm") {
  google::rpc::ErrorInfo foreign;
  foreign.set_reason("NO_GRANT");
  foreign.set_domain("example.org");
  google::rpc::Status details;
  details.add_details()->PackFrom(foreign);
  for (const std::string& bytes : {details.SerializeAsString(), std::string("\xff\xff\xff garbage")}) {
    const absl::Status back = FromGrpc(grpc::Status(grpc::StatusCode::INTERNAL, "x", bytes));
    CHECK(back.code() == absl::StatusCode::kInternal);
    CHECK_FALSE(ReasonOf(back).has_value());
  }
}

}  // namespace
}  // namespace hangou
