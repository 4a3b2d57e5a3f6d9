#include "libs/audit_topic/signed_head.h"

#include <catch2/catch.hpp>

#include "libs/audit_topic/audit_topic_for_test.h"
#include "libs/base/signature.h"

namespace hangou {
namespace {

hangou::audit::v1::SignedHead HeadOf(const ChainForTest& chain) {
  hangou::audit::v1::SignedHead head;
  head.set_chain_id(chain.id());
  head.set_sequence(chain.newest());
  head.set_hash(chain.At(chain.newest()).hash);
  head.set_signed_us(7);
  return head;
}

TEST_CASE("What is signed is a text that anyone can write down") {
  hangou::audit::v1::SignedHead head;
  head.set_chain_id("0123");
  head.set_sequence(5);
  head.set_hash(std::string(32, '\x0f'));
  head.set_signed_us(9);
  std::string hash;
  for (int i = 0; i < 32; ++i) hash += "0f";
  CHECK(SignedHeadText(head) ==
        "hangou audit head 1\nchain 0123\nsequence 5\nhash " + hash + "\nsigned_us 9\n");
}

TEST_CASE("A signed head holds under the ring's public keys, and not when any of it is changed") {
  const KeyRing keys = KeyRing::ForTest();
  const ChainForTest chain("a");
  const auto head = SignHead(keys, HeadOf(chain));
  CHECK(IsSignedByOneOf(HeadKeysOf(keys), head));
  CHECK_FALSE(IsSignedByOneOf({}, head));
  CHECK_FALSE(IsSignedByOneOf({Ed25519PublicKey(RandomBytes(kSigningSeedBytes))}, head));
  auto changed = head;
  changed.set_sequence(2);
  CHECK_FALSE(IsSignedByOneOf(HeadKeysOf(keys), changed));
  changed = head;
  changed.set_hash(std::string(32, 'x'));
  CHECK_FALSE(IsSignedByOneOf(HeadKeysOf(keys), changed));
  changed = head;
  changed.set_signed_us(8);
  CHECK_FALSE(IsSignedByOneOf(HeadKeysOf(keys), changed));
}

TEST_CASE("A message of the topic of heads that is none is told from one") {
  const ChainForTest chain("a");
  CHECK(DecodeSignedHead({0, 0, "k", HeadOf(chain).SerializeAsString()}).ok());
  CHECK(ReasonOf(DecodeSignedHead({0, 0, "k", std::nullopt}).status()) == Reason::kDataLoss);
  CHECK(ReasonOf(DecodeSignedHead({0, 0, "k", "x"}).status()) == Reason::kDataLoss);
  CHECK(ReasonOf(DecodeSignedHead({0, 0, "k", ""}).status()) == Reason::kDataLoss);
}

}  // namespace
}  // namespace hangou
