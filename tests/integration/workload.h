// Departments at work while things go wrong: some publish, one reads, one subscribes; and what must hold afterwards.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/mutex.h"
#include "libs/client/client.h"

namespace grpc {
class Channel;
}

namespace hangou {

// Publishes versions of few records of psb.resident under three publishers, each again until it is acknowledged, reads
// them, and subscribes to them, on threads of its own. Made for the city of city.yaml.
class Workload {
 public:
  // What was acknowledged.
  struct Acknowledged {
    std::map<std::string, int> versions;          // by citizen id: the newest
    std::set<std::pair<int, int64_t>> positions;  // partition and offset of every accepted change
    int64_t answered_reads = 0;
    int64_t failed_reads = 0;
    std::map<std::string, int64_t> failures;  // of reads, by reason
  };

  // `publisher` and `consumer` are clients of psb and civil, and outlive the workload. Begins to subscribe.
  Workload(Client& publisher, Client& consumer);
  // Stops.
  ~Workload();

  // Waits until the subscriber has caught up, and begins to publish and to read. False where it does not catch up.
  bool Start();
  // Changes acknowledged so far.
  size_t acknowledged_count();
  // Waits until so many more are acknowledged than now.
  bool AwaitProgress(size_t changes, int64_t timeout_ms);
  Acknowledged acknowledged();
  // Ends publishing and reading; the subscriber goes on.
  void StopPublishing();
  // Waits until the subscriber has every acknowledged change, then ends it. How many it misses.
  size_t AwaitDelivered(int64_t timeout_ms);
  // Positions that were delivered. After AwaitDelivered.
  std::set<std::pair<int, int64_t>> delivered();
  // Deliveries that repeated a position with other content.
  int wrong_repeats();
  // The records whose stored version is below the newest acknowledged one, or that are missing or there twice.
  std::vector<std::string> Lost();

 private:
  struct State;

  const std::unique_ptr<State> state_;
};

}  // namespace hangou
