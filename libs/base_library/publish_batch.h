// One batch on its way: its records at their owners, its outcomes, its audit entry.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base_library/library.h"

namespace hangou {

// Collects the outcomes of one request. Owned by the submissions and callbacks that wait for it.
class PublishBatch : public OutcomeSink, public std::enable_shared_from_this<PublishBatch> {
 public:
  // `response` and `done` as in Library; `records` is the number of records in the request, `request` the batch itself,
  // null where it carries no payloads; it lives until `done`.
  PublishBatch(Library& library, const Caller& caller, std::string resource, hangou::audit::v1::Action action,
               uint32_t records, const hangou::base_library::v1::PublishRequest* request,
               hangou::base_library::v1::PublishResponse* response, Library::Done done);

  // Refuses a record at the door.
  void Refuse(uint32_t place, hangou::base_library::v1::RecordOutcome outcome);
  // Keeps a record for its owner.
  void Add(Submission submission);
  // Keeps a reference of the record at `place`, or its removal: it goes before the record does, which is refused where
  // its reference is.
  void AddReference(uint32_t place, int32_t partition, hangou::record::v1::Reference reference);
  // Hands everything to the owners. Call it once, when every place has been refused or added.
  void Send();

  void OnOutcome(uint32_t place, hangou::base_library::v1::RecordOutcome outcome) override;

 private:
  class ReferenceSink;

  void SendRecords();
  void Finish();

  Library& library_;
  const Caller caller_;
  const std::string resource_;
  const hangou::audit::v1::Action action_;
  const hangou::base_library::v1::PublishRequest* const request_;
  hangou::base_library::v1::PublishResponse* const response_;
  const Library::Done done_;
  std::vector<Submission> submissions_;  // until they are sent
  std::vector<Submission> references_;   // likewise
  std::vector<uint32_t> reference_places_;

  Mutex mutex_;
  std::vector<hangou::base_library::v1::RecordOutcome> outcomes_ HANGOU_GUARDED_BY(mutex_);
  std::vector<bool> answered_ HANGOU_GUARDED_BY(mutex_);
  size_t unanswered_ HANGOU_GUARDED_BY(mutex_);
};

}  // namespace hangou
