// The people of the city: households of synthetic persons with valid citizen ids. Each is computed from the seed and
// an index; none is stored.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/citygen/pools.h"

namespace hangou {

// The day on which the city stands still (2025-06-30): nothing in it is younger.
constexpr int32_t kCityDay = 20'269;

// Neighbours come in blocks, which split into one to three households; a person's place in the block says what the
// person is: a couple, their children, another grown-up and that one's parent.
constexpr uint64_t kBlock = 6;
enum BlockPlace : uint64_t {
  kHeadPlace,
  kSpousePlace,
  kChildPlace,
  kSecondChildPlace,
  kNeighbourPlace,
  kElderPlace
};

// A person. Nobody lives: name, id and everything else are drawn.
struct Person {
  uint64_t index = 0;
  std::string citizen_id;
  std::string surname;
  std::string name;  // surname and given name
  bool female = false;
  int32_t birth_day = 0;
  std::string birth_region;   // 6 digits, as in the id
  size_t village = 0;         // index into Pools::villages
  uint64_t head = 0;          // index of the head of the household
  const char* relation = "";  // to the head, code of household_relation
  int64_t spouse = -1;        // index
  int64_t mother = -1;        // index
  int32_t wedding_day = 0;
  int32_t divorce_day = 0;  // 0: not divorced
  const char* marital_status = "10";
  int32_t death_day = 0;  // 0: alive

  // Of an age at which people are employed, and alive.
  bool CanWork() const;
};

// Age in full years on kCityDay, near enough (365.25 days).
int AgeOf(const Person& person);

// All of them. Immutable; thread-safe. `pools` outlives it.
class People {
 public:
  People(const Pools& pools, uint64_t seed, uint64_t count);

  uint64_t count() const { return count_; }
  // Whole blocks, at least one.
  uint64_t blocks() const { return count_ / kBlock; }
  // The person of an index below count().
  Person At(uint64_t index) const;
  Person At(uint64_t block, BlockPlace place) const { return At(block * kBlock + place); }
  // The head of the person's household: cheaper than the person.
  uint64_t HeadOf(uint64_t index) const;
  // Where the person lives.
  std::string AddressOf(const Person& person) const;
  // The number of the household, 9 digits.
  static std::string HouseholdOf(const Person& person);
  // Somebody who can work: the first from a random index on.
  Person Adult(Random& random) const;

 private:
  struct Birth {
    int32_t day;
    uint64_t county;    // index into counties_
    uint64_t sequence;  // 0 to 24
    bool wrapped;  // a child who would be born in the future is an elder instead, and the other way round
  };

  Birth BirthOf(uint64_t block, uint64_t place) const;
  void SetHousehold(uint64_t block, uint64_t place, const Birth& birth, Person* person) const;
  void SetCitizenId(uint64_t place, const Birth& birth, Random& random, Person* person) const;
  void SetMarriage(uint64_t block, Person* person) const;
  void SetDeath(uint64_t block, uint64_t place, Random& random, Person* person) const;
  const std::string& OtherRegion(int year, uint64_t county, Random& random) const;

  const Pools& pools_;
  uint64_t seed_;
  uint64_t count_;
  Shuffle shuffle_;
  std::vector<std::string> counties_;
  std::vector<std::vector<size_t>> villages_;          // of each county
  std::vector<std::vector<const Region*>> elsewhere_;  // regions that people of each county may come from
};

}  // namespace hangou
