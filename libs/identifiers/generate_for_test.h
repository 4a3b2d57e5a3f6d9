// Valid identifiers from a seed, for property tests.
#pragma once

#include <cstdio>
#include <random>
#include <string>

#include "libs/identifiers/identifiers.h"

namespace hangou::identifier_test {

// Printed by every property test, so that a failure can be repeated.
inline constexpr unsigned kSeed = 20261122;

inline int Uniform(std::mt19937_64& random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(random);
}

inline std::string Digits(int value, int width) {
  char text[16];
  std::snprintf(text, sizeof(text), "%0*d", width, value);
  return text;
}

// The first warning of a verdict; empty where there is none.
inline std::string WarningOf(const IdentifierVerdict& verdict) {
  return verdict.warnings().empty() ? "" : std::string(verdict.warnings().front());
}

inline std::string RandomRegion(std::mt19937_64& random) {
  constexpr const char* kRegions[] = {"110105", "321002", "321003", "321012",
                                      "321084", "321026", "440524", "650102"};
  return kRegions[Uniform(random, 0, 7)];
}

// The first 17 characters: region, a day of the years 1900 to 2020, sequence.
inline std::string RandomCitizenId(std::mt19937_64& random) {
  std::string id = RandomRegion(random) + Digits(Uniform(random, 1900, 2020), 4) +
                   Digits(Uniform(random, 1, 12), 2) + Digits(Uniform(random, 1, 28), 2) +
                   Digits(Uniform(random, 1, 999), 3);
  return id + CitizenIdCheck(id);
}

inline std::string RandomUscc(std::mt19937_64& random) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  std::string org_code;
  for (int i = 0; i < 8; ++i) org_code += kAlphabet[static_cast<size_t>(Uniform(random, 0, 30))];
  org_code += OrganizationCodeCheck(org_code);
  const std::string code = "9" + Digits(Uniform(random, 1, 3), 1) + RandomRegion(random) + org_code;
  return code + UsccCheck(code);
}

}  // namespace hangou::identifier_test
