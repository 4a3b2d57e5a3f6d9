// The stable reasons of errors: what a caller's program may branch on. Each is defined here and nowhere
// else: its name in google.rpc.ErrorInfo, its canonical status code, and what the caller should do.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"

namespace hangou {

// X(enumerator, "NAME", absl code, "what the caller should do")
#define HANGOU_REASONS(X)                                                                                   \
  X(kNotProvider, "NOT_PROVIDER", kPermissionDenied,                                                        \
    "publish only resources that list your department as provider")                                         \
  X(kUnknownResource, "UNKNOWN_RESOURCE", kNotFound, "check the name with `hangou get resources`")          \
  X(kUnknownConsumer, "UNKNOWN_CONSUMER", kPermissionDenied, "have a manager register the department")      \
  X(kRoleRequired, "ROLE_REQUIRED", kPermissionDenied,                                                      \
    "use a certificate with the role that the call needs")                                                  \
  X(kPurposeRequired, "PURPOSE_REQUIRED", kInvalidArgument, "state the purpose of the read")                \
  X(kUnknownPurpose, "UNKNOWN_PURPOSE", kPermissionDenied, "check the name with `hangou get purposes`")     \
  X(kPurposeNotRegistered, "PURPOSE_NOT_REGISTERED", kPermissionDenied,                                     \
    "have a manager register the purpose for your department")                                              \
  X(kCaseNumberRequired, "CASE_NUMBER_REQUIRED", kInvalidArgument, "state the case number of the matter")   \
  X(kNegativeList, "NEGATIVE_LIST", kPermissionDenied, "the law withholds it; see the entry's legal basis") \
  X(kNoGrant, "NO_GRANT", kPermissionDenied, "request access to the resource")                              \
  X(kGrantExpired, "GRANT_EXPIRED", kPermissionDenied, "request a renewal of the grant")                    \
  X(kQuotaExceeded, "QUOTA_EXCEEDED", kResourceExhausted, "wait until the quota renews")                    \
  X(kLeaseExpired, "LEASE_EXPIRED", kUnavailable,                                                           \
    "retry: the service has lost the catalog and shares nothing meanwhile")                                 \
  X(kEpochNotReached, "EPOCH_NOT_REACHED", kUnavailable,                                                    \
    "retry: the service has not yet applied that epoch")                                                    \
  X(kPositionTimeout, "POSITION_TIMEOUT", kUnavailable, "retry, or read without the position")              \
  X(kPositionUnknown, "POSITION_UNKNOWN", kInvalidArgument,                                                 \
    "the position is of another log or beyond its end; start again")                                        \
  X(kNotOwner, "NOT_OWNER", kUnavailable, "retry at the address in the message")                            \
  X(kSchemaRevisionUnknown, "SCHEMA_REVISION_UNKNOWN", kInvalidArgument, "fetch the schema with GetSchema") \
  X(kFieldMissing, "FIELD_MISSING", kInvalidArgument, "give the required field")                            \
  X(kFieldInvalid, "FIELD_INVALID", kInvalidArgument, "correct the field as the message says")              \
  X(kFieldUnknown, "FIELD_UNKNOWN", kInvalidArgument, "remove the field: the resource does not have it")    \
  X(kCheckDigit, "CHECK_DIGIT", kInvalidArgument, "correct the identifier: its check digit is wrong")       \
  X(kCrossField, "CROSS_FIELD", kInvalidArgument, "correct the fields that contradict each other")          \
  X(kPayloadMalformed, "PAYLOAD_MALFORMED", kInvalidArgument,                                               \
    "send a protobuf message of the resource's schema")                                                     \
  X(kRecordTooLarge, "RECORD_TOO_LARGE", kInvalidArgument, "keep a record within 64 KiB")                   \
  X(kBatchTooLarge, "BATCH_TOO_LARGE", kInvalidArgument, "keep a batch within 256 records and 1 MiB")       \
  X(kStale, "STALE", kFailedPrecondition, "nothing: a newer version is stored")                             \
  X(kDuplicate, "DUPLICATE", kAlreadyExists, "nothing: the same content is stored")                         \
  X(kVersionConflict, "VERSION_CONFLICT", kFailedPrecondition,                                              \
    "raise the version: this one has other content")                                                        \
  X(kVersionInFuture, "VERSION_IN_FUTURE", kInvalidArgument,                                                \
    "correct the version: it lies more than 24 h ahead")                                                    \
  X(kRequestIdReused, "REQUEST_ID_REUSED", kInvalidArgument, "use a new request id for other content")      \
  X(kReplaceGuard, "REPLACE_GUARD", kFailedPrecondition,                                                    \
    "check that the export is whole, then confirm the replacement")                                         \
  X(kLogUnavailable, "LOG_UNAVAILABLE", kUnavailable, "retry later; the operator has to look at the log")   \
  X(kStoreFull, "STORE_FULL", kResourceExhausted, "retry later; the operator has to make room on the disk") \
  X(kAuditUnavailable, "AUDIT_UNAVAILABLE", kUnavailable,                                                   \
    "retry later; nothing is shared without a durable audit entry")                                         \
  X(kOverloaded, "OVERLOADED", kUnavailable, "retry after the time in RetryInfo")                           \
  X(kDraining, "DRAINING", kUnavailable, "retry: the service is stopping or starting")                      \
  X(kInvalidRequest, "INVALID_REQUEST", kInvalidArgument, "correct the request as the message says")        \
  X(kInvalidObject, "INVALID_OBJECT", kInvalidArgument, "correct the catalog object as the message says")   \
  X(kObjectNotFound, "OBJECT_NOT_FOUND", kNotFound, "check the name with `hangou get`")                     \
  X(kEtagMismatch, "ETAG_MISMATCH", kAborted, "read the object again and repeat the change")                \
  X(kSecondManagerRequired, "SECOND_MANAGER_REQUIRED", kPermissionDenied,                                   \
    "have another manager approve: a loosening needs two")                                                  \
  X(kTokenInvalid, "TOKEN_INVALID", kInvalidArgument,                                                       \
    "use the token as it was given, with the same caller and query")                                        \
  X(kSlowConsumer, "SLOW_CONSUMER", kResourceExhausted, "resume from the last token, and read faster")      \
  X(kCertificateInvalid, "CERTIFICATE_INVALID", kUnauthenticated, "use a certificate of this installation") \
  X(kDataLoss, "DATA_LOSS", kDataLoss, "the operator has to restore the place named in the message")        \
  X(kInternal, "INTERNAL", kInternal, "report it with the time of the call: it is a bug")

// A stable reason.
enum class Reason {
#define X(enumerator, name, code, advice) enumerator,
  HANGOU_REASONS(X)
#undef X
};

// The name of a reason as it stands in ErrorInfo, such as "NO_GRANT".
std::string_view ReasonName(Reason reason);
// What the caller should do about it, one clause.
std::string_view ReasonAdvice(Reason reason);
// The canonical status code that goes with it.
absl::StatusCode ReasonCode(Reason reason);
// The reason of this name; none where there is no such.
std::optional<Reason> ReasonFromName(std::string_view name);

}  // namespace hangou
