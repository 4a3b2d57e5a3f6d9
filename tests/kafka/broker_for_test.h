// Kafka brokers for tests: the one that they share, and one that a test may stop.
#pragma once

#include <signal.h>
#include <stdlib.h>

#include <fstream>
#include <string>

#include "libs/base/keys.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "libs/log/kafka_settings.h"

namespace hangou {

// The first line of a file; crashes where there is none.
inline std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  HANGOU_CHECK(std::getline(file, line), "no broker: run the tests by ctest, which starts it (" + path + ")");
  return line;
}

// The folder of an identity that the tests' brokers know: catalog and exchange have what the log needs on names
// that begin with "test.", exchange may also give others access; stranger and the consumers tax-desk and tax-hall have
// nothing, and foreign is of another CA.
inline std::string KafkaIdentity(const std::string& name) {
  return std::string(HANGOU_KAFKA_FIXTURE) + "/identities/" + name;
}

// How to reach the broker at an address, with a topic prefix of one's own.
inline KafkaSettings KafkaSettingsForTest(const std::string& address,
                                          const std::string& identity = "catalog") {
  KafkaSettings settings;
  settings.bootstrap_servers = address;
  settings.identity_folder = KafkaIdentity(identity);
  settings.topic_prefix = "test." + Hex(RandomBytes(6)) + ".";
  settings.replication_factor = 1;
  settings.min_insync_replicas = 1;
  return settings;
}

// The same for the broker that the tests share (a test's FIXTURES_REQUIRED names it).
inline KafkaSettings SharedKafka(const std::string& identity = "catalog") {
  return KafkaSettingsForTest(FirstLine(std::string(HANGOU_KAFKA_FIXTURE) + "/broker/address"), identity);
}

// A broker of one test, which may be stopped. Its data stays until the end. Used by one thread.
class OwnKafkaBroker {
 public:
  OwnKafkaBroker() { Start(); }
  ~OwnKafkaBroker() { Stop(); }
  OwnKafkaBroker(const OwnKafkaBroker&) = delete;
  OwnKafkaBroker& operator=(const OwnKafkaBroker&) = delete;

  // HOST:PORT, the same over all starts.
  const std::string& address() const { return address_; }
  // Starts it again, with what it has stored.
  void Start() {
    Run("start " + folder_.path() + "/broker " + KafkaIdentity("broker") +
        " --prefix test. platform.service.catalog platform.service.exchange");
    address_ = FirstLine(folder_.path() + "/broker/address");
  }
  // Stops it in good order.
  void Stop() { Run("stop " + folder_.path() + "/broker"); }
  // Lets it neither answer nor close connections any more, like a machine that hangs; Signal(SIGCONT) ends that.
  // SIGKILL is the loss of its process.
  void Signal(int signal) {
    const std::string pid = FirstLine(folder_.path() + "/broker/pid");
    HANGOU_CHECK(::kill(static_cast<pid_t>(::atol(pid.c_str())), signal) == 0, "cannot signal the broker");
  }

 private:
  static void Run(const std::string& arguments) {
    const std::string command = std::string(HANGOU_SOURCE_DIR) + "/tools/kafka/broker.sh " + arguments;
    HANGOU_CHECK(::system(command.c_str()) == 0, "failed: " + command);
  }

  const TempFolder folder_;
  std::string address_;
};

}  // namespace hangou
