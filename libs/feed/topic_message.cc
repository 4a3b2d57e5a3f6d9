#include "libs/feed/topic_message.h"

#include "absl/strings/str_join.h"
#include "libs/base/clock.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

using hangou::exchange::v1::Change;
using hangou::record::v1::Decision;
using hangou::record::v1::Record;

int64_t MicrosOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * kUsPerSecond + time.nanos() / 1000;
}

// The same for every delivery of a change, so that repeats are recognised.
std::string EventId(const hangou::record::v1::Position& position) {
  return position.log_id() + "/" + position.topic() + "/" + std::to_string(position.partition()) + "@" +
         std::to_string(position.offset());
}

std::string TypeOf(Change::Kind kind) {
  switch (kind) {
    case Change::KIND_DELETION:
      return "hangou.record.deletion";
    case Change::KIND_RECALL:
      return "hangou.record.recall";
    case Change::KIND_ERASURE:
      return "hangou.record.erasure";
    default:
      return "hangou.record.upsert";
  }
}

class HeaderList {
 public:
  void Add(std::string_view name, std::string value) {
    if (!value.empty()) headers_.emplace_back(name, std::move(value));
  }
  void AddNumber(std::string_view name, uint64_t value) {
    if (value != 0) Add(name, std::to_string(value));
  }
  std::vector<std::pair<std::string, std::string>> Take() { return std::move(headers_); }

 private:
  std::vector<std::pair<std::string, std::string>> headers_;
};

std::vector<std::pair<std::string, std::string>> HeadersOf(const Change& change, const Decision& decision) {
  const Record& record = change.record();
  const bool upsert = change.kind() == Change::KIND_UPSERT;
  const auto& time = record.has_event_time() ? record.event_time() : record.provenance().received_time();
  HeaderList list;
  list.Add("ce_specversion", "1.0");
  list.Add("ce_id", EventId(record.provenance().position()));
  list.Add("ce_source", record.resource());
  list.Add("ce_type", TypeOf(change.kind()));
  list.Add("ce_subject", record.owner().id());
  list.Add("ce_time", FormatInstant(MicrosOf(time)));
  if (upsert) {
    list.Add("content-type", "application/protobuf");
    list.Add("ce_dataschema",
             "hangou:" + record.resource() + "?revision=" + std::to_string(record.schema_revision()));
  }
  list.AddNumber("ce_hangouschemarevision", record.schema_revision());
  list.AddNumber("ce_hangourevision", record.provenance().revision());
  list.AddNumber("ce_hangougeneration", record.generation());
  list.AddNumber("ce_hangousourceversion", record.source_version());
  list.Add("ce_hangouprovider", record.provenance().provider());
  list.Add("ce_hangourecordkey", record.record_key());
  if (change.kind() == Change::KIND_DELETION)
    list.Add("ce_hangouvaliduntil", FormatDay(change.valid_until_day()));
  list.Add("ce_hangoureason", change.reason());
  list.AddNumber("ce_hangouepoch", decision.epoch());
  list.Add("ce_hangoumasked", absl::StrJoin(decision.masked(), ","));
  list.Add("ce_hangouwithheld", absl::StrJoin(decision.withheld(), ","));
  return list.Take();
}

}  // namespace

const std::vector<DeliveryHeader>& DeliveryHeaders() {
  static const std::vector<DeliveryHeader> kHeaders = {
      {"ce_specversion", "1.0"},
      {"ce_id", "position of the change, LOG/TOPIC/PARTITION@OFFSET; a repeat has the same"},
      {"ce_source", "resource, resources/DEPARTMENT.NAME"},
      {"ce_type",
       "hangou.record.upsert, .deletion, .recall or .erasure; after the last two remove the record, and what "
       "follows "
       "from it, and confirm that"},
      {"ce_subject", "owner of the record: its identifier, or a keyed pseudonym (~...) as in replies"},
      {"ce_time",
       "when the fact happened, as the provider states it, else when the platform took the record in"},
      {"content-type", "application/protobuf; absent for a deletion, which has no value"},
      {"ce_dataschema", "hangou:RESOURCE?revision=NUMBER; absent for a deletion"},
      {"ce_hangouschemarevision", "schema revision that the value was written for; absent for a deletion"},
      {"ce_hangourevision",
       "count of changes of the record, from 1: one not above the last seen is a repeat"},
      {"ce_hangougeneration", "generation of the provider's counter; absent for 0"},
      {"ce_hangousourceversion", "the provider's version; absent where there is none or it is withheld"},
      {"ce_hangouprovider", "department that provided the record"},
      {"ce_hangourecordkey", "record key, or a keyed pseudonym; absent where the resource has none"},
      {"ce_hangouvaliduntil", "first day on which a deleted record is not valid; absent for an upsert"},
      {"ce_hangoureason", "why a record is recalled or erased; absent otherwise"},
      {"ce_hangouepoch", "policy epoch of the decision"},
      {"ce_hangoumasked", "numbers of the fields given under a mask; absent where there are none"},
      {"ce_hangouwithheld", "numbers of the fields withheld; absent where there are none"},
  };
  return kHeaders;
}

google::protobuf::Timestamp TimeOf(int64_t utc_us) {
  google::protobuf::Timestamp time;
  time.set_seconds(utc_us / kUsPerSecond);
  time.set_nanos(static_cast<int32_t>(utc_us % kUsPerSecond * 1000));
  return time;
}

std::vector<DeliveryMessage> MessagesOf(const OutgoingDelivery& outgoing) {
  std::vector<DeliveryMessage> messages;
  messages.reserve(outgoing.keys.size());
  for (int i = 0; i < outgoing.delivery.changes_size(); ++i) {
    const Change& change = outgoing.delivery.changes(i);
    DeliveryMessage& message = messages.emplace_back();
    message.key = outgoing.keys[static_cast<size_t>(i)];
    if (change.kind() == Change::KIND_UPSERT) message.value = change.record().payload();
    message.headers = HeadersOf(change, outgoing.delivery.decision());
  }
  return messages;
}

}  // namespace hangou
