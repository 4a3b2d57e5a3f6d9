#include "tools/hangou/audit_verify.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "libs/audit/chain.h"
#include "libs/audit_topic/audit_topic_for_test.h"
#include "libs/audit_topic/shipper.h"
#include "libs/audit_topic/signed_head.h"
#include "libs/base/file.h"
#include "libs/base/signature.h"
#include "libs/base/temp_folder.h"
#include "libs/log/embedded_log.h"
#include "tools/hangou/audit_view.h"

namespace hangou {
namespace {

// A process that has ended: its chain of 20 entries, its log, and the head that was signed at entry 20.
struct EndedProcess {
  EndedProcess() {
    auto log = EmbeddedLog::Open(folder.path() + "/log", SystemClock());
    auto chain = AuditChain::Open(folder.path() + "/audit", "test", SystemClock());
    REQUIRE((log.ok() && chain.ok()));
    for (int i = 0; i < 19; ++i) REQUIRE((*chain)->AppendAndWait({}).ok());
    auto shipper = AuditShipper::Start(**chain, **log, {folder.path() + "/shipped", 5, 20});
    REQUIRE(shipper.ok());
    (*shipper)->Stop(20'000);
    audit::v1::Head head;
    head.set_chain_id((*shipper)->chain_id());
    auto* signed_head = head.mutable_signed_head();
    signed_head->set_chain_id(head.chain_id());
    signed_head->set_sequence(20);
    signed_head->set_hash((*chain)->Read(20, 1)->front().hash);
    signed_head->set_signed_us(1);
    *signed_head = SignHead(keys, *signed_head);
    PutMessage(**log, kAuditHeadsTopic, 0, "head", signed_head->SerializeAsString());
    std::ofstream(heads()) << HeadJson(head).dump() << "\n";
    std::ofstream(key()) << "the key\n" << PublicKeyPem(HeadKeysOf(keys)[0]);
  }
  std::string heads() const { return folder.path() + "/heads.json"; }
  std::string key() const { return folder.path() + "/key.pem"; }
  // Verifies the chain's folder against the head.
  absl::StatusOr<int> VerifyChain() const {
    return VerifyAudit({folder.path() + "/audit", heads(), false, "", key()}, {});
  }
  absl::StatusOr<int> VerifyLog(const std::string& key_file) const {
    return VerifyAudit({"", "", true, folder.path() + "/log", key_file}, {});
  }
  // Keeps the first `share` of the chain's one segment.
  void Cut(double share) const {
    for (const auto& file : std::filesystem::directory_iterator(folder.path() + "/audit")) {
      if (!file.path().string().ends_with(".audit")) continue;
      std::string bytes = *ReadFile(file.path());
      bytes.resize(bytes.find_last_not_of('\0') + 1);
      bytes.resize(static_cast<size_t>(static_cast<double>(bytes.size()) * share));
      std::ofstream(file.path(), std::ios::binary) << bytes;
    }
  }

  const KeyRing keys = KeyRing::ForTest();
  TempFolder folder;
};

TEST_CASE("A whole chain verifies offline in its folder and in the log, with its signed head") {
  const EndedProcess process;
  CHECK(process.VerifyChain().value() == kExitDone);
  CHECK(process.VerifyLog(process.key()).value() == kExitDone);
}

TEST_CASE("A chain that was cut behind its signed head has the exit code of a broken one") {
  const EndedProcess process;
  process.Cut(0.5);
  CHECK(process.VerifyChain().value() == kExitPartly);
  CHECK(VerifyAudit({process.folder.path() + "/audit", "", false, "", ""}, {}).value() == kExitDone);
}

TEST_CASE("Heads that another key has signed do not hold") {
  const EndedProcess process;
  const std::string other = process.folder.path() + "/other.pem";
  std::ofstream(other) << PublicKeyPem(Ed25519PublicKey(RandomBytes(kSigningSeedBytes)));
  CHECK(process.VerifyLog(other).value() == kExitPartly);
  CHECK_FALSE(VerifyAudit({process.folder.path() + "/audit", process.heads(), false, "", other}, {}).ok());
}

TEST_CASE("What makes no sense is wrong usage; what is not there is an error, and is not made") {
  const EndedProcess process;
  CHECK(VerifyAudit({"", "", true, "", process.key()}, {}).value() == kExitUsage);
  CHECK(VerifyAudit({"", "", true, process.folder.path() + "/log", ""}, {}).value() == kExitUsage);
  CHECK(VerifyAudit({"", process.heads(), false, "", process.key()}, {}).value() == kExitUsage);
  const std::string nothing = process.folder.path() + "/nothing";
  CHECK_FALSE(VerifyAudit({"", "", true, nothing, process.key()}, {}).ok());
  CHECK_FALSE(VerifyAudit({nothing, "", false, "", ""}, {}).ok());
  CHECK_FALSE(std::filesystem::exists(nothing));
}

TEST_CASE("A file of heads that is none is refused, whatever is in it") {
  const TempFolder folder;
  const std::string path = folder.path() + "/heads.json";
  for (const char* text : {"x", "[]", "{}", "{\"chain\":1,\"signed\":2}", "{\"chain\":\"a\",\"signed\":{}}",
                           "{\"chain\":\"a\",\"signed\":{\"hash\":1,\"sequence\":\"1\",\"signed_us\":1}}",
                           "{\"chain\":\"a\",\"signed\":{\"hash\":\"0g\",\"sequence\":1,\"signed_us\":1}}"}) {
    CAPTURE(text);
    std::ofstream(path) << text << "\n";
    CHECK_FALSE(SignedHeadsOfFile(path).ok());
  }
  std::ofstream(path) << "{\"chain\":\"a\",\"sequence\":1}\n";
  CHECK(SignedHeadsOfFile(path)->empty());
}

}  // namespace
}  // namespace hangou
