// From stored records to what a consumer sees under a decision: the one place where records are made to leave.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hangou/audit/v1/entry.pb.h"
#include "hangou/record/v1/envelope.pb.h"
#include "hangou/record/v1/record.pb.h"
#include "libs/base/keys.h"
#include "libs/policy/snapshot.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// Makes records for one consumer under one decision. Used by one thread, during one read.
class RecordPresenter {
 public:
  // `consumer` keys the pseudonyms: what one consumer gets cannot be joined with what another gets.
  RecordPresenter(const ResourceSchema& schema, const FieldRights& rights, const KeyRing& keys,
                  std::string consumer, std::string log_id, std::string topic);

  // Fills `record` with the fields that may leave; owner and record key are pseudonyms ("~...") unless the fields they
  // come from are given in full. DATA_LOSS where the stored payload is damaged.
  absl::Status Present(const hangou::record::v1::Upsert& upsert, int32_t partition, int64_t offset,
                       hangou::record::v1::Record* record);
  // The same for a deletion, which has no payload: owner and record key, provenance.
  void PresentDeletion(const hangou::record::v1::Deletion& deletion, int32_t partition, int64_t offset,
                       hangou::record::v1::Record* record);
  // A pseudonym of the record itself, the same for all its changes and under every decision.
  std::string RecordPseudonym(const hangou::record::v1::RecordHead& head) const;

 private:
  void PresentHead(const hangou::record::v1::RecordHead& head, int32_t partition, int64_t offset,
                   hangou::record::v1::Record* record);
  // A version that a withheld field carries stays withheld.
  void HideVersion(hangou::record::v1::Record* record) const;
  std::string Pseudonym(std::string_view what, std::string_view value) const;

  const ResourceSchema& schema_;
  const FieldRights& rights_;
  const KeyRing& keys_;
  const std::string consumer_;
  const std::string log_id_;
  const std::string topic_;
  bool owner_in_full_ = false;
  bool record_key_in_full_ = false;
};

// Fills an audit entry with what a decision gives and withholds.
void DescribeRights(const ResourceSchema& schema, const FieldRights& rights, hangou::audit::v1::Entry* entry);

// The keyed hash under which an entity stands in the audit.
std::string AuditHash(const KeyRing& keys, EntityKind kind, std::string_view owner_key);
// The hashes under which it may stand in entries of any age: one per key of the ring.
std::vector<std::string> AuditHashes(const KeyRing& keys, EntityKind kind, std::string_view owner_key);

}  // namespace hangou
