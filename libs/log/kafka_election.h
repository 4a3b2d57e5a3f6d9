// Elections through the group coordinator of the brokers.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "libs/log/kafka_conf.h"
#include "libs/log/log.h"

namespace hangou {

// A member of a group that reads a topic of one partition: who is given the partition leads. A member that the
// coordinator has not heard of for some seconds loses it, and knows so itself after the same time.
class KafkaCandidacy final : public Candidacy {
 public:
  // `group` and `topic` are their names at the broker. Where a client cannot be made or the coordinator does
  // not answer, it does not lead, and goes on trying.
  KafkaCandidacy(KafkaSettings settings, std::string group, std::string topic,
                 std::function<void(bool leads)> changed);
  ~KafkaCandidacy() override;

 private:
  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t event,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque);
  void Serve();
  absl::Status Join();
  void Poll();
  void SetLeads(bool leads);

  const KafkaSettings settings_;
  const std::string group_;
  const std::string topic_;
  const std::function<void(bool leads)> changed_;
  std::atomic<bool> stopping_ = false;
  // Of the thread.
  KafkaHandle client_;
  bool leads_ = false;
  std::thread thread_;
};

}  // namespace hangou
