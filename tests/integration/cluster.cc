#include "tests/integration/cluster.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include "libs/base/status.h"
#include "libs/policy/yaml.h"
#include "libs/rpc/certificates.h"
#include "tests/integration/city.h"

namespace hangou {
namespace {

constexpr char kProcesses[] =
    "catalog-0 catalog-1 catalog-2 population-0 population-1 tax-0 exchange-0 audit-0";
constexpr int kPorts = 8;
// tools/cluster.sh scrapes a process this far above the port that it serves at.
constexpr int kMetricsPorts = 100;

bool IsFree(uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool bound = ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(listener);
  return bound;
}

// The first of as many free ports in a row as there are processes, below those that the system gives away.
int FreePorts() {
  for (int first = 20'000 + ::getpid() % 500 * 20; first < 32'000; first += kPorts) {
    bool all = true;
    for (int port = first; port < first + kPorts; ++port) {
      all = all && IsFree(static_cast<uint16_t>(port)) && IsFree(static_cast<uint16_t>(port + kMetricsPorts));
    }
    if (all) return first;
  }
  HANGOU_CHECK(false, "no free ports");
}

std::string FirstLineOf(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

Cluster::Cluster() {
  environment_ = "HANGOU_BIN=" HANGOU_BIN_FOLDER " CLUSTER_PARTITIONS=16 CLUSTER_GROUPS=4 CLUSTER_PORT=" +
                 std::to_string(FreePorts()) + " CLUSTER_PROCESSES='" + kProcesses + "' ";
  Up();
  Apply(std::string(HANGOU_SOURCE_DIR) + "/tests/integration/city.yaml");
}

Cluster::~Cluster() {
  clients_.clear();
  for (const std::string name : {"population-0", "population-1", "exchange-0"}) {
    const std::string pid = FirstLineOf(folder() + "/pids/" + name);
    if (!pid.empty()) ::kill(static_cast<pid_t>(std::atol(pid.c_str())), SIGCONT);
  }
  Run("down");
}

int Cluster::Run(const std::string& command) {
  return std::system((environment_ + HANGOU_SOURCE_DIR + "/tools/cluster.sh " + command + " " + folder() +
                      " >>" + folder() + "/cluster.log 2>&1")
                         .c_str());
}

void Cluster::Up() {
  if (Run("up") == 0) return;
  std::ifstream log(folder() + "/cluster.log");
  std::stringstream said;
  said << log.rdbuf();
  HANGOU_CHECK(false, "the cluster does not start: " + said.str());
}

std::string Cluster::AddressOf(const std::string& name) const {
  std::ifstream settings(folder() + "/settings/" + name + ".yaml");
  for (std::string line; std::getline(settings, line);) {
    if (line.starts_with("listen: ")) return line.substr(8);
  }
  HANGOU_CHECK(false, "no settings of " + name);
}

bool Cluster::IsRunning(const std::string& name) const {
  const std::string pid = FirstLineOf(folder() + "/pids/" + name);
  return !pid.empty() && ::kill(static_cast<pid_t>(std::atol(pid.c_str())), 0) == 0;
}

void Cluster::Start(const std::string& name, const std::string& wrapper) {
  const std::string program = "hangou-" + name.substr(0, name.rfind('-'));
  const std::string command = "setsid " + wrapper + " " HANGOU_BIN_FOLDER "/" + program + " --settings " +
                              folder() + "/settings/" + name + ".yaml </dev/null >>" + folder() + "/logs/" +
                              name + ".log 2>&1 & echo $! >" + folder() + "/pids/" + name;
  HANGOU_CHECK(std::system(command.c_str()) == 0, "cannot start " + name);
}

int Cluster::Hangou(const std::string& words, std::string* output) const {
  const std::string command = "HANGOU_CONFIG=" + folder() + "/config.yaml " HANGOU_BIN_FOLDER "/hangou " +
                              words + " 2>>" + folder() + "/cluster.log";
  FILE* const pipe = ::popen(command.c_str(), "r");
  HANGOU_CHECK(pipe != nullptr, "cannot run " + words);
  char bytes[4096];
  for (size_t count = 0; (count = ::fread(bytes, 1, sizeof bytes, pipe)) > 0;) output->append(bytes, count);
  const int status = ::pclose(pipe);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void Cluster::StopBroker() {
  const std::string command =
      std::string(HANGOU_SOURCE_DIR) + "/tools/kafka/broker.sh stop " + folder() + "/kafka";
  HANGOU_CHECK(std::system(command.c_str()) == 0, "the broker does not stop");
}

void Cluster::StartBroker() {
  const std::string command = std::string(HANGOU_SOURCE_DIR) + "/tools/kafka/broker.sh start " + folder() +
                              "/kafka " + folder() + "/identities/platform-service-broker-0";
  HANGOU_CHECK(std::system(command.c_str()) == 0, "the broker does not start");
}

void Cluster::Signal(const std::string& name, int signal) {
  const std::string pid = FirstLineOf(folder() + "/pids/" + name);
  HANGOU_CHECK(!pid.empty() && ::kill(static_cast<pid_t>(std::atol(pid.c_str())), signal) == 0,
               "cannot signal " + name);
}

Client& Cluster::Named(const std::string& identity) {
  auto& client = clients_[identity];
  if (!client) {
    std::string addresses;
    for (const char* name : {"catalog-0", "catalog-1", "catalog-2"})
      addresses += (addresses.empty() ? "" : ",") + AddressOf(name);
    auto connected = Client::Connect({addresses, folder() + "/identities/" + identity, 20'000});
    HANGOU_CHECK(connected.ok(), Message(connected.status()));
    client = std::move(*connected);
  }
  return *client;
}

Client& Cluster::As(const std::string& department, const std::string& role) {
  const std::string name = department + "-" + role;
  if (!clients_.contains(name)) {
    IdentityRequest request;
    request.department = department;
    request.role = role;
    request.workload = "test";
    const absl::Status issued = IssueIdentity(folder() + "/ca", request, folder() + "/identities/" + name);
    HANGOU_CHECK(issued.ok(), Message(issued));
  }
  return Named(name);
}

void Cluster::Apply(const std::string& path) {
  const auto objects = LoadObjects(path);
  HANGOU_CHECK(objects.ok(), Message(objects.status()));
  hangou::catalog::v1::ApplyRequest request;
  for (const auto& object : *objects) *request.add_objects() = object;
  const auto applied = Named("manager-1").Apply(request);
  HANGOU_CHECK(applied.ok(), Message(applied.status()));
  if (applied->waiting_change().empty()) return;
  const auto approved = Named("manager-2").Approve(applied->waiting_change());
  HANGOU_CHECK(approved.ok(), Message(approved.status()));
}

hangou::catalog::v1::GroupOwner Cluster::OwnerOf(int32_t group) {
  const auto placement = Named("operator").GetPlacement();
  HANGOU_CHECK(placement.ok(), Message(placement.status()));
  for (const auto& owner : placement->placement().owners()) {
    if (owner.library() == "population" && owner.group() == group) return owner;
  }
  return {};
}

}  // namespace hangou
