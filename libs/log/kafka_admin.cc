#include "libs/log/kafka_admin.h"

#include "libs/base/status.h"
#include "libs/log/kafka_errors.h"

namespace hangou {

KafkaAdminOptions AdminOptionsOf(rd_kafka_t* client, rd_kafka_admin_op_t operation) {
  KafkaAdminOptions options(rd_kafka_AdminOptions_new(client, operation));
  char error[kAdminErrorBytes];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kAdministrationMs, error, sizeof error);
  return options;
}

absl::Status AdminOutcome(const rd_kafka_event_t* event, rd_kafka_resp_err_t error, const char* detail,
                          const std::string& what) {
  if (event == nullptr) return KafkaStatus(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  if (rd_kafka_event_error(const_cast<rd_kafka_event_t*>(event)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return KafkaStatus(rd_kafka_event_error(const_cast<rd_kafka_event_t*>(event)), what);
  }
  const absl::Status status = KafkaStatus(error, what);
  return status.ok() || detail == nullptr ? status : Annotate(status, detail);
}

}  // namespace hangou
