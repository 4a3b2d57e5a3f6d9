#include "libs/identifiers/entity_key.h"

#include <catch2/catch.hpp>

namespace hangou {
namespace {

TEST_CASE("Kinds have the names that partitions are made of") {
  CHECK(EntityKindName(EntityKind::kPerson) == "person");
  CHECK(EntityKindName(EntityKind::kOrganisation) == "organisation");
  CHECK(EntityKindName(EntityKind::kPlace) == "place");
  CHECK(EntityKindName(EntityKind::kVehicle) == "vehicle");
}

TEST_CASE("The canonical key is what stays when the spelling changes") {
  CHECK(CanonicalKey(EntityKind::kPerson, "11010519491231002X") == "11010519491231002");
  CHECK(CanonicalKey(EntityKind::kPerson, "110105491231002") == "11010519491231002");
  CHECK(CanonicalKey(EntityKind::kOrganisation, "91321000714092832H") == "714092832");
  CHECK(CanonicalKey(EntityKind::kOrganisation, "321000714092832") == "714092832");
  CHECK(CanonicalKey(EntityKind::kOrganisation, "714092832") == "714092832");
  CHECK(CanonicalKey(EntityKind::kPlace, "321002001") == "321002001");
  const std::string unit = "321002001001GB00001F00010001";
  CHECK(CanonicalKey(EntityKind::kPlace, unit) == unit);  // units of one parcel stay apart
  CHECK(CanonicalKey(EntityKind::kVehicle, "苏K12345") == "苏K12345");
  CHECK(CanonicalKey(EntityKind::kVehicle, "1M8GDM9AXKP042788") == "1M8GDM9AXKP042788");
}

TEST_CASE("Partitions of known keys stay where installations have them") {
  // From another implementation of XXH3-64 (seed 0) over "KIND:KEY".
  struct Golden {
    EntityKind kind;
    const char* key;
    int32_t of_64;
    int32_t of_7;
  };
  for (const Golden& golden :
       {Golden{EntityKind::kPerson, "11010519491231002", 56, 1},
        Golden{EntityKind::kPerson, "32100219850714001", 53, 0},
        Golden{EntityKind::kOrganisation, "714092832", 38, 6},
        Golden{EntityKind::kOrganisation, "MF1234567", 58, 3}, Golden{EntityKind::kPlace, "321002", 9, 3},
        Golden{EntityKind::kPlace, "321002001001", 9, 5}, Golden{EntityKind::kVehicle, "苏K12345", 24, 5},
        Golden{EntityKind::kPerson, "", 21, 4}}) {
    INFO(golden.key);
    CHECK(PartitionOf(golden.kind, golden.key, 64) == golden.of_64);
    CHECK(PartitionOf(golden.kind, golden.key, 7) == golden.of_7);
    CHECK(PartitionOf(golden.kind, golden.key, 1) == 0);
  }
}

}  // namespace
}  // namespace hangou
