#include "libs/base_library/view_tables.h"

#include <catch2/catch.hpp>

namespace hangou {
namespace {

hangou::record::v1::RecordHead Head(const std::string& owner, uint32_t resource, const std::string& provider,
                                    const std::string& key) {
  hangou::record::v1::RecordHead head;
  head.set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  head.set_owner_key(owner);
  head.set_resource_number(resource);
  head.set_provider(provider);
  head.set_record_key(key);
  return head;
}

TEST_CASE("Records of one entity and resource lie side by side, and no other lies between") {
  const std::string prefix = EntityPrefix(7, 3, EntityKind::kPerson, "32100219850714001");
  CHECK(RecordKey(3, Head("32100219850714001", 7, "psb", "a")).starts_with(prefix));
  CHECK_FALSE(RecordKey(3, Head("321002198507140011", 7, "psb", "a")).starts_with(prefix));
  CHECK_FALSE(RecordKey(3, Head("32100219850714001", 8, "psb", "a")).starts_with(prefix));
  CHECK_FALSE(RecordKey(4, Head("32100219850714001", 7, "psb", "a")).starts_with(prefix));
}

TEST_CASE("Records of one resource and partition lie side by side, whatever the parts hold") {
  for (uint32_t resource : {0u, 1u, 255u, 256u, 0x01000000u, 0xFFFFFFFFu}) {
    for (const char* owner : {"", "1", "320000"}) {
      for (const char* key : {"", "2024|01", "\xE5\xB9\xB4"}) {
        CHECK(RecordKey(513, Head(owner, resource, "tax", key)).starts_with(ResourcePrefix(resource, 513)));
      }
    }
  }
}

TEST_CASE("The look-up prefix of a record's key is its entity's, whatever the parts hold") {
  for (uint32_t resource : {0u, 0xFFFFFFFFu}) {
    for (int32_t partition : {0, 513}) {
      const std::string prefix = EntityPrefix(resource, partition, EntityKind::kPerson, "3210021985");
      const std::string key = RecordKey(partition, Head("3210021985", resource, "psb", "2024|01"));
      CHECK(ViewPrefixLength(kViewRecords, key) == prefix.size());
      CHECK(ViewPrefixLength(kViewRecords, prefix) == prefix.size());
      CHECK(ViewPrefixLength(kViewRecords, ResourcePrefix(resource, partition)) == 0);
    }
  }
  CHECK(ViewPrefixLength(kViewProgress, PartitionKey(3) + std::string(9, '\0')) == 0);
}

TEST_CASE("Progress and memories of requests read back as they were written") {
  const PartitionProgress progress{1LL << 40, 77};
  CHECK(PartitionProgress::Decode(progress.Encode()).next_offset == progress.next_offset);
  CHECK(PartitionProgress::Decode(progress.Encode()).owner_epoch == 77);
  const RequestMemory memory{1'700'000'000'000'000, 1, ~0ull, 63, 123456789, 42};
  const RequestMemory back = RequestMemory::Decode(memory.Encode());
  CHECK(back.received_us == memory.received_us);
  CHECK(back.hash_high == ~0ull);
  CHECK(back.partition == 63);
  CHECK(back.offset == 123456789);
  CHECK(back.request_digest == 42);
}

}  // namespace
}  // namespace hangou
