// A projection follows the log: which rows it has when records are deleted.
#include "services/comparison/fed_projection.h"

#include <catch2/catch.hpp>

#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "libs/columnar/merge.h"
#include "libs/schema/schema_for_test.h"
#include "libs/schema/text_codec.h"

namespace hangou {
namespace {

constexpr char kResident[] = "32100219850714001X";
constexpr int32_t kDayOfTest = 20'779;  // of schema_test::kNowUs

std::shared_ptr<const ResourceSchema> SchemaOfResidents() {
  auto resource = schema_test::BareResource();
  resource.set_versioning(hangou::catalog::v1::VERSIONING_ARRIVAL);
  schema_test::AddField(&resource, "citizen_id", hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID)
      ->set_required(true);
  auto schema = ResourceSchema::Compile(resource, schema_test::CodeList);
  REQUIRE(schema.ok());
  return *schema;
}

// A projection of one resource by person.
class FollowedPerson {
 public:
  FollowedPerson()
      : clock_(schema_test::kNowUs), places_(MakeMemoryStore(kKeptTables)), schema_(SchemaOfResidents()) {
    const ProjectionName name = {
        "tax",
        "tax_risk",
        {"psb.resident", {hangou::comparison::v1::KEY_KIND_PERSON}, {"citizen_id"}, {"citizen_id"}}};
    auto made = FedProjection::Make(name, schema_, false, folder_.path() + "/rows", 1, *places_, 1, clock_);
    INFO(made.status());
    REQUIRE(made.ok());
    fed_ = *std::move(made);
  }

  void Publish() {
    hangou::record::v1::Envelope event;
    SetHead(event.mutable_upsert()->mutable_head());
    REQUIRE(EncodeField(schema_->fields()[0], kResident, event.mutable_upsert()->mutable_payload()).ok());
    REQUIRE(fed_->Take(event).ok());
  }
  void Delete(int32_t valid_until_day, hangou::record::v1::Deletion::Kind kind) {
    hangou::record::v1::Envelope event;
    SetHead(event.mutable_deletion()->mutable_head());
    event.mutable_deletion()->set_kind(kind);
    event.mutable_deletion()->set_valid_until_day(valid_until_day);
    REQUIRE(fed_->Take(event).ok());
  }
  void PassDays(int days) {
    clock_.AdvanceUs(days * kUsPerDay);
    REQUIRE(fed_->RemoveEnded().ok());
  }
  int Rows() {
    const auto view = fed_->rows().Read();
    REQUIRE(view.ok());
    std::vector<std::unique_ptr<BlockSource>> sources;
    for (const auto& segment : *view) sources.push_back(MakeSegmentSource(segment, 0, {0}));
    MergedRows merged(std::move(sources));
    int rows = 0;
    for (KeyRows key; *merged.Next(&key);) {
      for (const RowPiece& piece : key.pieces) rows += static_cast<int>(piece.end - piece.begin);
    }
    return rows;
  }

 private:
  static void SetHead(hangou::record::v1::RecordHead* head) {
    head->set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
    head->set_owner_key(std::string(kResident, 17));
    head->set_resource_number(7);
    head->set_provider("psb");
  }

  TempFolder folder_;
  ManualClock clock_;
  std::unique_ptr<Store> places_;
  std::shared_ptr<const ResourceSchema> schema_;
  std::shared_ptr<FedProjection> fed_;
};

TEST_CASE("A record that is deleted from a day on is compared until that day") {
  FollowedPerson following;
  following.Publish();
  following.Delete(kDayOfTest + 2, hangou::record::v1::Deletion::KIND_DELETE);
  CHECK(following.Rows() == 1);
  following.PassDays(1);
  CHECK(following.Rows() == 1);
  following.PassDays(1);
  CHECK(following.Rows() == 0);
}

TEST_CASE("A record that is published again stays when the day of its deletion comes") {
  FollowedPerson following;
  following.Publish();
  following.Delete(kDayOfTest + 1, hangou::record::v1::Deletion::KIND_DELETE);
  following.Publish();
  following.PassDays(3);
  CHECK(following.Rows() == 1);
}

TEST_CASE("What was recalled or is deleted from today on is compared no more") {
  for (const auto kind :
       {hangou::record::v1::Deletion::KIND_DELETE, hangou::record::v1::Deletion::KIND_RECALL}) {
    FollowedPerson following;
    following.Publish();
    following.Delete(kind == hangou::record::v1::Deletion::KIND_DELETE ? kDayOfTest : kDayOfTest + 9, kind);
    CHECK(following.Rows() == 0);
  }
}

}  // namespace
}  // namespace hangou
