// A broker that goes away and comes back while a Kafka log is at work.
#pragma once

#include <signal.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/log/kafka_log.h"
#include "libs/log/log_contract.h"
#include "tests/kafka/broker_for_test.h"

namespace hangou {

inline constexpr int32_t kPartitions = 4;

// Appends to all partitions in a thread until it is told to end, and keeps what became of it.
class Appender {
 public:
  explicit Appender(Log* log) : log_(log), thread_([this] { Run(); }) {}
  ~Appender() { Stop(); }
  // Ends, and waits for the answers.
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    HANGOU_CHECK(WaitUntil([this] { return under_way_ == 0; }), "an append was not answered");
  }
  int64_t kept() const { return kept_; }
  int64_t failed() const { return failed_; }
  // The runs that were acknowledged: partition and offset of the first entry, and its key.
  std::map<std::pair<int32_t, int64_t>, std::string> acknowledged() {
    MutexLock lock(mutex_);
    return acknowledged_;
  }

 private:
  void Run() {
    for (int i = 0; !stopping_; ++i) {
      const int32_t partition = i % kPartitions;
      const std::string key = std::to_string(i);
      ++under_way_;
      log_->Append(
          "t", partition, {{key + "/0", "v"}, {key + "/1", "v"}},
          [this, partition, key](absl::StatusOr<int64_t> offset) { Answer(partition, key, offset); });
      std::this_thread::sleep_for(std::chrono::milliseconds(2));  // waits: the rate of a small city
    }
  }
  void Answer(int32_t partition, const std::string& key, const absl::StatusOr<int64_t>& offset) {
    {
      MutexLock lock(mutex_);
      if (offset.ok()) acknowledged_[{partition, *offset}] = key + "/0";
    }
    ++(offset.ok() ? kept_ : failed_);
    --under_way_;
  }

  Log* const log_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> kept_ = 0;
  std::atomic<int64_t> failed_ = 0;
  std::atomic<int64_t> under_way_ = 0;
  Mutex mutex_;
  std::map<std::pair<int32_t, int64_t>, std::string> acknowledged_ HANGOU_GUARDED_BY(mutex_);
  std::thread thread_;
};

// Everything that was acknowledged is there once, at its offset, and in the order of the appends.
inline void CheckKept(Log& log, const std::map<std::pair<int32_t, int64_t>, std::string>& acknowledged) {
  std::map<std::pair<int32_t, int64_t>, std::string> found;
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    const auto records = ReadPartition(log, "t", partition).value();
    int64_t last = -1;
    REQUIRE(records.size() % 2 == 0);
    for (size_t i = 0; i < records.size(); i += 2) {
      int64_t number = 0;
      REQUIRE(absl::SimpleAtoi(records[i].key.substr(0, records[i].key.find('/')), &number));
      REQUIRE(number > last);
      REQUIRE(records[i + 1].key == std::to_string(number) + "/1");
      last = number;
      found[{partition, records[i].offset}] = records[i].key;
    }
  }
  for (const auto& [place, key] : acknowledged) REQUIRE(found[place] == key);
}

// A reader that was open all the time goes on where it was.
inline void CheckReader(Log& log, LogReader& reader, size_t before) {
  std::vector<int32_t> all;
  for (int32_t partition = 0; partition < kPartitions; ++partition) all.push_back(partition);
  const auto ends = log.EndOffsets("t", all).value();
  size_t expected = 0;
  for (const auto& [partition, end] : ends) expected += static_cast<size_t>(end);
  CHECK(ReadCount(reader, expected - before).value().size() == expected - before);
}

// A log at a broker of its own, with appends going on and a reader that has read some.
struct Outage {
  Outage() {
    auto opened = KafkaLog::Open(KafkaSettingsForTest(broker.address()));
    REQUIRE(opened.ok());
    log = *std::move(opened);
    REQUIRE(log->EnsureTopic("t", kPartitions).ok());
    reader = log->OpenReader("t", {{0, 0}, {1, 0}, {2, 0}, {3, 0}}).value();
    appender = std::make_unique<Appender>(log.get());
    REQUIRE(WaitUntil([this] { return appender->kept() >= 100; }));
    read_before = ReadCount(*reader, 100).value().size();
  }
  // Sends the broker a signal that takes it away.
  void TakeAway(int signal) {
    away_from_us = SystemClock().BootUs();
    broker.Signal(signal);
  }
  // After the broker is back: all that was taken is there.
  void Check() {
    const int64_t kept = appender->kept();
    REQUIRE(WaitUntil([&] { return appender->kept() > kept; }));
    const int64_t away_us = SystemClock().BootUs() - away_from_us;
    REQUIRE(WaitUntil([&] { return appender->kept() >= kept + 200; }));
    appender->Stop();
    // On a busy machine a broker takes longer to come back than an append waits for it.
    if (away_us < 25 * kUsPerSecond) CHECK(appender->failed() == 0);
    CheckKept(*log, appender->acknowledged());
    CheckReader(*log, *reader, read_before);
  }

  OwnKafkaBroker broker;
  std::unique_ptr<KafkaLog> log;
  std::unique_ptr<LogReader> reader;
  std::unique_ptr<Appender> appender;
  size_t read_before = 0;
  int64_t away_from_us = 0;
};

}  // namespace hangou
