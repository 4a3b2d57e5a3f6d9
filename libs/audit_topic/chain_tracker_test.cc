#include "libs/audit_topic/chain_tracker.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "libs/audit_topic/audit_topic_for_test.h"

namespace hangou {
namespace {

using namespace hangou::audit::v1;  // NOLINT: the names of findings

// A tracker's chain with a memory of what was taken.
class Topic final : public TakenHashes {
 public:
  explicit Topic(const std::string& chain_id) { head.set_chain_id(chain_id); }
  absl::StatusOr<std::string> HashAt(const std::string&, uint32_t branch, uint64_t sequence) const override {
    const auto found = hashes_.find({branch, sequence});
    if (found == hashes_.end()) return MakeError(Reason::kDataLoss, "not taken");
    return found->second;
  }
  // Where an entry went.
  EntryPlace Put(const StoredAuditEntry& entry) {
    ChainTracker tracker(*this, &head, "t/0@" + std::to_string(offset_++), 1);
    Entry content;
    const auto place = tracker.Add(entry, &content);
    REQUIRE(place.ok());
    if (place->taken) {
      REQUIRE(hashes_.emplace(std::pair(place->branch, entry.sequence), entry.hash).second);
    }
    return *place;
  }
  void Put(const ChainForTest& chain, uint64_t first, uint64_t last, uint32_t branch) {
    for (uint64_t sequence = first; sequence <= last; ++sequence) {
      const EntryPlace place = Put(chain.At(sequence));
      CAPTURE(sequence);
      REQUIRE(place.taken);
      REQUIRE(place.branch == branch);
    }
  }
  void PutSigned(uint64_t sequence, const std::string& hash) {
    SignedHead signed_head;
    signed_head.set_sequence(sequence);
    signed_head.set_hash(hash);
    ChainTracker tracker(*this, &head, "h/0@0", 1);
    REQUIRE(tracker.Add(signed_head).ok());
  }
  // Kind and sequence of the findings.
  std::vector<std::pair<FindingKind, uint64_t>> Findings() const {
    std::vector<std::pair<FindingKind, uint64_t>> findings;
    for (const auto& finding : head.findings()) findings.emplace_back(finding.kind(), finding.sequence());
    return findings;
  }

  Head head;

 private:
  std::map<std::pair<uint32_t, uint64_t>, std::string> hashes_;
  int offset_ = 0;
};

using Expected = std::vector<std::pair<FindingKind, uint64_t>>;

TEST_CASE("A whole chain is taken entry by entry, and repeats are nothing new") {
  ChainForTest chain("a");
  chain.Append(9);
  Topic topic(chain.id());
  topic.Put(chain, 1, 6, 0);
  for (uint64_t sequence = 1; sequence <= 6; ++sequence) CHECK_FALSE(topic.Put(chain.At(sequence)).taken);
  topic.Put(chain, 7, 10, 0);
  CHECK(topic.head.sequence() == 10);
  CHECK(topic.head.hash() == chain.At(10).hash);
  CHECK(topic.head.process() == "a");
  CHECK(topic.head.time_us() == 1'000'010);
  CHECK(topic.Findings().empty());
}

TEST_CASE("A gap is found, what lies behind it stands apart and is still verified") {
  ChainForTest chain("a");
  chain.Append(9);
  Topic topic(chain.id());
  topic.Put(chain, 1, 4, 0);
  topic.Put(chain, 7, 10, 1);
  CHECK(topic.Findings() == Expected{{FINDING_KIND_GAP, 7}});
  CHECK(topic.head.sequence() == 4);
  CHECK(topic.head.branches(0).first_sequence() == 7);
  CHECK(topic.head.branches(0).sequence() == 10);
  // Repeats of either side are recognised, and the chain goes on when the missing entries come.
  CHECK_FALSE(topic.Put(chain.At(8)).taken);
  CHECK_FALSE(topic.Put(chain.At(7)).taken);
  CHECK_FALSE(topic.Put(chain.At(2)).taken);
  topic.Put(chain, 5, 6, 0);
  CHECK(topic.head.finding_count() == 1);
}

TEST_CASE("An entry that was changed breaks the chain there, and the true one still continues it") {
  ChainForTest chain("a");
  chain.Append(5);
  Topic topic(chain.id());
  topic.Put(chain, 1, 3, 0);
  StoredAuditEntry changed = chain.At(4);
  Entry content;
  REQUIRE(content.ParseFromString(changed.entry));
  content.set_caller("somebody else");
  changed.entry = content.SerializeAsString();
  CHECK(topic.Put(changed).branch == 1);
  CHECK(topic.Findings() == Expected{{FINDING_KIND_BREAK, 4}});
  topic.Put(chain, 4, 6, 0);
  CHECK(topic.head.sequence() == 6);
  // The same bytes behind the true ones: a fork, which is already known at that place.
  CHECK(topic.head.finding_count() == 1);
}

TEST_CASE("A repeat with a copied hash and other bytes is a fork") {
  ChainForTest chain("a");
  chain.Append(5);
  Topic topic(chain.id());
  topic.Put(chain, 1, 6, 0);
  StoredAuditEntry changed = chain.At(3);
  Entry content;
  REQUIRE(content.ParseFromString(changed.entry));
  content.set_caller("somebody else");
  changed.entry = content.SerializeAsString();
  CHECK(topic.Put(changed).branch == 1);
  CHECK(topic.Findings() == Expected{{FINDING_KIND_FORK, 3}});
}

TEST_CASE("A chain that was restored from an older copy forks; both ways are kept and go on") {
  ChainForTest chain("a");
  chain.Append(9);
  ChainForTest copy = chain;
  copy.CutTo(6);
  Entry other;
  other.set_caller("after the copy");
  copy.Append(6, other);
  Topic topic(chain.id());
  topic.Put(chain, 1, 10, 0);
  topic.Put(copy, 7, 12, 1);
  CHECK(topic.Findings() == Expected{{FINDING_KIND_FORK, 7}});
  chain.Append(1);
  topic.Put(chain, 11, 11, 0);
  CHECK_FALSE(topic.Put(copy.At(12)).taken);
}

TEST_CASE("What is no entry of its sequence is found, and what follows the last one goes on") {
  ChainForTest chain("a");
  chain.Append(2);
  Topic topic(chain.id());
  topic.Put(chain, 1, 1, 0);
  CHECK_FALSE(topic.Put({2, "no entry", chain.At(2).hash}).taken);
  CHECK_FALSE(topic.Put({2, chain.At(3).entry, chain.At(3).hash}).taken);
  CHECK(topic.Findings() == Expected{{FINDING_KIND_MALFORMED, 2}});
  topic.Put(chain, 2, 3, 0);
}

TEST_CASE("A chain is named by its first entry: another first entry is not its") {
  const ChainForTest chain("a");
  const ChainForTest other("b");
  Topic topic(chain.id());
  CHECK(topic.Put(other.At(1)).branch == 1);
  CHECK(topic.Findings() == Expected{{FINDING_KIND_BREAK, 1}});
  topic.Put(chain, 1, 1, 0);
}

TEST_CASE("Findings and branches have limits, and are counted beyond") {
  ChainForTest chain("a");
  chain.Append(400);
  Topic topic(chain.id());
  topic.Put(chain, 1, 1, 0);
  for (uint64_t sequence = 3; sequence < 203; sequence += 2) topic.Put(chain.At(sequence));
  CHECK(topic.head.findings_size() == kFindings);
  CHECK(topic.head.branches_size() == kChainBranches);
  CHECK(topic.head.finding_count() == 100);
  topic.Put(chain, 2, 2, 0);
}

TEST_CASE("A signed head that names another hash is found, before and after its entry has come") {
  ChainForTest chain("a");
  chain.Append(9);
  for (const bool early : {true, false}) {
    Topic topic(chain.id());
    if (early) topic.PutSigned(5, chain.At(4).hash);
    topic.Put(chain, 1, 10, 0);
    if (!early) topic.PutSigned(5, chain.At(4).hash);
    CHECK(topic.Findings() == Expected{{FINDING_KIND_HEAD_MISMATCH, 5}});
  }
  Topic topic(chain.id());
  topic.PutSigned(5, chain.At(5).hash);
  topic.Put(chain, 1, 6, 0);
  topic.PutSigned(6, chain.At(6).hash);
  topic.PutSigned(3, chain.At(3).hash);
  CHECK(topic.Findings().empty());
  CHECK(topic.head.signed_head().sequence() == 6);
}

TEST_CASE("Entries that were signed for and are not there are missing, until they come") {
  ChainForTest chain("a");
  chain.Append(9);
  Topic topic(chain.id());
  topic.PutSigned(8, chain.At(8).hash);
  topic.Put(chain, 1, 5, 0);
  CHECK(WithMissingEntries(topic.head).findings(0).kind() == FINDING_KIND_HEAD_MISSING);
  CHECK(topic.Findings().empty());
  topic.Put(chain, 6, 8, 0);
  CHECK(WithMissingEntries(topic.head).finding_count() == 0);
}

TEST_CASE("However messages repeat and overlap, each entry is taken once and nothing is found") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    ChainForTest chain("a");
    chain.Append(60);
    Topic topic(chain.id());
    uint64_t taken = 0;
    while (topic.head.sequence() < chain.newest()) {
      const uint64_t first = 1 + random() % (topic.head.sequence() + 1);
      const uint64_t last = std::min<uint64_t>(chain.newest(), first + random() % 20);
      for (uint64_t sequence = first; sequence <= last; ++sequence)
        taken += topic.Put(chain.At(sequence)).taken ? 1 : 0;
    }
    CHECK(taken == chain.newest());
    CHECK(topic.head.finding_count() == 0);
  }
}

}  // namespace
}  // namespace hangou
