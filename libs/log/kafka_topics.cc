// The topics of the Kafka log: how they are made, and what one that is there must be like.
#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/log/argument_checks.h"
#include "libs/log/kafka_admin.h"
#include "libs/log/kafka_client.h"
#include "libs/log/kafka_errors.h"

namespace hangou {
namespace {

constexpr int64_t kErasedWithinMs = 11 * 3'600'000LL;
constexpr auto kTopicLookEvery = std::chrono::milliseconds(20);

// How a topic must be configured.
struct TopicSetting {
  const char* name;
  std::string wanted;
  bool at_least;  // a larger number serves too
};

std::vector<TopicSetting> SettingsOfTopics(const KafkaSettings& settings) {
  return {
      // Nothing disappears but what has a newer entry of the same key.
      {"cleanup.policy", "compact", false},
      {"retention.ms", "-1", false},
      {"retention.bytes", "-1", false},
      {"min.insync.replicas", std::to_string(settings.min_insync_replicas), true},
      // What is erased is gone within a day: half of it until its event goes too, half for the broker's cleaner.
      {"max.compaction.lag.ms", std::to_string(kErasedWithinMs), false},
      // A copy that was away for less knows of every erasure; one that was away for longer builds its view anew.
      {"delete.retention.ms", std::to_string(kTombstonesLiveMs), true},
      {"max.message.bytes", std::to_string(kKafkaMessageBytes), true},
  };
}

bool Serves(const TopicSetting& setting, const std::string& found) {
  if (found == setting.wanted) return true;
  int64_t found_number = 0;
  int64_t wanted_number = 0;
  return setting.at_least && absl::SimpleAtoi(found, &found_number) &&
         absl::SimpleAtoi(setting.wanted, &wanted_number) && found_number >= wanted_number;
}

absl::Status WrongTopicSetting(const std::string& topic, const std::string& setting, const std::string& found,
                               const std::string& wanted) {
  return MakeError(Reason::kInvalidRequest, "topic " + topic + " has " + setting + " " + found +
                                                ", and needs " + wanted + "; correct it at the broker");
}

}  // namespace

absl::Status KafkaClient::EnsureTopic(const std::string& topic, int32_t partitions) {
  absl::StatusOr<KafkaTopicShape> shape = ShapeOf(topic);
  if (ReasonOf(shape.status()) == Reason::kObjectNotFound) {
    RETURN_IF_ERROR(CreateTopic(topic, partitions));
  } else if (!shape.ok()) {
    return shape.status();
  }
  if (!shape.ok() || !shape->every_has_leader) {
    ASSIGN_OR_RETURN(shape, AwaitTopic(topic));
  }
  RETURN_IF_ERROR(CheckPartitionCount(topic, shape->partitions, partitions));
  if (shape->replicas < settings_.replication_factor) {
    return WrongTopicSetting(topic, "a replication factor of", std::to_string(shape->replicas),
                             std::to_string(settings_.replication_factor));
  }
  RETURN_IF_ERROR(CheckConfig(topic));
  // The metadata tells of a leader before that one knows of its partition. Appends in between are the one case in
  // which a broker takes the second request of a producer although it refused the first.
  std::vector<int32_t> all(static_cast<size_t>(partitions));
  std::iota(all.begin(), all.end(), 0);
  return EndOffsets(topic, all).status();
}

absl::Status KafkaClient::CreateTopic(const std::string& topic, int32_t partitions) {
  char error[kAdminErrorBytes];
  const KafkaNewTopic wanted(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, settings_.replication_factor, error, sizeof error));
  if (wanted == nullptr) return MakeError(Reason::kInvalidRequest, "topic " + topic + ": " + error);
  for (const TopicSetting& setting : SettingsOfTopics(settings_)) {
    rd_kafka_NewTopic_set_config(wanted.get(), setting.name, setting.wanted.c_str());
  }
  const KafkaAdminOptions options = AdminOptionsOf(client_.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS);
  const KafkaQueue queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_NewTopic_t* topics[] = {wanted.get()};
  rd_kafka_CreateTopics(client_.get(), topics, 1, options.get(), queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kAdministrationMs));
  rd_kafka_resp_err_t created = RD_KAFKA_RESP_ERR_NO_ERROR;
  const char* detail = nullptr;
  size_t count = 0;
  const auto* result = event == nullptr ? nullptr : rd_kafka_event_CreateTopics_result(event.get());
  const auto* const* outcomes =
      result == nullptr ? nullptr : rd_kafka_CreateTopics_result_topics(result, &count);
  if (count == 1) {
    created = rd_kafka_topic_result_error(outcomes[0]);
    detail = rd_kafka_topic_result_error_string(outcomes[0]);
  }
  // Another process was faster.
  if (created == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return absl::OkStatus();
  return AdminOutcome(event.get(), created, detail, "create topic " + topic);
}

absl::StatusOr<KafkaTopicShape> KafkaClient::AwaitTopic(const std::string& topic) {
  const int64_t deadline_us = SystemClock().BootUs() + kAdministrationMs * kUsPerMs;
  for (;;) {
    const absl::StatusOr<KafkaTopicShape> shape = ShapeOf(topic);
    if (shape.ok() && shape->every_has_leader) return shape;
    if (!shape.ok() && ReasonOf(shape.status()) != Reason::kObjectNotFound) return shape.status();
    if (SystemClock().BootUs() > deadline_us) {
      return KafkaStatus(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, "wait for topic " + topic);
    }
    std::this_thread::sleep_for(kTopicLookEvery);  // waits: brokers offer only polling for a new topic
  }
}

absl::Status KafkaClient::CheckConfig(const std::string& topic) {
  ASSIGN_OR_RETURN(const auto found, DescribeConfig(topic));
  for (const TopicSetting& setting : SettingsOfTopics(settings_)) {
    const auto entry = found.find(setting.name);
    const std::string value = entry == found.end() ? "nothing" : entry->second;
    if (!Serves(setting, value)) {
      return WrongTopicSetting(topic, setting.name, value,
                               (setting.at_least ? "at least " : "") + setting.wanted);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::string>> KafkaClient::DescribeConfig(const std::string& topic) {
  const KafkaConfigResource wanted(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const KafkaAdminOptions options = AdminOptionsOf(client_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  const KafkaQueue queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_ConfigResource_t* resources[] = {wanted.get()};
  rd_kafka_DescribeConfigs(client_.get(), resources, 1, options.get(), queue.get());
  const KafkaEvent event(rd_kafka_queue_poll(queue.get(), kAdministrationMs));
  const auto* result = event == nullptr ? nullptr : rd_kafka_event_DescribeConfigs_result(event.get());
  size_t count = 0;
  const auto* const* described =
      result == nullptr ? nullptr : rd_kafka_DescribeConfigs_result_resources(result, &count);
  const bool one = count == 1;
  RETURN_IF_ERROR(AdminOutcome(
      event.get(), one ? rd_kafka_ConfigResource_error(described[0]) : RD_KAFKA_RESP_ERR_NO_ERROR,
      one ? rd_kafka_ConfigResource_error_string(described[0]) : nullptr, "read the settings of " + topic));
  std::map<std::string, std::string> settings;
  size_t entries = 0;
  const auto* const* all = one ? rd_kafka_ConfigResource_configs(described[0], &entries) : nullptr;
  for (size_t i = 0; i < entries; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(all[i]);
    settings[rd_kafka_ConfigEntry_name(all[i])] = value == nullptr ? "" : value;
  }
  return settings;
}

}  // namespace hangou
