#include "libs/log/kafka_errors.h"

#include <string>

#include "libs/base/status.h"

namespace hangou {
namespace {

struct KafkaMeaning {
  Reason reason;
  std::string_view advice;  // what to do, for the operator
};

KafkaMeaning MeaningOfAccessError(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return {Reason::kLogUnavailable,
              "the broker's ACLs do not allow it: grant this identity Read on groups of the topic prefix"};
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return {
          Reason::kLogUnavailable,
          "the broker's ACLs do not allow it: grant this identity Write on topics of the prefix, which also "
          "allows idempotent appends; an exchange that delivers to topics needs Alter on the cluster, for "
          "ACLs"};
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return {Reason::kLogUnavailable,
              "the broker's ACLs do not allow it: grant this identity Read, Write, Create, Describe and "
              "DescribeConfigs on topics of the prefix"};
    default:
      return {
          Reason::kCertificateInvalid,
          "broker and service do not accept each other's identity: check the identity folder, the host name "
          "of the broker and its CA"};
  }
}

KafkaMeaning MeaningOfKafkaError(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return MeaningOfAccessError(error);
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
      return {Reason::kOverloaded, "the broker is behind; retry shortly"};
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_LOG_DIR_NOT_FOUND:
      return {Reason::kStoreFull, "the broker cannot write to its disk: it is full or broken"};
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      return {Reason::kDataLoss, "the bytes that the broker stores are damaged; restore the partition"};
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return {Reason::kPositionUnknown, "the partition has no such offset; start again"};
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return {Reason::kObjectNotFound, "the broker has no such topic; ensure it first"};
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return {Reason::kBatchTooLarge, "raise max.message.bytes of the topic"};
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
      return {Reason::kInvalidRequest, "the broker refuses it; correct the settings of the log"};
    default:
      return {Reason::kLogUnavailable, "the broker does not answer as it should; retry"};
  }
}

}  // namespace

absl::Status KafkaStatus(rd_kafka_resp_err_t error, std::string_view what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  const KafkaMeaning meaning = MeaningOfKafkaError(error);
  return MakeError(meaning.reason, std::string(what) + ": " + std::string(meaning.advice) + " (" +
                                       rd_kafka_err2name(error) + ")");
}

bool IsKafkaErrorTransient(rd_kafka_resp_err_t error) {
  const Reason reason = MeaningOfKafkaError(error).reason;
  const bool is_access = error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                         error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
                         error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
  return error != RD_KAFKA_RESP_ERR_NO_ERROR && !is_access &&
         (reason == Reason::kLogUnavailable || reason == Reason::kOverloaded);
}

}  // namespace hangou
