#include "libs/log/kafka_errors.h"

#include <catch2/catch.hpp>

#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/log/kafka_log.h"

namespace hangou {
namespace {

TEST_CASE("Every error of the broker has the reason that its caller can act on") {
  struct Case {
    rd_kafka_resp_err_t error;
    Reason reason;
    bool transient;
  };
  const Case cases[] = {
      {RD_KAFKA_RESP_ERR__TRANSPORT, Reason::kLogUnavailable, true},
      {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, Reason::kLogUnavailable, true},
      {RD_KAFKA_RESP_ERR__TIMED_OUT, Reason::kLogUnavailable, true},
      {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, Reason::kLogUnavailable, true},
      {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, Reason::kLogUnavailable, true},
      {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, Reason::kLogUnavailable, true},
      {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, Reason::kLogUnavailable, true},
      {RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, Reason::kLogUnavailable, true},
      {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, Reason::kLogUnavailable, true},
      {RD_KAFKA_RESP_ERR__QUEUE_FULL, Reason::kOverloaded, true},
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Reason::kLogUnavailable, false},
      {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, Reason::kLogUnavailable, false},
      {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, Reason::kLogUnavailable, false},
      {RD_KAFKA_RESP_ERR__SSL, Reason::kCertificateInvalid, false},
      {RD_KAFKA_RESP_ERR__AUTHENTICATION, Reason::kCertificateInvalid, false},
      {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, Reason::kCertificateInvalid, false},
      {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, Reason::kStoreFull, false},
      {RD_KAFKA_RESP_ERR__BAD_MSG, Reason::kDataLoss, false},
      {RD_KAFKA_RESP_ERR_INVALID_MSG, Reason::kDataLoss, false},
      {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, Reason::kPositionUnknown, false},
      {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, Reason::kPositionUnknown, false},
      {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, Reason::kObjectNotFound, false},
      {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Reason::kBatchTooLarge, false},
      {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, Reason::kInvalidRequest, false},
      {RD_KAFKA_RESP_ERR_INVALID_CONFIG, Reason::kInvalidRequest, false},
  };
  for (const Case& given : cases) {
    const absl::Status status = KafkaStatus(given.error, "test");
    INFO(status);
    CHECK(ReasonOf(status) == given.reason);
    CHECK(IsKafkaErrorTransient(given.error) == given.transient);
    CHECK_THAT(std::string(Message(status)), Catch::StartsWith("test: ") && Catch::EndsWith(")"));
  }
  CHECK(KafkaStatus(RD_KAFKA_RESP_ERR_NO_ERROR, "test").ok());
}

TEST_CASE("An ACL that is missing is named") {
  const auto message = [](rd_kafka_resp_err_t error) {
    return std::string(Message(KafkaStatus(error, "x")));
  };
  CHECK_THAT(message(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED),
             Catch::Contains("DescribeConfigs on topics"));
  CHECK_THAT(message(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED), Catch::Contains("Read on groups"));
}

TEST_CASE("Settings of the Kafka log that cannot be are refused by name") {
  const TempFolder folder;
  KafkaSettings settings;
  settings.bootstrap_servers = "localhost:9093";
  settings.identity_folder = folder.path();
  REQUIRE(CheckKafkaSettings(settings).ok());
  std::string field;
  SECTION("no servers") { settings.bootstrap_servers = "", field = "bootstrap_servers"; }
  SECTION("no identity") { settings.identity_folder = "", field = "identity_folder"; }
  SECTION("a prefix that is no name") { settings.topic_prefix = "City/", field = "topic_prefix"; }
  SECTION("an unknown mechanism") { settings.sasl_mechanism = "GSSAPI", field = "sasl_mechanism"; }
  SECTION("a mechanism without a user") { settings.sasl_mechanism = "PLAIN", field = "sasl_username"; }
  SECTION("more copies wanted than there are") {
    settings.min_insync_replicas = 4, field = "min_insync_replicas";
  }
  const absl::Status opened = KafkaLog::Open(settings).status();
  if (field.empty()) return;
  CHECK(ReasonOf(opened) == Reason::kInvalidRequest);
  CHECK(FieldOf(opened) == field);
}

}  // namespace
}  // namespace hangou
