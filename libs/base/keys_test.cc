#include "libs/base/keys.h"

#include <sys/stat.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

TEST_CASE("SHA-256 gives the digests of FIPS 180-4, also of a text in two parts") {
  CHECK(Hex(Sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Hex(Sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Sha256("a", "bc") == Sha256("abc"));
}

TEST_CASE("HMAC-SHA-256 gives the codes of RFC 4231, on every thread") {
  const auto check = [] {
    return Hex(HmacSha256(std::string(20, '\x0b'), "Hi There")) ==
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" &&
           Hex(HmacSha256("Jefe", "what do ya want for nothing?")) ==
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" &&
           Hex(HmacSha256(std::string(131, '\xaa'),
                          "Test Using Larger Than Block-Size Key - Hash Key First")) ==
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
  };
  CHECK(check());
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 200; ++round) wrong += check() ? 0 : 1;
      });
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("A key ring is made once, for its owner only, and hashes the same when it is read again") {
  TempFolder folder;
  const std::string path = folder.path() + "/keys";
  const auto made = KeyRing::LoadOrCreate(path, 1);
  REQUIRE(made.ok());
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  const auto again = KeyRing::LoadOrCreate(path, 2);
  REQUIRE(again.ok());
  CHECK(made->Hash(KeyPurpose::kPseudonym, "x") == again->Hash(KeyPurpose::kPseudonym, "x"));
  CHECK(made->Hash(KeyPurpose::kPseudonym, "x") != made->Hash(KeyPurpose::kAuditSubject, "x"));
  ::chmod(path.c_str(), 0640);
  CHECK(ReasonOf(KeyRing::LoadOrCreate(path, 3).status()) == Reason::kInvalidRequest);
}

TEST_CASE("Only of a secret that root has mounted may a group read the keys") {
  constexpr uint32_t kRoot = 0;
  constexpr uint32_t kUser = 65532;
  CHECK(IsSecret(0600, kUser, kUser));
  CHECK(IsSecret(0400, kRoot, kRoot));
  CHECK(IsSecret(0440, kRoot, kUser));
  CHECK(IsSecret(0640, kRoot, kUser));
  CHECK_FALSE(IsSecret(0640, kUser, kUser));
  CHECK_FALSE(IsSecret(0640, kRoot, kRoot));
  CHECK_FALSE(IsSecret(0660, kRoot, kUser));
  CHECK_FALSE(IsSecret(0444, kRoot, kUser));
}

TEST_CASE("A key ring with a damaged line, or without a key for a purpose, is refused") {
  TempFolder folder;
  const std::string path = folder.path() + "/keys";
  REQUIRE(KeyRing::LoadOrCreate(path, 1).ok());
  const auto content = ReadFile(path);
  REQUIRE(content.ok());
  std::ofstream(path) << content->substr(0, content->size() - 3) << "\n";
  CHECK_FALSE(KeyRing::LoadOrCreate(path, 1).ok());
  std::ofstream(path) << content->substr(0, content->rfind('\n', content->size() - 2) + 1);
  CHECK_FALSE(KeyRing::LoadOrCreate(path, 1).ok());
}

TEST_CASE("What an older key has hashed is found under one of all keys") {
  TempFolder folder;
  const std::string path = folder.path() + "/keys";
  const auto before = KeyRing::LoadOrCreate(path, 1);
  REQUIRE(before.ok());
  const std::string old_hash = before->Hash(KeyPurpose::kAuditSubject, "person:1");
  const auto content = ReadFile(path);
  REQUIRE(content.ok());
  std::ofstream(path) << *content << "knew audit_subject 5 - " << std::string(64, 'a') << "\n";
  const auto after = KeyRing::LoadOrCreate(path, 2);
  REQUIRE(after.ok());
  CHECK(after->Hash(KeyPurpose::kAuditSubject, "person:1").starts_with("knew:"));
  const auto all = after->HashesOfAllKeys(KeyPurpose::kAuditSubject, "person:1");
  CHECK(all == std::vector<std::string>{old_hash, after->Hash(KeyPurpose::kAuditSubject, "person:1")});
}

TEST_CASE("A token opens under its own context only, and not after any change") {
  const KeyRing keys = KeyRing::ForTest();
  const std::string payload("page\0 7", 7);
  const std::string token = keys.SealToken(payload, "tax|list");
  CHECK(keys.OpenToken(token, "tax|list").value() == payload);
  CHECK(ReasonOf(keys.OpenToken(token, "civil|list").status()) == Reason::kTokenInvalid);
  CHECK_FALSE(keys.OpenToken("", "tax|list").ok());
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(keys.OpenToken(changed, "tax|list").ok());
    CHECK_FALSE(keys.OpenToken(token.substr(0, i), "tax|list").ok());
  }
}

}  // namespace
}  // namespace hangou
