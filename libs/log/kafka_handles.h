// The objects of librdkafka's C API, each owned by one pointer.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

namespace hangou {

// Destroys an object of librdkafka.
template <auto kDestroy>
struct KafkaFreer {
  template <class T>
  void operator()(T* object) const {
    kDestroy(object);
  }
};

// What belongs to a client (topics, queues) goes before the client.
using KafkaHandle = std::unique_ptr<rd_kafka_t, KafkaFreer<rd_kafka_destroy>>;
using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaFreer<rd_kafka_conf_destroy>>;
using KafkaTopicHandle = std::unique_ptr<rd_kafka_topic_t, KafkaFreer<rd_kafka_topic_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaFreer<rd_kafka_queue_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, KafkaFreer<rd_kafka_event_destroy>>;
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, KafkaFreer<rd_kafka_message_destroy>>;
using KafkaMetadata = std::unique_ptr<const rd_kafka_metadata_t, KafkaFreer<rd_kafka_metadata_destroy>>;
using KafkaPartitions =
    std::unique_ptr<rd_kafka_topic_partition_list_t, KafkaFreer<rd_kafka_topic_partition_list_destroy>>;
using KafkaNewTopic = std::unique_ptr<rd_kafka_NewTopic_t, KafkaFreer<rd_kafka_NewTopic_destroy>>;
using KafkaConfigResource =
    std::unique_ptr<rd_kafka_ConfigResource_t, KafkaFreer<rd_kafka_ConfigResource_destroy>>;
using KafkaAdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, KafkaFreer<rd_kafka_AdminOptions_destroy>>;
using KafkaAclBinding = std::unique_ptr<rd_kafka_AclBinding_t, KafkaFreer<rd_kafka_AclBinding_destroy>>;
using KafkaDeleteTopic = std::unique_ptr<rd_kafka_DeleteTopic_t, KafkaFreer<rd_kafka_DeleteTopic_destroy>>;
using KafkaErrorObject = std::unique_ptr<rd_kafka_error_t, KafkaFreer<rd_kafka_error_destroy>>;

}  // namespace hangou
