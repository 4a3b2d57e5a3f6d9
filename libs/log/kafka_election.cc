#include "libs/log/kafka_election.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <syslog.h>

#include <chrono>
#include <utility>

#include "libs/base/status.h"
#include "libs/log/kafka_errors.h"

namespace hangou {
namespace {

// The least that brokers allow by default: how long nobody leads after a leader was killed.
constexpr char kSessionMs[] = "6000";
constexpr char kHeartbeatMs[] = "1500";
// Of one wait for the coordinator's news, which end it.
constexpr int kElectionServeMs = 100;
constexpr auto kJoinAgain = std::chrono::seconds(1);

}  // namespace

KafkaCandidacy::KafkaCandidacy(KafkaSettings settings, std::string group, std::string topic,
                               std::function<void(bool leads)> changed)
    : settings_(std::move(settings)),
      group_(std::move(group)),
      topic_(std::move(topic)),
      changed_(std::move(changed)),
      thread_([this] { Serve(); }) {
  pthread_setname_np(thread_.native_handle(), "kafka-election");
}

KafkaCandidacy::~KafkaCandidacy() {
  stopping_ = true;
  thread_.join();
}

absl::Status KafkaCandidacy::Join() {
  // Cooperative and sticky: a candidate that comes does not interrupt the one that leads.
  ASSIGN_OR_RETURN(KafkaConf conf, MakeKafkaConf(settings_, "election",
                                                 {{"group.id", group_},
                                                  {"partition.assignment.strategy", "cooperative-sticky"},
                                                  {"session.timeout.ms", kSessionMs},
                                                  {"heartbeat.interval.ms", kHeartbeatMs},
                                                  {"enable.auto.commit", "false"},
                                                  {"auto.offset.reset", "latest"}}));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
  ASSIGN_OR_RETURN(KafkaHandle client, MakeKafkaClient(RD_KAFKA_CONSUMER, std::move(conf)));
  rd_kafka_poll_set_consumer(client.get());
  const KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
  RETURN_IF_ERROR(KafkaStatus(rd_kafka_subscribe(client.get(), topics.get()), "join " + group_));
  client_ = std::move(client);
  return absl::OkStatus();
}

void KafkaCandidacy::Serve() {
  while (!stopping_) {
    if (client_ != nullptr) {
      Poll();
    } else if (const absl::Status joined = Join(); !joined.ok()) {
      spdlog::warn("kafka: no candidate for {}: {}", group_, Message(joined));
      std::this_thread::sleep_for(kJoinAgain);  // waits: the identity is being replaced
    }
  }
  // Tells the coordinator, so that another one leads at once.
  if (client_ != nullptr) rd_kafka_consumer_close(client_.get());
}

void KafkaCandidacy::Poll() {
  const KafkaMessage message(rd_kafka_consumer_poll(client_.get(), kElectionServeMs));
  if (message == nullptr || message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  PassOnKafkaLine(client_.get(), LOG_ERR, "ELECTION", rd_kafka_message_errstr(message.get()));
  SetLeads(leads_ && rd_kafka_assignment_lost(client_.get()) == 0);
}

void KafkaCandidacy::SetLeads(bool leads) {
  if (leads == std::exchange(leads_, leads) || stopping_) return;
  changed_(leads);
}

// On the thread that serves.
void KafkaCandidacy::OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t event,
                                 rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  auto* const self = static_cast<KafkaCandidacy*>(opaque);
  if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    const KafkaErrorObject failed(rd_kafka_incremental_assign(client, partitions));
    if (failed == nullptr && partitions->cnt > 0) {
      rd_kafka_pause_partitions(client,
                                partitions);  // the partition stands for the office; nobody reads it here
      self->SetLeads(true);
    }
    return;
  }
  if (partitions->cnt > 0) self->SetLeads(false);
  const KafkaErrorObject failed(rd_kafka_incremental_unassign(client, partitions));
}

}  // namespace hangou
