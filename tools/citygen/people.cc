#include "tools/citygen/people.h"

#include <algorithm>

#include "libs/identifiers/identifiers.h"
#include "tools/citygen/calendar.h"
#include "tools/citygen/rules.h"

namespace hangou {
namespace {

constexpr int32_t kDaysOfYear = 365;  // near enough for ages of weddings and children
// Ids are unique by construction: a block has its own pair of first birthday and slot (county and number), every place
// of the block is a fixed number of days away for a slot, and has its own 50 sequence numbers. Registrars number the
// births of a day and county from 1 and hardly reach 700, so that no id is anybody's but by chance.
constexpr uint64_t kSlots = 150;
constexpr uint64_t kSequencesOfPlace = 50;
constexpr uint64_t kFirstSequence = 700;
// Birthdays of heads, 1940-01-01 to 1998-12-31.
constexpr int32_t kFirstHead = -10'957;
constexpr uint64_t kHeadDays = 21'549;
// What would lie in the future, or before the oldest living were born, is moved out of the other births' way.
constexpr int32_t kOldest = -16'436;  // 1925-01-01
constexpr int32_t kElderInstead = 75 * kDaysOfYear + 18;
constexpr int32_t kChildInstead = 65 * kDaysOfYear + 16;
// Citizen ids were first given out in 1985, under the codes of that year.
constexpr int kFirstIdYear = 1985;
constexpr uint64_t kFirstHousehold = 300'000'000;

// What today's counties of the city were called in the ids of earlier years: code and last year.
struct FormerRegion {
  const char* today;
  const char* former;
  int last_year;
};
constexpr FormerRegion kFormerRegions[] = {
    {"321003", "321027", 1999}, {"321012", "321026", 1993}, {"321012", "321088", 2010},
    {"321081", "321029", 1985}, {"321084", "321022", 1990},
};

std::string FormerOf(const std::string& county, int year) {
  for (const FormerRegion& row : kFormerRegions) {
    if (county == row.today && year <= row.last_year) return row.former;
  }
  return county;
}

// How a block splits: the head of each place.
constexpr std::array<std::array<uint64_t, kBlock>, 4> kSplits = {{
    {0, 0, 0, 0, 4, 4}, {0, 0, 0, 0, 4, 0}, {0, 0, 0, 0, 4, 5}, {0, 1, 0, 0, 4, 4},  // the couple is divorced
}};
constexpr uint64_t kDivorcedSplit = 3;

uint64_t SplitOf(uint64_t seed, uint64_t block) {
  const int64_t draw = Random(seed, "split", block).Between(0, 99);
  return draw < 55 ? 0 : draw < 75 ? 1 : draw < 91 ? 2 : kDivorcedSplit;
}

// The surname of a place is that of another one: children have their father's.
std::string SurnameOf(const Pools& pools, uint64_t seed, uint64_t block, uint64_t place) {
  const uint64_t shared = place == kChildPlace || place == kSecondChildPlace ? kHeadPlace : place;
  Random random(seed, "surname", block * kBlock + shared);
  return pools.surnames[pools.surname_weights.Draw(random)];
}

std::string GivenName(const Pools& pools, bool female, Random& random) {
  const auto& characters = female ? pools.women_characters : pools.men_characters;
  const Weights& weights = female ? pools.women_weights : pools.men_weights;
  std::string name = characters[weights.Draw(random)];
  return random.Percent(18) ? name : name + characters[weights.Draw(random)];
}

}  // namespace

int AgeOf(const Person& person) { return (kCityDay - person.birth_day) * 4 / (4 * kDaysOfYear + 1); }

bool Person::CanWork() const {
  const int age = AgeOf(*this);
  return death_day == 0 && age >= 20 && age < 60;
}

People::People(const Pools& pools, uint64_t seed, uint64_t count)
    : pools_(pools), seed_(seed), count_(count), shuffle_(seed, kHeadDays * kSlots) {
  for (size_t i = 0; i < pools.villages.size(); ++i) {
    const std::string& county = pools.villages[i].county;
    if (counties_.empty() || counties_.back() != county) {
      counties_.push_back(county);
      villages_.emplace_back();
    }
    villages_.back().push_back(i);
  }
  elsewhere_.resize(counties_.size());
  for (const Region& region : pools.regions) {
    if (region.code.starts_with("3210")) continue;
    elsewhere_[static_cast<size_t>(std::stoi(region.code)) % counties_.size()].push_back(&region);
  }
}

People::Birth People::BirthOf(uint64_t block, uint64_t place) const {
  const uint64_t spread = shuffle_(block);
  const uint64_t slot = spread / kHeadDays;
  auto day = static_cast<int32_t>(kFirstHead + static_cast<int32_t>(spread % kHeadDays));
  Random random(seed_, "births", slot);
  const int32_t spouse = random.Day(-5 * kDaysOfYear, 5 * kDaysOfYear);
  const int32_t child = std::max(spouse, 0) + random.Day(22 * kDaysOfYear, 29 * kDaysOfYear);
  const int32_t offsets[kBlock] = {0,
                                   spouse,
                                   child,
                                   child + random.Day(2 * kDaysOfYear, 6 * kDaysOfYear),
                                   random.Day(-8 * kDaysOfYear, 7 * kDaysOfYear),
                                   random.Day(-28 * kDaysOfYear, -22 * kDaysOfYear)};
  day += offsets[place];
  bool wrapped = true;
  if (day > kCityDay - 30) {
    day -= kElderInstead;
  } else if (day < kOldest) {
    day += kChildInstead;
  } else {
    wrapped = false;
  }
  return {day, slot % counties_.size(), slot / counties_.size(), wrapped};
}

Person People::At(uint64_t index) const {
  const uint64_t block = index / kBlock;
  const uint64_t place = index % kBlock;
  const Birth birth = BirthOf(block, place);
  Random random(seed_, "person", index);
  Person person;
  person.index = index;
  person.birth_day = birth.day;
  const bool woman_is_head = Random(seed_, "head", block).Percent(20);
  person.female = place == kHeadPlace     ? woman_is_head
                  : place == kSpousePlace ? !woman_is_head
                                          : random.Percent(place == kElderPlace ? 55 : 48);
  person.surname = SurnameOf(pools_, seed_, block, place);
  person.name = person.surname + GivenName(pools_, person.female, random);
  SetCitizenId(place, birth, random, &person);
  SetHousehold(block, place, birth, &person);
  SetMarriage(block, &person);
  SetDeath(block, place, random, &person);
  return person;
}

uint64_t People::HeadOf(uint64_t index) const {
  const uint64_t block = index / kBlock;
  return block * kBlock + kSplits[SplitOf(seed_, block)][index % kBlock];
}

void People::SetHousehold(uint64_t block, uint64_t place, const Birth& birth, Person* person) const {
  person->head = HeadOf(person->index);
  const uint64_t head = person->head % kBlock;
  Random random(seed_, "home", person->head);
  person->village = random.Pick(villages_[birth.county]);
  const bool elder = (place == kElderPlace) != birth.wrapped;
  const bool child = place >= kChildPlace && place != kNeighbourPlace;
  person->relation = place == head           ? "02"
                     : place == kSpousePlace ? "10"
                     : child && elder        ? "50"
                     : person->female        ? "30"
                                             : "20";
  if (place != kElderPlace && child && !birth.wrapped) {
    const bool woman_is_head = Random(seed_, "head", block).Percent(20);
    person->mother = static_cast<int64_t>(block * kBlock + (woman_is_head ? kHeadPlace : kSpousePlace));
  }
}

void People::SetCitizenId(uint64_t place, const Birth& birth, Random& random, Person* person) const {
  const int year = std::max(YearOf(birth.day), kFirstIdYear);
  person->birth_region =
      random.Percent(85) ? FormerOf(counties_[birth.county], year) : OtherRegion(year, birth.county, random);
  person->citizen_id = person->birth_region;
  AppendDay(birth.day, &person->citizen_id);
  std::erase(person->citizen_id, '-');
  // Odd numbers are men.
  const uint64_t sequence = kFirstSequence + place * kSequencesOfPlace + birth.sequence * 2;
  person->citizen_id += std::to_string(sequence + (person->female ? 0 : 1));
  person->citizen_id += CitizenIdCheck(person->citizen_id);
}

// Counties draw from regions of their own, which keeps ids unique.
const std::string& People::OtherRegion(int year, uint64_t county, Random& random) const {
  while (true) {
    const Region& region = *random.Pick(elsewhere_[county]);
    if (region.from_year <= year && year <= region.to_year) return region.code;
  }
}

void People::SetMarriage(uint64_t block, Person* person) const {
  const uint64_t place = person->index % kBlock;
  if (place == kElderPlace) person->marital_status = AgeOf(*person) > 50 ? "30" : "10";
  if (place == kNeighbourPlace) person->marital_status = AgeOf(*person) > 45 ? "40" : "10";
  if (place > kSpousePlace) return;
  const uint64_t other = block * kBlock + (place == kHeadPlace ? kSpousePlace : kHeadPlace);
  if (other >= count_) return;
  person->spouse = static_cast<int64_t>(other);
  const int32_t youngest = std::max(BirthOf(block, kHeadPlace).day, BirthOf(block, kSpousePlace).day);
  Random random(seed_, "wedding", block);
  person->wedding_day =
      std::min(youngest + random.Day(22 * kDaysOfYear + 6, 25 * kDaysOfYear), kCityDay - 30);
  const bool divorced = SplitOf(seed_, block) == kDivorcedSplit && person->wedding_day < kCityDay - 90;
  if (divorced) person->divorce_day = random.Day(person->wedding_day + 30, kCityDay - 30);
  person->marital_status = divorced ? "40" : "20";
}

// The dead for whom wages are declared (T31) are neighbours, who leave no widow.
void People::SetDeath(uint64_t block, uint64_t place, Random& random, Person* person) const {
  const int age = AgeOf(*person);
  const Plant plant = place == kNeighbourPlace ? GhostPlantOf(block) : Plant::kNone;
  if (plant == Plant::kHit) {
    person->death_day = random.Day(kCityDay - 390, kCityDay - 180);
  } else if (plant == Plant::kNearMiss) {
    person->death_day = random.Day(kAprilDay, kAprilDay + 29);
  } else if (place > kSpousePlace && age > 18 &&
             random.Chance(age > 75   ? 150'000
                           : age > 55 ? 20'000
                                      : 1'500)) {
    person->death_day = random.Day(kCityDay - 8 * kDaysOfYear, kCityDay - 15);
  }
}

std::string People::AddressOf(const Person& person) const {
  const Village& village = pools_.villages[person.village];
  Random random(seed_, "address", person.head);
  std::string where = "扬州市" + village.county_name + village.township_name + village.name;
  if (village.name.ends_with("村")) {
    return where + std::to_string(random.Between(1, 20)) + "组" + std::to_string(random.Between(1, 60)) +
           "号";
  }
  return where + std::to_string(random.Between(1, 60)) + "幢" + std::to_string(random.Between(1, 24)) + "0" +
         std::to_string(random.Between(1, 4)) + "室";
}

std::string People::HouseholdOf(const Person& person) {
  return std::to_string(kFirstHousehold + person.head + 1);
}

Person People::Adult(Random& random) const {
  auto index = static_cast<uint64_t>(random.Between(0, static_cast<int64_t>(count_) - 1));
  while (true) {
    Person person = At(index);
    if (person.CanWork()) return person;
    index = (index + 1) % count_;
  }
}

}  // namespace hangou
