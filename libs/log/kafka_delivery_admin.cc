#include "libs/log/kafka_delivery_admin.h"

#include <algorithm>
#include <vector>

#include "libs/base/status.h"
#include "libs/log/delivery_topics.h"
#include "libs/log/kafka_admin.h"
#include "libs/log/kafka_errors.h"

namespace hangou {
namespace {

// Old messages leave by whole segments, so a message goes at most so long behind its time.
constexpr int64_t kSegmentMs = 86'400'000;

using DeliverySettings = std::vector<std::pair<std::string, std::string>>;

DeliverySettings SettingsOfDelivery(const KafkaSettings& settings, int64_t retention_ms) {
  return {{"cleanup.policy", "delete"},
          {"retention.ms", std::to_string(retention_ms)},
          {"segment.ms", std::to_string(std::min(retention_ms, kSegmentMs))},
          {"min.insync.replicas", std::to_string(settings.min_insync_replicas)},
          {"max.message.bytes", std::to_string(kKafkaMessageBytes)}};
}

// What a principal may do with a topic: the topic and nothing else, and groups of its own.
struct AclLine {
  rd_kafka_ResourceType_t type;
  rd_kafka_ResourcePatternType_t pattern;
  rd_kafka_AclOperation_t operation;
};
constexpr AclLine kReaderAcls[] = {
    {RD_KAFKA_RESOURCE_TOPIC, RD_KAFKA_RESOURCE_PATTERN_LITERAL, RD_KAFKA_ACL_OPERATION_READ},
    {RD_KAFKA_RESOURCE_TOPIC, RD_KAFKA_RESOURCE_PATTERN_LITERAL, RD_KAFKA_ACL_OPERATION_DESCRIBE},
    {RD_KAFKA_RESOURCE_GROUP, RD_KAFKA_RESOURCE_PATTERN_PREFIXED, RD_KAFKA_ACL_OPERATION_READ},
};

// The outcome of one part of a request about several.
absl::Status PartOutcome(const rd_kafka_error_t* refused, const std::string& what) {
  if (refused == nullptr) return absl::OkStatus();
  return Annotate(KafkaStatus(rd_kafka_error_code(refused), what), rd_kafka_error_string(refused));
}

absl::Status NoAnswer(const std::string& what) { return KafkaStatus(RD_KAFKA_RESP_ERR__TIMED_OUT, what); }

}  // namespace

absl::Status KafkaDeliveryAdmin::Open() {
  ASSIGN_OR_RETURN(client_, KafkaClient::Open(settings_));
  return absl::OkStatus();
}

absl::Status KafkaDeliveryAdmin::EnsureTopic(const std::string& topic, int64_t retention_ms) {
  const absl::StatusOr<KafkaTopicShape> shape = client_->ShapeOf(topic);
  if (ReasonOf(shape.status()) == Reason::kObjectNotFound) {
    RETURN_IF_ERROR(CreateTopic(topic, retention_ms));
    return client_->AwaitTopic(topic).status();
  }
  RETURN_IF_ERROR(shape.status());
  ASSIGN_OR_RETURN(const auto found, client_->DescribeConfig(topic));
  const DeliverySettings wanted = SettingsOfDelivery(settings_, retention_ms);
  const bool same = std::all_of(wanted.begin(), wanted.end(), [&](const auto& setting) {
    const auto entry = found.find(setting.first);
    return entry != found.end() && entry->second == setting.second;
  });
  return same ? absl::OkStatus() : AlterTopic(topic, retention_ms);
}

absl::Status KafkaDeliveryAdmin::CreateTopic(const std::string& topic, int64_t retention_ms) {
  char error[kAdminErrorBytes];
  const KafkaNewTopic wanted(rd_kafka_NewTopic_new(topic.c_str(), kDeliveryPartitions,
                                                   settings_.replication_factor, error, sizeof error));
  if (wanted == nullptr) return MakeError(Reason::kInvalidRequest, "topic " + topic + ": " + error);
  for (const auto& [name, value] : SettingsOfDelivery(settings_, retention_ms)) {
    rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
  }
  const KafkaAdminOptions options = AdminOptionsOf(client_->handle(), RD_KAFKA_ADMIN_OP_CREATETOPICS);
  const KafkaQueue queue(rd_kafka_queue_new(client_->handle()));
  rd_kafka_NewTopic_t* topics[] = {wanted.get()};
  rd_kafka_CreateTopics(client_->handle(), topics, 1, options.get(), queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kAdministrationMs));
  const auto* result = event == nullptr ? nullptr : rd_kafka_event_CreateTopics_result(event.get());
  size_t count = 0;
  const auto* const* made = result == nullptr ? nullptr : rd_kafka_CreateTopics_result_topics(result, &count);
  const rd_kafka_resp_err_t outcome =
      count == 1 ? rd_kafka_topic_result_error(made[0]) : RD_KAFKA_RESP_ERR_NO_ERROR;
  if (outcome == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return absl::OkStatus();
  return AdminOutcome(event.get(), outcome,
                      count == 1 ? rd_kafka_topic_result_error_string(made[0]) : nullptr,
                      "create topic " + topic);
}

absl::Status KafkaDeliveryAdmin::AlterTopic(const std::string& topic, int64_t retention_ms) {
  const std::string what = "change the settings of " + topic;
  const KafkaConfigResource wanted(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  for (const auto& [name, value] : SettingsOfDelivery(settings_, retention_ms)) {
    rd_kafka_ConfigResource_set_config(wanted.get(), name.c_str(), value.c_str());
  }
  const KafkaAdminOptions options = AdminOptionsOf(client_->handle(), RD_KAFKA_ADMIN_OP_ALTERCONFIGS);
  const KafkaQueue queue(rd_kafka_queue_new(client_->handle()));
  rd_kafka_ConfigResource_t* resources[] = {wanted.get()};
  rd_kafka_AlterConfigs(client_->handle(), resources, 1, options.get(), queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kAdministrationMs));
  const auto* result = event == nullptr ? nullptr : rd_kafka_event_AlterConfigs_result(event.get());
  size_t count = 0;
  const auto* const* altered =
      result == nullptr ? nullptr : rd_kafka_AlterConfigs_result_resources(result, &count);
  return AdminOutcome(event.get(),
                      count == 1 ? rd_kafka_ConfigResource_error(altered[0]) : RD_KAFKA_RESP_ERR_NO_ERROR,
                      count == 1 ? rd_kafka_ConfigResource_error_string(altered[0]) : nullptr, what);
}

absl::Status KafkaDeliveryAdmin::RemoveTopic(const std::string& topic) {
  const KafkaDeleteTopic wanted(rd_kafka_DeleteTopic_new(topic.c_str()));
  const KafkaAdminOptions options = AdminOptionsOf(client_->handle(), RD_KAFKA_ADMIN_OP_DELETETOPICS);
  const KafkaQueue queue(rd_kafka_queue_new(client_->handle()));
  rd_kafka_DeleteTopic_t* topics[] = {wanted.get()};
  rd_kafka_DeleteTopics(client_->handle(), topics, 1, options.get(), queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kAdministrationMs));
  const auto* result = event == nullptr ? nullptr : rd_kafka_event_DeleteTopics_result(event.get());
  size_t count = 0;
  const auto* const* gone = result == nullptr ? nullptr : rd_kafka_DeleteTopics_result_topics(result, &count);
  const rd_kafka_resp_err_t outcome =
      count == 1 ? rd_kafka_topic_result_error(gone[0]) : RD_KAFKA_RESP_ERR_NO_ERROR;
  if (outcome == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return absl::OkStatus();
  return AdminOutcome(event.get(), outcome,
                      count == 1 ? rd_kafka_topic_result_error_string(gone[0]) : nullptr,
                      "remove topic " + topic);
}

absl::Status KafkaDeliveryAdmin::Allow(const std::string& topic, const std::string& principal) {
  const std::string what = "let " + principal + " read " + topic;
  std::vector<KafkaAclBinding> owned;
  std::vector<rd_kafka_AclBinding_t*> bindings;
  char error[kAdminErrorBytes];
  for (const AclLine& line : kReaderAcls) {
    owned.emplace_back(rd_kafka_AclBinding_new(line.type, topic.c_str(), line.pattern, principal.c_str(), "*",
                                               line.operation, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, error,
                                               sizeof error));
    if (owned.back() == nullptr) return MakeError(Reason::kInvalidRequest, what + ": " + error);
    bindings.push_back(owned.back().get());
  }
  const KafkaAdminOptions options = AdminOptionsOf(client_->handle(), RD_KAFKA_ADMIN_OP_CREATEACLS);
  const KafkaQueue queue(rd_kafka_queue_new(client_->handle()));
  rd_kafka_CreateAcls(client_->handle(), bindings.data(), bindings.size(), options.get(), queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kAdministrationMs));
  RETURN_IF_ERROR(AdminOutcome(event.get(), RD_KAFKA_RESP_ERR_NO_ERROR, nullptr, what));
  const auto* result = rd_kafka_event_CreateAcls_result(event.get());
  size_t count = 0;
  const auto* const* made = result == nullptr ? nullptr : rd_kafka_CreateAcls_result_acls(result, &count);
  if (count != bindings.size()) return NoAnswer(what);
  for (size_t i = 0; i < count; ++i) {
    RETURN_IF_ERROR(PartOutcome(rd_kafka_acl_result_error(made[i]), what));
  }
  return absl::OkStatus();
}

absl::Status KafkaDeliveryAdmin::Forbid(const std::string& topic, const std::string& principal) {
  const std::string what = "take " + topic + " from " + principal;
  std::vector<KafkaAclBinding> owned;
  std::vector<rd_kafka_AclBindingFilter_t*> filters;
  char error[kAdminErrorBytes];
  for (const AclLine& line : kReaderAcls) {
    owned.emplace_back(rd_kafka_AclBindingFilter_new(line.type, topic.c_str(), line.pattern,
                                                     principal.c_str(), nullptr, line.operation,
                                                     RD_KAFKA_ACL_PERMISSION_TYPE_ANY, error, sizeof error));
    if (owned.back() == nullptr) return MakeError(Reason::kInvalidRequest, what + ": " + error);
    filters.push_back(owned.back().get());
  }
  const KafkaAdminOptions options = AdminOptionsOf(client_->handle(), RD_KAFKA_ADMIN_OP_DELETEACLS);
  const KafkaQueue queue(rd_kafka_queue_new(client_->handle()));
  rd_kafka_DeleteAcls(client_->handle(), filters.data(), filters.size(), options.get(), queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kAdministrationMs));
  RETURN_IF_ERROR(AdminOutcome(event.get(), RD_KAFKA_RESP_ERR_NO_ERROR, nullptr, what));
  const auto* result = rd_kafka_event_DeleteAcls_result(event.get());
  size_t count = 0;
  const auto* const* gone =
      result == nullptr ? nullptr : rd_kafka_DeleteAcls_result_responses(result, &count);
  if (count != filters.size()) return NoAnswer(what);
  for (size_t i = 0; i < count; ++i) {
    RETURN_IF_ERROR(PartOutcome(rd_kafka_DeleteAcls_result_response_error(gone[i]), what));
  }
  return absl::OkStatus();
}

}  // namespace hangou
