#include "libs/audit_topic/topic_verifier.h"

#include <catch2/catch.hpp>

#include "libs/audit_topic/audit_topic_for_test.h"
#include "libs/audit_topic/signed_head.h"

namespace hangou {
namespace {

using namespace hangou::audit::v1;  // NOLINT: the names of findings

// A log with two chains of 10 entries, in messages of up to 4, and heads of both.
struct TwoChains {
  TwoChains() {
    REQUIRE(EnsureAuditTopics(log).ok());
    for (ChainForTest* chain : {&a, &b}) {
      chain->Append(9);
      PutBatch(log, chain->Batch(1, 4));
      PutBatch(log, chain->Batch(5, 8));
    }
    PutBatch(log, a.Batch(9, 10));
    PutHead(a, 8, a.At(8).hash);
    PutHead(b, 4, b.At(4).hash);
  }
  void PutHead(const ChainForTest& chain, uint64_t sequence, const std::string& hash) {
    SignedHead head;
    head.set_chain_id(chain.id());
    head.set_sequence(sequence);
    head.set_hash(hash);
    PutMessage(log, kAuditHeadsTopic, 0, AuditKey(chain.id(), sequence),
               SignHead(keys, head).SerializeAsString());
  }
  VerifiedTopics Verify() {
    auto verified = VerifyAuditTopics(log, HeadKeysOf(keys), 1);
    REQUIRE(verified.ok());
    return std::move(*verified);
  }

  const KeyRing keys = KeyRing::ForTest();
  MemoryLog log;
  ChainForTest a{"a"};
  ChainForTest b{"b"};
};

TEST_CASE("Whole chains with heads that hold verify") {
  TwoChains topics;
  const VerifiedTopics verified = topics.Verify();
  CHECK(verified.whole());
  CHECK(verified.heads.size() == 2);
  CHECK(verified.heads.at(topics.a.id()).sequence() == 10);
  CHECK(verified.heads.at(topics.b.id()).sequence() == 8);
  CHECK(verified.entries == 18);
  CHECK(verified.signed_heads == 2);
}

TEST_CASE("Messages that came twice change nothing") {
  TwoChains topics;
  PutBatch(topics.log, topics.a.Batch(3, 10));
  PutBatch(topics.log, topics.b.Batch(1, 4));
  const VerifiedTopics verified = topics.Verify();
  CHECK(verified.whole());
  CHECK(verified.entries == 18);
}

TEST_CASE("A chain that breaks is named, and the other one is whole") {
  TwoChains topics;
  topics.a.CutTo(6);
  topics.a.Append(9);
  ChainForTest other = topics.b;
  other.CutTo(5);
  Entry entry;
  entry.set_note("rewritten");
  other.Append(6, entry);
  PutBatch(topics.log, other.Batch(6, 11));
  const VerifiedTopics verified = topics.Verify();
  CHECK_FALSE(verified.whole());
  CHECK(verified.heads.at(topics.a.id()).finding_count() == 0);
  CHECK(verified.heads.at(topics.b.id()).findings(0).kind() == FINDING_KIND_FORK);
}

TEST_CASE("Heads without the entries they were signed for, of another hash, or of another key are findings") {
  TwoChains topics;
  topics.PutHead(topics.b, 10, topics.b.At(10).hash);
  topics.PutHead(topics.a, 9, topics.a.At(8).hash);
  VerifiedTopics verified = topics.Verify();
  CHECK(verified.heads.at(topics.b.id()).findings(0).kind() == FINDING_KIND_HEAD_MISSING);
  CHECK(verified.heads.at(topics.a.id()).findings(0).kind() == FINDING_KIND_HEAD_MISMATCH);
  CHECK(verified.signed_heads == 2);
  verified = VerifyAuditTopics(topics.log, {}, 1).value();
  CHECK(verified.heads.at(topics.a.id()).findings(0).kind() == FINDING_KIND_HEAD_SIGNATURE);
}

TEST_CASE("Messages that are none, and a partition that is damaged, are findings of their own") {
  TwoChains topics;
  PutMessage(topics.log, kAuditTopic, 1, "x", "not a batch");
  PutMessage(topics.log, kAuditTopic, 1, "x", "not one either");
  CHECK(topics.Verify().finding_count == 2);
  topics.log.DamagePartition(kAuditTopic, AuditPartitionOf(topics.a.id()));
  const VerifiedTopics verified = topics.Verify();
  CHECK(verified.findings[0].kind() == FINDING_KIND_UNREADABLE);
  CHECK(verified.heads.at(topics.a.id()).findings(0).kind() == FINDING_KIND_HEAD_MISSING);
}

}  // namespace
}  // namespace hangou
