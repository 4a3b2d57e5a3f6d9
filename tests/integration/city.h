// A small city for the integration tests: a standalone installation in a folder of its own, with identities.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hangou/audit/v1/entry.pb.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "hangou/catalog/v1/catalog.pb.h"
#include "libs/base/temp_folder.h"
#include "libs/client/client.h"
#include "services/standalone/standalone.h"

namespace hangou {

// A row as people write it: field name and text.
using Row = std::vector<std::pair<std::string, std::string>>;

// A city in this process, on the embedded log; where $HANGOU_TEST_LOG is "kafka", on the real broker, under a prefix of
// its own. $HANGOU_TEST_KAFKA is the folder of the broker's fixture. Fails the test (REQUIRE) where anything
// that it needs fails. One thread at a time, except for the clients, which are thread-safe.
class City {
 public:
  // Starts an empty installation, and applies city.yaml unless `empty`.
  explicit City(bool empty = false);

  // Stops the process's part and starts it again on the same folder.
  void Restart();
  void Stop() { standalone_.reset(); }
  absl::Status Start();
  // Stops, copies the log to the broker of the tests, and starts again there, on the same data folder.
  void MoveToKafka();
  Standalone& standalone() { return *standalone_; }
  const std::string& data() const { return folder_.path(); }
  const std::string& address() const { return address_; }

  // A client with the identity DEPARTMENT-ROLE, issued when it is first asked for.
  Client& As(const std::string& department, const std::string& role);
  // The managers, and the auditor, that every installation has.
  Client& Manager(int number = 1);
  Client& Auditor();
  // Folder of an identity.
  std::string IdentityFolder(const std::string& department, const std::string& role);

  // Applies YAML text as manager 1; a change that waits is approved by manager 2.
  hangou::catalog::v1::ApplyResponse Apply(const std::string& yaml);

  // A payload of a resource.
  std::string Payload(const std::string& resource, const Row& row);
  // Publishes one batch of payloads and returns its answer.
  hangou::base_library::v1::PublishResponse Publish(const std::string& department,
                                                    const std::string& resource,
                                                    const std::vector<std::string>& payloads,
                                                    const std::string& request_id,
                                                    uint64_t source_version = 0);
  hangou::base_library::v1::PublishResponse PublishBatch(
      const std::string& department, const hangou::base_library::v1::PublishRequest& request);
  // Reads one entity.
  absl::StatusOr<hangou::base_library::v1::GetResponse> Get(const std::string& department,
                                                            const std::string& resource,
                                                            const std::string& id, const std::string& purpose,
                                                            const std::string& case_number = "");
  // A record of a reply as field name -> text.
  std::map<std::string, std::string> Fields(const std::string& resource,
                                            const hangou::record::v1::Record& record);
  // Entries of the audit chain, verified from its start.
  std::vector<hangou::audit::v1::Entry> AuditEntries();

 private:
  Client& ClientOf(const std::string& identity_name);

  TempFolder folder_;
  const std::string topic_prefix_;  // on the broker, for the life of the city
  bool on_kafka_ = false;
  std::string address_ = "127.0.0.1:0";
  std::unique_ptr<Standalone> standalone_;
  std::map<std::string, std::unique_ptr<Client>> clients_;
};

// A negative list entry that withholds psb.resident's phone from everybody.
inline constexpr char kWithholdPhone[] = R"(
kind: NegativeListEntry
name: neg-phone
title: 联系电话不予共享
resource: resources/psb.resident
field: phone
legal_basis: 个人信息保护法第二十八条
review_date: "2027-12-31"
)";

// A resident of the small city as a row; `version` counts seconds.
Row Resident(const std::string& citizen_id, const std::string& name, int version = 1);
// A valid citizen id of Yangzhou, another for every number from 0 to 99,999.
std::string CitizenId(int number);
// A valid credit code, another for every number.
std::string Uscc(int number);

// Waits until `condition` holds; false where it does not within `timeout_ms`.
bool Eventually(const std::function<bool()>& condition, int64_t timeout_ms = 60'000);

}  // namespace hangou
