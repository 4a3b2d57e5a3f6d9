// A base library: the one core that population, legal_entity, geographic, tax and credit share. No transport.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "hangou/base_library/v1/base_library.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/caller.h"
#include "libs/base/clock.h"
#include "libs/base/keys.h"
#include "libs/base_library/erase_ledger.h"
#include "libs/base_library/partition_group.h"
#include "libs/base_library/quality.h"
#include "libs/base_library/references.h"
#include "libs/log/log.h"
#include "libs/log/record_topic.h"
#include "libs/peer/peer.h"
#include "libs/policy/policy_holder.h"
#include "libs/store/store.h"

namespace hangou {

// Tables of the local store that a library uses.
struct LocalTables {
  int verify;      // counts of Verify
  int quality;     // counts of what departments send
  int quarantine;  // refused records
};

// What a library works with. The references must outlive it.
struct LibraryContext {
  Log& log;
  Store& local;  // what the log does not hold
  LocalTables tables;
  PolicyHolder& policy;
  AuditChain& audit;
  const KeyRing& keys;
  const Clock& clock;
  std::shared_ptr<StoreBudget> budget;
  Peer& peer;  // to hand records to other replicas
};

// How a library is laid out. Partitions and groups are fixed for the life of an installation.
struct LibraryOptions {
  std::string name;    // "population"
  std::string folder;  // its views
  // File of its ledger of erasures (EraseLedger): what a restored copy of the log must not bring back. Not to be
  // restored with the rest.
  std::string erase_ledger;
  std::string replica;  // name of this process in the placement
  int32_t partitions;
  int32_t groups;
};

// What a partition group is doing, for operators.
struct GroupFigures {
  bool serves = false;  // as its owner
  int64_t applied = 0;  // log records since the start
  int64_t lag_us = 0;   // PartitionGroup::lag_us
};

class PublishBatch;
class RecordPresenter;
struct ReadScope;
struct SurveyCursor;

// A replica of a base library: a copy of all partition groups, and the owner of those that the placement gives it.
// Records of other groups are handed to their owner; reads of other groups are answered NOT_OWNER, and passed on to
// the address of OwnerElsewhere by whoever serves the library. Thread-safe. Every call answers through `done`,
// exactly once, from any thread; the reply is to be handed to the transport inside `done`, because the policy pin
// that it was decided under goes when `done` returns. Calls end before the library does: stop what calls it, then
// Stop.
class Library {
 public:
  using Done = std::function<void(absl::Status)>;

  Library(LibraryOptions options, LibraryContext context);
  ~Library();

  // Ensures the topic and starts every group, which follow the placement from then on; returns at once.
  absl::Status Start();
  // Waits until all groups are copies that have caught up. A group whose log is damaged does not serve and its error is
  // returned, but the others do.
  absl::Status AwaitCopies(int64_t timeout_ms);
  // Waits until every group that the placement gives to this replica serves, and it gives it at least one.
  absl::Status AwaitServing(int64_t timeout_ms);
  void Stop();

  // Authorises, walks and hands to the owners; one outcome per record, one audit entry per batch.
  void Publish(const Caller& caller, const hangou::base_library::v1::PublishRequest& request,
               hangou::base_library::v1::PublishResponse* response, Done done);
  void Delete(const Caller& caller, const hangou::base_library::v1::DeleteRequest& request,
              hangou::base_library::v1::PublishResponse* response, Done done);
  void Get(const Caller& caller, const hangou::base_library::v1::GetRequest& request,
           hangou::base_library::v1::GetResponse* response, Done done);
  void BatchGet(const Caller& caller, const hangou::base_library::v1::BatchGetRequest& request,
                hangou::base_library::v1::BatchGetResponse* response, Done done);
  void GetHistory(const Caller& caller, const hangou::base_library::v1::GetHistoryRequest& request,
                  hangou::base_library::v1::GetHistoryResponse* response, Done done);
  void List(const Caller& caller, const hangou::base_library::v1::ListRequest& request,
            hangou::base_library::v1::ListResponse* response, Done done);
  void Verify(const Caller& caller, const hangou::base_library::v1::VerifyRequest& request,
              hangou::base_library::v1::VerifyResponse* response, Done done);
  void Recall(const Caller& caller, const hangou::base_library::v1::RecallRequest& request,
              hangou::base_library::v1::PublishResponse* response, Done done);
  void Erase(const Caller& caller, const hangou::base_library::v1::EraseRequest& request,
             hangou::base_library::v1::PublishResponse* response, Done done);
  void Withdraw(const Caller& caller, const hangou::base_library::v1::PublishRequest& request,
                hangou::base_library::v1::PublishResponse* response, Done done);
  void CompleteReplace(const Caller& caller, const hangou::base_library::v1::CompleteReplaceRequest& request,
                       hangou::base_library::v1::CompleteReplaceResponse* response, Done done);
  void Reconcile(const Caller& caller, const hangou::base_library::v1::ReconcileRequest& request,
                 hangou::base_library::v1::ReconcileResponse* response, Done done);
  void GetQuality(const Caller& caller, const hangou::base_library::v1::GetQualityRequest& request,
                  hangou::base_library::v1::GetQualityResponse* response, Done done);
  void ListQuarantine(const Caller& caller, const hangou::base_library::v1::ListQuarantineRequest& request,
                      hangou::base_library::v1::ListQuarantineResponse* response, Done done);
  // For services only: takes records that another replica has admitted for `caller`.
  void Submit(const Caller& caller, const hangou::base_library::v1::SubmitRequest& request,
              hangou::base_library::v1::SubmitResponse* response, Done done);

  // The address of the other replica that owns a partition; empty where this one does, or nobody does.
  std::string OwnerElsewhere(int32_t partition) const;
  // The other replicas that are alive, and their addresses; and the name of this one.
  std::map<std::string, std::string> OtherReplicas() const;
  const std::string& replica() const { return options_.replica; }
  // True where no partition is owned elsewhere.
  bool OwnsAll() const;
  // The partition of an entity of a resource: its owner, or the entity in a role where one is named.
  // UNKNOWN_RESOURCE, or what is wrong with the identifier.
  absl::StatusOr<int32_t> PartitionOfOwner(const std::string& resource,
                                           const hangou::record::v1::Entity& owner,
                                           const std::string& role = "") const;
  // The partition that a page of a List begins with. TOKEN_INVALID.
  absl::StatusOr<int32_t> PartitionOfPage(const Caller& caller,
                                          const hangou::base_library::v1::ListRequest& request) const;
  // For services only: raw records of the copy, decided by whoever asks.
  absl::Status Scan(const hangou::base_library::v1::ScanRequest& request,
                    hangou::base_library::v1::ScanResponse* response);

  const std::string& name() const { return options_.name; }
  // OK where every group is a copy that has caught up; else why not.
  absl::Status status() const;
  // Log records applied since the start, all groups together.
  int64_t applied_count() const;
  // Of each group, by its number.
  std::vector<GroupFigures> figures() const;
  // Records that were answered so since the start: an Outcome of PublishResponse.
  uint64_t outcome_count(int outcome) const { return outcomes_[static_cast<size_t>(outcome)]; }

 private:
  friend class ReadRun;
  friend class PublishBatch;
  friend class ResourceSurvey;

  PartitionGroup& GroupOf(int32_t partition) const { return *groups_[partition % options_.groups]; }
  int32_t PartitionOfEntity(EntityKind kind, std::string_view owner_key) const {
    return PartitionOf(kind, owner_key, options_.partitions);
  }
  // The view that holds a partition. NOT_OWNER or DRAINING where its group does not serve.
  absl::StatusOr<std::shared_ptr<const Store>> ViewOf(int32_t partition);
  // The copy that holds a partition. DRAINING while there is none.
  absl::StatusOr<std::shared_ptr<const Store>> CopyOf(int32_t partition);
  // The normalised identifier of the owner entity of a published record; empty where its resource is not known.
  std::string OwnerIdOf(const hangou::record::v1::Upsert& upsert) const;
  // What this replica refused of a resource may be about whom a record was erased of.
  void ForgetRefused(const ErasureEvent& erasure);
  // The partition that a List walks behind this one; the count of partitions at the end.
  int32_t NextListed(int32_t partition) const;
  // Tells every group whether the placement gives it to this replica.
  void FollowPlacement();
  // True where every position of `after` is one of this library's log, not beyond its end.
  bool ArePositionsOfLog(const hangou::record::v1::AccessContext& context) const;
  // Waits until every position is applied, then calls `done`.
  void WaitForPositions(const hangou::record::v1::AccessContext& context, Done done);
  // True where another request was seen under this id.
  absl::StatusOr<bool> RequestIdReused(const std::string& provider, const std::string& request_id,
                                       uint64_t digest);

  // The schema of a resource of this library that the caller provides; NOT_PROVIDER, UNKNOWN_RESOURCE.
  absl::StatusOr<std::shared_ptr<const ResourceSchema>> AuthorizeProvider(const Caller& caller,
                                                                          const std::string& resource);
  // The entity that a caller names in a role of a resource. INVALID_REQUEST, CHECK_DIGIT, FIELD_INVALID.
  absl::StatusOr<RoleEntity> EntityInRole(const ResourceSchema& schema, const std::string& role_name,
                                          const hangou::record::v1::Entity& entity) const;
  // Fills the records of an entity, as their owner or in a role, in the scope of a decision.
  absl::Status ReadByOwner(const ReadScope& scope, const hangou::base_library::v1::GetRequest& request,
                           RecordPresenter& presenter, hangou::base_library::v1::GetResponse* response);
  absl::Status ReadByRole(const ReadScope& scope, const hangou::base_library::v1::GetRequest& request,
                          RecordPresenter& presenter, hangou::base_library::v1::GetResponse* response);
  // Hands submissions to the owners of their partitions, here and at other replicas. Each sink is told every outcome.
  void Dispatch(const Caller& caller, const std::string& resource, std::vector<Submission> submissions);
  void ContinueReplace(const Caller& caller, const hangou::base_library::v1::CompleteReplaceRequest& request,
                       const std::shared_ptr<const ResourceSchema>& schema, SurveyCursor cursor,
                       hangou::base_library::v1::CompleteReplaceResponse* response, Done done);
  void DispatchElsewhere(const std::string& address, const Caller& caller, const std::string& resource,
                         int32_t group, std::vector<Submission> submissions);
  // Publish and Withdraw: the same but for what the owners are asked.
  void TakeBatch(const Caller& caller, const hangou::base_library::v1::PublishRequest& request,
                 hangou::audit::v1::Action action, hangou::base_library::v1::PublishResponse* response,
                 Done done);
  // Recall and Erase of one resource's records.
  struct TakeBack;
  void TakeBackRecords(const Caller& caller, const TakeBack& what,
                       hangou::base_library::v1::PublishResponse* response, Done done);
  void SendTakeBack(const Caller& caller, const TakeBack& what, const ResourceSchema& schema,
                    hangou::base_library::v1::PublishResponse* response, Done done);
  // Adds to `batch` the removal of all references to records that are to be erased (RecordKey to place in the batch).
  // DRAINING where a copy is not there.
  absl::Status RemoveReferences(const ResourceSchema& schema, const std::map<std::string, uint32_t>& erased,
                                PublishBatch* batch);
  // An entry of the audit about something allowed that a provider did or was shown.
  hangou::audit::v1::Entry ProviderEntry(const Caller& caller, const std::string& resource,
                                         hangou::audit::v1::Action action) const;
  // Answers a provider to whom something of a resource was shown, once that is in the audit: under the policy in force,
  // by which it must still be a provider. LEASE_EXPIRED, EPOCH_NOT_REACHED, NOT_PROVIDER.
  void AnswerProvider(const Caller& caller, const std::string& resource, hangou::audit::v1::Action action,
                      uint64_t records, Done done);
  // Audits a refused publication, then answers with `status`.
  void DenyPublish(const Caller& caller, const std::string& resource, hangou::audit::v1::Action action,
                   const absl::Status& status, Done done);
  // Whether a request may be taken now: its id, the lag of applying, a reuse of the id.
  // `digest` is none for what may be sent again under any id.
  absl::Status CheckPublishable(const Caller& caller, const ResourceSchema& schema,
                                const std::string& request_id, std::optional<uint64_t> digest);

  const LibraryOptions options_;
  const LibraryContext context_;
  QualityBook quality_;
  EraseLedger erase_ledger_;
  std::vector<std::unique_ptr<PartitionGroup>> groups_;
  int policy_listener_ = 0;  // from Start on
  Mutex verify_mutex_;       // counts of Verify are read and written together
  std::array<std::atomic<uint64_t>, hangou::base_library::v1::Outcome_ARRAYSIZE>
      outcomes_{};  // of records, by number
};

}  // namespace hangou
