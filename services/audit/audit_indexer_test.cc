#include "services/audit/audit_indexer.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "libs/audit_topic/signed_head.h"
#include "libs/audit_topic/topic_verifier.h"
#include "libs/base/fault.h"
#include "libs/base/signature.h"
#include "services/audit/office_for_test.h"

namespace hangou::audit_test {
namespace {

using namespace hangou::audit::v1;  // NOLINT: the names of findings

// Everything by time, in pages of seven: chain and sequence.
std::vector<std::pair<std::string, uint64_t>> AllByTime(Office& office) {
  std::vector<std::pair<std::string, uint64_t>> all;
  ListEntriesRequest request;
  request.set_page_size(7);
  ListEntriesResponse response;
  do {
    // Once, unless the machine is slow.
    office.HeadWhen(
        [&](const Head&) { return office.List(request, &response).ok() && response.behind() == 0; });
    const auto sequences = Sequences(response.entries());
    for (int i = 0; i < response.entries_size(); ++i) {
      all.emplace_back(response.entries(i).chain_id(), sequences[static_cast<size_t>(i)]);
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

// Entries of a chain that stand in the list, and whether any stands there twice.
size_t CountOf(const std::vector<std::pair<std::string, uint64_t>>& all, const std::string& chain_id) {
  std::set<uint64_t> sequences;
  size_t count = 0;
  for (const auto& [id, sequence] : all) {
    if (id != chain_id) continue;
    sequences.insert(sequence);
    ++count;
  }
  CHECK(sequences.size() == count);
  return count;
}

// The head of another process's chain, once it has `sequence`.
Head HeadOf(Office& office, const std::string& chain_id, uint64_t sequence) {
  Head head;
  office.HeadWhen([&](const Head&) {
    const auto heads = office.Heads();
    for (const auto& candidate : heads.heads())
      if (candidate.chain_id() == chain_id) head = candidate;
    return head.sequence() >= sequence;
  });
  return head;
}

TEST_CASE("What this process has made durable is there at the next question") {
  Office office;
  for (uint64_t count = 2; count < 60; count += 7) {
    office.Fill(count);
    const auto before = office.chain->newest_sequence();
    CHECK(CountOf(AllByTime(office), office.shipper->chain_id()) >= before);
  }
}

TEST_CASE("Entries of several chains are listed by time, from and until, and the newest of them") {
  Office office;
  ChainForTest other("other");
  other.Append(9);
  PutBatch(*office.log, other.Batch(1, 10));
  HeadOf(office, other.id(), 10);
  ListEntriesRequest request;
  ListEntriesResponse response;
  request.set_from_time_us(1'000'003);
  request.set_until_time_us(1'000'008);
  REQUIRE(office.List(request, &response).ok());
  CHECK(Sequences(response.entries()) == std::vector<uint64_t>{3, 4, 5, 6, 7});
  CHECK(response.entries(0).chain_id() == other.id());
  CHECK(response.next_page_token().empty());
  request = {};
  request.set_newest(true);
  request.set_page_size(1);
  REQUIRE(office.List(request, &response).ok());
  CHECK(response.entries(0).chain_id() == office.shipper->chain_id());
  CHECK(response.next_page_token().empty());
  request.set_page_size(1000);
  REQUIRE(office.List(request, &response).ok());
  CHECK(Sequences(response.entries())[0] == 1);
  CHECK(response.entries(0).chain_id() == other.id());
  request = {};
  request.set_from_sequence(1);
  CHECK(ReasonOf(office.List(request, &response)) == Reason::kInvalidRequest);
  request.set_chain_id("unknown");
  CHECK(ReasonOf(office.List(request, &response)) == Reason::kObjectNotFound);
}

TEST_CASE("Messages that come twice never show twice") {
  Office office;
  ChainForTest other("other");
  other.Append(29);
  for (const auto& [first, last] : {std::pair(1, 10), std::pair(1, 10), std::pair(5, 20), std::pair(11, 30)})
    PutBatch(*office.log, other.Batch(first, last));
  CHECK(HeadOf(office, other.id(), 30).finding_count() == 0);
  CHECK(CountOf(AllByTime(office), other.id()) == 30);
}

TEST_CASE("A chain that breaks is a finding for good, its entries are there, and the others go on") {
  Office office;
  ChainForTest broken("broken");
  broken.Append(9);
  PutBatch(*office.log, broken.Batch(1, 4));
  PutBatch(*office.log, broken.Batch(7, 10));
  ChainForTest whole("whole");
  whole.Append(9);
  PutBatch(*office.log, whole.Batch(1, 10));
  CHECK(HeadOf(office, whole.id(), 10).finding_count() == 0);
  Head head = HeadOf(office, broken.id(), 4);
  REQUIRE(head.findings_size() == 1);
  CHECK(head.findings(0).kind() == FINDING_KIND_GAP);
  CHECK(head.findings(0).sequence() == 7);
  CHECK(CountOf(AllByTime(office), broken.id()) == 8);
  office.Close();
  office.Open();
  head = HeadOf(office, broken.id(), 4);
  CHECK(head.findings(0).kind() == FINDING_KIND_GAP);
  CHECK(head.branches(0).sequence() == 10);
}

TEST_CASE("A message that is none is a finding of the topic") {
  Office office;
  PutMessage(*office.log, kAuditTopic, 2, "x", "not a batch");
  PutMessage(*office.log, kAuditHeadsTopic, 0, "x", "not a head");
  office.HeadWhen([&](const Head&) { return office.Heads().finding_count() == 2; });
  CHECK(office.Heads().findings(0).kind() == FINDING_KIND_UNREADABLE);
}

TEST_CASE("Heads are signed as they move, and whoever has the public key can check them") {
  Office office;
  office.Fill(20);
  const Head head = office.HeadWhen([](const Head& now) { return now.signed_head().sequence() >= 20; });
  const auto heads = office.Heads();
  const auto keys = PublicKeysFromPem(heads.keys(0).pem());
  REQUIRE(keys.ok());
  CHECK(heads.keys(0).key_id() == head.signed_head().key_id());
  CHECK(IsSignedByOneOf(*keys, head.signed_head()));
  const auto entry = office.chain->Read(head.signed_head().sequence(), 1);
  CHECK(entry->front().hash == head.signed_head().hash());
  const auto verified = VerifyAuditTopics(*office.log, *keys, 1);
  REQUIRE(verified.ok());
  CHECK(verified->whole());
  CHECK(verified->signed_heads > 0);
}

TEST_CASE("A head that nobody of the installation signed, and entries cut off behind a head, are findings") {
  Office office;
  ChainForTest other("other");
  other.Append(9);
  PutBatch(*office.log, other.Batch(1, 10));
  HeadOf(office, other.id(), 10);
  SignedHead forged;
  forged.set_chain_id(other.id());
  forged.set_sequence(10);
  forged.set_hash(other.At(10).hash);
  forged.set_signature(std::string(64, 's'));
  PutMessage(*office.log, kAuditHeadsTopic, 0, "x", forged.SerializeAsString());
  other.Append(5);
  SignedHead ahead;
  ahead.set_chain_id(other.id());
  ahead.set_sequence(15);
  ahead.set_hash(other.At(15).hash);
  PutMessage(*office.log, kAuditHeadsTopic, 0, "x", SignHead(office.keys, ahead).SerializeAsString());
  office.HeadWhen([&](const Head&) { return HeadOf(office, other.id(), 10).finding_count() == 2; });
  const Head head = HeadOf(office, other.id(), 10);
  CHECK(head.findings(0).kind() == FINDING_KIND_HEAD_SIGNATURE);
  CHECK(head.findings(1).kind() == FINDING_KIND_HEAD_MISSING);
}

TEST_CASE("A damaged view is built anew from the topics, with everything in it") {
  Office office;
  office.Fill(50);
  CHECK(CountOf(AllByTime(office), office.shipper->chain_id()) >= 50);
  office.Close();
  for (const auto& file : std::filesystem::recursive_directory_iterator(office.folder.path() + "/view")) {
    if (file.path().filename().string().starts_with("MANIFEST")) std::ofstream(file.path()) << "damage";
  }
  office.Open();
  CHECK(CountOf(AllByTime(office), office.shipper->chain_id()) >= 51);
  CHECK(office.Heads().heads(0).finding_count() == 0);
  CHECK(std::filesystem::exists(office.folder.path() + "/view/2"));
  CHECK_FALSE(std::filesystem::exists(office.folder.path() + "/view/1"));
}

TEST_CASE("A damaged partition of the topic is a finding, and the other chains go on") {
  Office office;
  const int32_t own = AuditPartitionOf(office.shipper->chain_id());
  int number = 0;
  while (AuditPartitionOf(ChainForTest(std::to_string(number)).id()) == own) ++number;
  const ChainForTest other(std::to_string(number));
  PutBatch(*office.log, other.Batch(1, 1));
  HeadOf(office, other.id(), 1);
  office.memory().DamagePartition(kAuditTopic, AuditPartitionOf(other.id()));
  office.HeadWhen([&](const Head&) { return office.Heads().finding_count() == 1; });
  office.Fill(30);
  CHECK(CountOf(AllByTime(office), office.shipper->chain_id()) >= 30);
  office.Close();
  office.Open();
  CHECK(CountOf(AllByTime(office), office.shipper->chain_id()) >= 31);
}

TEST_CASE("While the log takes nothing, an answer says by how much it is behind") {
  Office office;
  office.Fill(10);
  CHECK(CountOf(AllByTime(office), office.shipper->chain_id()) >= 10);
  office.memory().FailAppends(MakeError(Reason::kLogUnavailable, "test"));
  office.Fill(office.chain->newest_sequence() + 5);
  ListEntriesResponse response;
  REQUIRE(office.List({}, &response).ok());
  CHECK(response.behind() >= 5);
  office.memory().FailAppends(absl::OkStatus());
  office.HeadWhen([&](const Head&) { return office.List({}, &response).ok() && response.behind() == 0; });
}

TEST_CASE("While the disk of the view is full nothing is lost") {
  Office office;
  office.Fill(10);
  CHECK(CountOf(AllByTime(office), office.shipper->chain_id()) >= 10);
  SetFault(FaultPoint::kStoreWrite, ENOSPC);
  office.Fill(office.chain->newest_sequence() + 5);
  ListEntriesResponse response;
  const absl::Status listed = office.List({}, &response);
  SetFault(FaultPoint::kStoreWrite, 0);
  CHECK((!listed.ok() || response.behind() >= 5));
  office.HeadWhen([&](const Head&) { return office.List({}, &response).ok() && response.behind() == 0; });
  CHECK(CountOf(AllByTime(office), office.shipper->chain_id()) >= 15);
}

TEST_CASE("However the process ends and begins again, every entry shows once") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Office office;
  for (int round = 0; round < 8; ++round) {
    office.Fill(office.chain->newest_sequence() + 1 + random() % 30);
    if (random() % 2 == 0) {
      const auto newest = office.chain->newest_sequence();
      CHECK(CountOf(AllByTime(office), office.shipper->chain_id()) >= newest);
    }
    office.Close();
    office.Open(random() % 2 == 0 ? 5 : 5000);
  }
  const auto newest = office.chain->newest_sequence();
  CHECK(CountOf(AllByTime(office), office.shipper->chain_id()) >= newest);
  CHECK(office.Heads().heads(0).finding_count() == 0);
}

}  // namespace
}  // namespace hangou::audit_test
