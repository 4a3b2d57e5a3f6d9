// Records of a library for tests of projections, and what a projection of them should hold.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/columnar/merge.h"
#include "libs/log/memory_log.h"
#include "libs/log/record_topic.h"
#include "libs/schema/schema_for_test.h"
#include "libs/schema/text_codec.h"
#include "services/comparison/fed_projection.h"

namespace hangou::comparison_test {

constexpr char kTestLibrary[] = "population";
constexpr int32_t kTestPartitions = 2;

// A resource of residents with a note, provided by psb.
inline hangou::catalog::v1::Resource NotedResidents() {
  auto resource = schema_test::BareResource();
  resource.set_versioning(hangou::catalog::v1::VERSIONING_ARRIVAL);
  schema_test::AddField(&resource, "citizen_id", hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID)
      ->set_required(true);
  schema_test::AddField(&resource, "note", hangou::catalog::v1::FIELD_TYPE_TEXT);
  return resource;
}

// The projection of psb by person.
inline ProjectionName NotedByPerson() {
  return {
      "psb",
      "check",
      {"psb.resident", {hangou::comparison::v1::KEY_KIND_PERSON}, {"citizen_id"}, {"citizen_id", "note"}}};
}

// The id of a made-up person.
inline std::string PersonOf(int number) {
  std::string id = "32100219850714" + std::to_string(100 + number);
  constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (size_t i = 0; i < id.size(); ++i) sum += (id[i] - '0') * kWeights[i];
  return id + "10X98765432"[sum % 11];
}

// Rows as (person, note), without an order.
using NotedRows = std::multiset<std::pair<std::string, std::string>>;

// The rows of a view of NotedByPerson.
inline absl::StatusOr<NotedRows> RowsOf(const Projection::View& view, int partitions) {
  NotedRows rows;
  for (int partition = 0; partition < partitions; ++partition) {
    std::vector<std::unique_ptr<BlockSource>> sources;
    for (const auto& segment : view) sources.push_back(MakeSegmentSource(segment, partition, {0, 1}));
    MergedRows merged(std::move(sources));
    KeyRows key;
    while (true) {
      ASSIGN_OR_RETURN(const bool more, merged.Next(&key));
      if (!more) break;
      for (const RowPiece& piece : key.pieces) {
        for (uint32_t row = piece.begin; row < piece.end; ++row) {
          rows.emplace(CellOf(*piece.block, {"citizen_id", true}, 0, row).text,
                       CellOf(*piece.block, {"note", true}, 1, row).text);
        }
      }
    }
  }
  return rows;
}

// A log, and the model of what a projection of all of it holds.
class NotedLog {
 public:
  NotedLog() : schema_(schema_test::MustCompile(NotedResidents())) {
    REQUIRE(log_.EnsureTopic(RecordTopic(kTestLibrary), kTestPartitions).ok());
  }

  MemoryLog& log() { return log_; }
  const std::shared_ptr<const ResourceSchema>& schema() const { return schema_; }
  NotedRows rows() const {
    NotedRows rows;
    for (const auto& [record, row] : rows_) rows.insert(row);
    return rows;
  }

  void Publish(int record, int person, const std::string& note) {
    hangou::record::v1::Envelope event;
    SetHead(record, event.mutable_upsert()->mutable_head());
    *event.mutable_upsert()->mutable_payload() =
        schema_test::Encode(*schema_, {{"citizen_id", PersonOf(person)}, {"note", note}});
    rows_[record] = {PersonOf(person), note};
    Append(record, event);
  }
  void Delete(int record, hangou::record::v1::Deletion::Kind kind) {
    hangou::record::v1::Envelope event;
    SetHead(record, event.mutable_deletion()->mutable_head());
    event.mutable_deletion()->set_kind(kind);
    rows_.erase(record);
    Append(record, event);
  }
  // Says that erasures up to an offset are gone from the record's partition.
  void EndErasures(int record, int64_t last_offset) {
    hangou::record::v1::Envelope event;
    event.mutable_erasures_ended()->set_resource_number(schema_->number());
    event.mutable_erasures_ended()->set_last_offset(last_offset);
    Append(record, event);
  }
  int64_t End(int record) {
    const int32_t partition = record % kTestPartitions;
    return log_.EndOffsets(RecordTopic(kTestLibrary), {partition})->at(partition);
  }

 private:
  void SetHead(int record, hangou::record::v1::RecordHead* head) const {
    head->set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
    head->set_owner_key("owner");
    head->set_record_key("r" + std::to_string(record));
    head->set_resource_number(schema_->number());
    head->set_provider("psb");
  }
  void Append(int record, const hangou::record::v1::Envelope& event) {
    log_.Append(RecordTopic(kTestLibrary), record % kTestPartitions,
                {{"r" + std::to_string(record), event.SerializeAsString()}},
                [](const absl::StatusOr<int64_t>& offset) { REQUIRE(offset.ok()); });
  }

  MemoryLog log_;
  std::shared_ptr<const ResourceSchema> schema_;
  std::map<int, std::pair<std::string, std::string>> rows_;
};

}  // namespace hangou::comparison_test
