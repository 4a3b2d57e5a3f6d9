// A whole installation of separate processes on a broker of its own, as tools/cluster.sh starts it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "libs/base/temp_folder.h"
#include "libs/client/client.h"

namespace hangou {

// Three replicas of the catalog, two of population, one each of tax, exchange and audit; the catalog of city.yaml.
// Crashes the test where it cannot be started. One thread at a time, except for the clients, which are thread-safe.
class Cluster {
 public:
  Cluster();
  // Stops everything, and kills what does not stop.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // A client with the identity DEPARTMENT-ROLE, issued when it is first asked for; the catalog's address only.
  Client& As(const std::string& department, const std::string& role);
  // "operator", "auditor", "manager-1".
  Client& Named(const std::string& identity);
  // Applies a file of YAML as manager 1, and approves as manager 2 where it has to be.
  void Apply(const std::string& path);
  // Sends a signal to a process ("population-0").
  void Signal(const std::string& name, int signal);
  // Where a process listens.
  std::string AddressOf(const std::string& name) const;
  bool IsRunning(const std::string& name) const;
  // Starts a process that does not run, behind `wrapper`, which takes its command as its last arguments and lends it
  // its process id. Returns at once.
  void Start(const std::string& name, const std::string& wrapper);
  // Starts what does not run; returns when everything is ready.
  void Up();
  void StopBroker();
  void StartBroker();
  // Which replica owns a group of population, and the epoch of its ownership.
  hangou::catalog::v1::GroupOwner OwnerOf(int32_t group);
  // Runs the command line with the contexts of this installation. Its exit code; `output` gets what it prints.
  int Hangou(const std::string& words, std::string* output) const;
  const std::string& folder() const { return folder_.path(); }

 private:
  int Run(const std::string& command);

  const TempFolder folder_;
  std::string environment_;
  std::map<std::string, std::unique_ptr<Client>> clients_;
};

}  // namespace hangou
