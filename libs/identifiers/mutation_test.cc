// Valid identifiers, made from a seed, and what one wrong character makes of them.
#include <catch2/catch.hpp>

#include "libs/base/text.h"
#include "libs/identifiers/generate_for_test.h"
#include "libs/identifiers/identifiers.h"

namespace hangou {
namespace {

using identifier_test::Digits;
using identifier_test::RandomRegion;
using identifier_test::Uniform;

const int32_t kMutationDay = *ParseDay("2026-11-22");
constexpr int kRounds = 2000;

std::string RandomDigits(std::mt19937_64& random, int count) {
  std::string digits;
  for (int i = 0; i < count; ++i) digits += static_cast<char>('0' + Uniform(random, 0, 9));
  return digits;
}

std::string RandomOrganizationCode(std::mt19937_64& random) {
  std::string code;
  for (int i = 0; i < 8; ++i) code += "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[Uniform(random, 0, 35)];
  return code + OrganizationCodeCheck(code);
}

std::string RandomRegistrationNumber(std::mt19937_64& random) {
  const std::string number = RandomRegion(random) + RandomDigits(random, 8);
  return number + RegistrationNumberCheck(number);
}

std::string RandomUnionPayCard(std::mt19937_64& random) {
  const std::string number = "62" + RandomDigits(random, Uniform(random, 13, 16));
  return number + BankCardCheck(number);
}

std::string RandomCertificateId(std::mt19937_64& random) {
  const std::string type = identifier_test::RandomUscc(random) + RandomDigits(random, 3);
  const std::string issuer = identifier_test::RandomUscc(random);
  const std::string serial = RandomDigits(random, Uniform(random, 1, 20));
  return "1.2.156.3005.2." + type + "." + issuer + "." + serial + ".001." +
         CertificateIdCheck(type + issuer + serial + "001");
}

struct Kind {
  IdentifierType type;
  std::string (*make)(std::mt19937_64&);
};

// Types whose check character notices every single wrong character.
constexpr Kind kChecked[] = {{IdentifierType::kCitizenId, identifier_test::RandomCitizenId},
                             {IdentifierType::kUscc, identifier_test::RandomUscc},
                             {IdentifierType::kRegistrationNumber, RandomRegistrationNumber},
                             {IdentifierType::kBankCard, RandomUnionPayCard},
                             {IdentifierType::kCertificateId, RandomCertificateId}};

}  // namespace

TEST_CASE("Every valid identifier is valid, and none is after one digit has changed") {
  std::mt19937_64 random(identifier_test::kSeed);
  INFO("seed " << identifier_test::kSeed);
  for (const Kind& kind : kChecked) {
    for (int round = 0; round < kRounds; ++round) {
      const std::string id = kind.make(random);
      INFO(IdentifierTypeName(kind.type) << " " << id);
      REQUIRE(CheckIdentifier(kind.type, id, kMutationDay).ok());
      std::string changed = id;
      const auto at = static_cast<size_t>(Uniform(random, 2, static_cast<int>(id.size()) - 1));
      changed[at] = static_cast<char>('0' + Uniform(random, 0, 9));
      if (changed != id) REQUIRE_FALSE(CheckIdentifier(kind.type, changed, kMutationDay).ok());
    }
  }
}

TEST_CASE("An organisation code with one other digit fails, but for what its weights cannot tell") {
  std::mt19937_64 random(identifier_test::kSeed);
  int missed = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string id = RandomOrganizationCode(random);
    INFO(id);
    REQUIRE(CheckIdentifier(IdentifierType::kOrganizationCode, id, kMutationDay).ok());
    std::string changed = id;
    changed[static_cast<size_t>(Uniform(random, 0, 7))] = static_cast<char>('0' + Uniform(random, 0, 9));
    if (changed == id) continue;
    const bool same_sum = OrganizationCodeCheck(changed.substr(0, 8)) == id.back();
    missed += same_sum ? 1 : 0;
    REQUIRE(CheckIdentifier(IdentifierType::kOrganizationCode, changed, kMutationDay).ok() == same_sum);
  }
  CHECK(missed < kRounds / 5);
}

TEST_CASE("A longer or shorter identifier is never the same one") {
  std::mt19937_64 random(identifier_test::kSeed);
  for (const Kind& kind : kChecked) {
    // A bank card has several lengths, and so has a serial.
    if (kind.type == IdentifierType::kBankCard || kind.type == IdentifierType::kCertificateId) continue;
    for (int round = 0; round < kRounds; ++round) {
      std::string id = kind.make(random);
      REQUIRE_FALSE(CheckIdentifier(kind.type, id.substr(1), kMutationDay).ok());
      REQUIRE_FALSE(CheckIdentifier(kind.type, id + "0", kMutationDay).ok());
    }
  }
}

TEST_CASE("The normal form of a valid identifier is valid and its own normal form") {
  std::mt19937_64 random(identifier_test::kSeed);
  for (const Kind& kind : kChecked) {
    for (int round = 0; round < kRounds; ++round) {
      std::string id = kind.make(random);
      id.insert(static_cast<size_t>(Uniform(random, 0, static_cast<int>(id.size()))), " ");
      const IdentifierVerdict first = CheckIdentifier(kind.type, id, kMutationDay);
      REQUIRE(first.ok());
      const IdentifierVerdict second = CheckIdentifier(kind.type, first.normalized, kMutationDay);
      REQUIRE(second.ok());
      REQUIRE(second.normalized == first.normalized.view());
    }
  }
}

}  // namespace hangou
