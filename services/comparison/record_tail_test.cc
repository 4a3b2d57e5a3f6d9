// Projections of one library that were asked for at different times come to share a reader.
#include "services/comparison/record_tail.h"

#include <catch2/catch.hpp>

#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/log/memory_log.h"
#include "libs/log/record_topic.h"
#include "libs/schema/schema_for_test.h"
#include "libs/schema/text_codec.h"

namespace hangou {
namespace {

constexpr char kLibraryOfTails[] = "population";

// A library's topic of one partition, and tails that read it.
class TailedTopic {
 public:
  TailedTopic() : clock_(schema_test::kNowUs), places_(MakeMemoryStore(kKeptTables)) {
    auto resource = schema_test::BareResource();
    resource.set_versioning(hangou::catalog::v1::VERSIONING_ARRIVAL);
    schema_test::AddField(&resource, "citizen_id", hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID)
        ->set_required(true);
    auto schema = ResourceSchema::Compile(resource, schema_test::CodeList);
    REQUIRE(schema.ok());
    schema_ = *std::move(schema);
    REQUIRE(log_.EnsureTopic(RecordTopic(kLibraryOfTails), 1).ok());
  }

  // A tail with a projection of its own.
  std::unique_ptr<RecordTail> Tail(std::shared_ptr<FedProjection>* fed) {
    const ProjectionName name = {
        "tax",
        "tax_risk",
        {"psb.resident", {hangou::comparison::v1::KEY_KIND_PERSON}, {"citizen_id"}, {"citizen_id"}}};
    ++made_;
    auto made = FedProjection::Make(name, schema_, false, folder_.path() + "/" + std::to_string(made_), 1,
                                    *places_, made_, clock_);
    REQUIRE(made.ok());
    *fed = *std::move(made);
    return std::make_unique<RecordTail>(log_, kLibraryOfTails, 1,
                                        std::vector<std::shared_ptr<FedProjection>>{*fed}, [] {});
  }
  void Publish(const std::string& citizen_id) {
    hangou::record::v1::Envelope event;
    auto* head = event.mutable_upsert()->mutable_head();
    head->set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
    head->set_owner_key(citizen_id.substr(0, 17));
    head->set_resource_number(7);
    head->set_provider("psb");
    REQUIRE(EncodeField(schema_->fields()[0], citizen_id, event.mutable_upsert()->mutable_payload()).ok());
    log_.Append(RecordTopic(kLibraryOfTails), 0, {{citizen_id, event.SerializeAsString()}},
                [](const absl::StatusOr<int64_t>& offset) { REQUIRE(offset.ok()); });
  }
  void PumpAll(RecordTail& tail) {
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more) more = tail.Pump();
    INFO(more.status());
    REQUIRE(more.ok());
  }

 private:
  TempFolder folder_;
  ManualClock clock_;
  std::unique_ptr<Store> places_;
  std::shared_ptr<const ResourceSchema> schema_;
  MemoryLog log_;
  uint32_t made_ = 0;
};

}  // namespace

TEST_CASE("A tail that has caught up with another of its library is joined to it, and misses nothing") {
  TailedTopic topic;
  std::shared_ptr<FedProjection> early, late;
  const auto first = topic.Tail(&early);
  topic.Publish("32100219850714001X");
  topic.PumpAll(*first);
  auto second = topic.Tail(&late);
  // It has still to read what the first one has.
  CHECK_FALSE(first->Absorb(*second));
  topic.PumpAll(*second);
  REQUIRE(first->Absorb(*second));
  CHECK_FALSE(second->feeds_any());
  second.reset();
  CHECK(early->TakeChangedKeys().size() == 1);
  CHECK(late->TakeChangedKeys().size() == 1);
  topic.Publish("321002198507140028");
  topic.PumpAll(*first);
  CHECK(early->TakeChangedKeys().size() == 1);
  CHECK(late->TakeChangedKeys().size() == 1);
}

TEST_CASE("What has ended is not fed by the tail that takes its place") {
  TailedTopic topic;
  std::shared_ptr<FedProjection> early, late;
  const auto first = topic.Tail(&early);
  const auto second = topic.Tail(&late);
  late->End();
  REQUIRE(first->Absorb(*second));
  CHECK(first->feeds_any());
  early->End();
  CHECK_FALSE(first->feeds_any());
  CHECK(late.use_count() == 1);
}

}  // namespace hangou
