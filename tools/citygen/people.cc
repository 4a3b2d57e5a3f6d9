#include "tools/citygen/people.h"

#include <algorithm>
#include <cstdio>
#include <unordered_set>

#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"

namespace hangou {
namespace {

constexpr int kDaysPerYear = 365;  // near enough for ages of weddings and children
// Registrars number the births of a day and county from 1 and hardly reach this, so that no id is anybody's but by
// chance.
constexpr int kFirstSequence = 800;
constexpr int kLastSequence = 999;
// Citizen ids were first given out in 1985, under the codes of that year.
constexpr int kFirstIdYear = 1985;
// Few of those who were born earlier are alive.
constexpr int kOldestYear = 1925;

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

int YearOf(int32_t day) { return std::stoi(FormatDay(day).substr(0, 4)); }

std::string FormerOf(const std::string& county, int year) {
  for (const FormerRegion& row : kFormerRegions) {
    if (county == row.today && year <= row.last_year) return row.former;
  }
  return county;
}

class Census {
 public:
  Census(const Pools& pools, uint64_t seed, size_t count)
      : pools_(pools), random_(seed, "people"), count_(count) {
    people_.reserve(count + kLargestHousehold);
  }

  std::vector<Person> Run() {
    while (people_.size() < count_) MakeHousehold();
    people_.resize(count_);
    // The last household may have lost a spouse by the cut.
    for (Person& person : people_) {
      if (person.spouse >= static_cast<int>(count_)) person.spouse = -1;
    }
    return std::move(people_);
  }

 private:
  static constexpr size_t kLargestHousehold = 5;

  void MakeHousehold() {
    first_ = people_.size();
    village_ = static_cast<size_t>(random_.Between(0, static_cast<int64_t>(pools_.villages.size()) - 1));
    address_ = MakeAddress();
    household_no_ = std::to_string(300'000'000 + ++households_);
    const int64_t kind = random_.Between(0, 99);
    if (kind < 60) {
      MakeCouple();
    } else if (kind < 88) {
      MakeSingle();
    } else {
      MakeSingleParent();
    }
  }

  void MakeCouple() {
    const bool woman_is_head = random_.Percent(20);
    const int32_t birth = Birth(1940, 1998);
    const size_t head = Add(birth, woman_is_head, "", "02");
    const auto spouse_birth =
        static_cast<int32_t>(birth + random_.Between(-5 * kDaysPerYear, 5 * kDaysPerYear));
    const size_t spouse = Add(spouse_birth, !woman_is_head, "", "10");
    Marry(head, spouse);
    AddChildren(woman_is_head ? spouse : head, woman_is_head ? birth : spouse_birth);
    if (random_.Percent(25)) AddGrandparent(birth, people_[head].surname);
  }

  void Marry(size_t head, size_t spouse) {
    const int32_t youngest = std::max(people_[head].birth_day, people_[spouse].birth_day);
    const auto wedding = static_cast<int32_t>(std::min<int64_t>(
        youngest + random_.Between(22 * kDaysPerYear + 6, 30 * kDaysPerYear), kCityDay - 30));
    const bool divorced = random_.Percent(6) && wedding + 3 * kDaysPerYear < kCityDay;
    const auto divorce =
        divorced ? static_cast<int32_t>(random_.Between(wedding + kDaysPerYear, kCityDay - 30)) : 0;
    for (const auto& [who, other] : {std::pair(head, spouse), std::pair(spouse, head)}) {
      Person& person = people_[who];
      person.spouse = static_cast<int>(other);
      person.wedding_day = wedding;
      person.divorce_day = divorce;
      if (person.death_day <= std::max(wedding, divorce)) person.death_day = 0;
      person.marital_status = divorced ? "40" : people_[other].death_day != 0 ? "30" : "20";
    }
  }

  void AddChildren(size_t father, int32_t mother_birth) {
    const int64_t children = random_.Between(0, 2);
    int32_t birth = mother_birth;
    for (int64_t i = 0; i < children; ++i) {
      birth += static_cast<int32_t>(
          random_.Between((i == 0 ? 22 : 2) * kDaysPerYear, (i == 0 ? 33 : 8) * kDaysPerYear));
      if (birth > kCityDay - 60) return;
      const bool girl = random_.Percent(48);
      const size_t child = Add(birth, girl, people_[father].surname, girl ? "30" : "20");
      people_[child].marital_status = "10";
    }
  }

  void AddGrandparent(int32_t child_birth, const std::string& surname) {
    const auto birth =
        static_cast<int32_t>(child_birth - random_.Between(22 * kDaysPerYear, 32 * kDaysPerYear));
    if (birth < *DayFromCivil(kOldestYear, 1, 1)) return;
    const bool female = random_.Percent(55);
    const size_t who = Add(birth, female, female ? "" : surname, "50");
    people_[who].marital_status = "30";
  }

  void MakeSingle() {
    const int32_t birth = Birth(1935, 2004);
    const size_t who = Add(birth, random_.Percent(48), "", "02");
    const int age = AgeOf(people_[who]);
    people_[who].marital_status = age > 70 ? "30" : age < 30 || random_.Percent(60) ? "10" : "40";
  }

  void MakeSingleParent() {
    const int32_t birth = Birth(1960, 1998);
    const size_t parent = Add(birth, random_.Percent(60), "", "02");
    people_[parent].marital_status = random_.Percent(70) ? "40" : "30";
    AddChildren(parent, birth);
  }

  size_t Add(int32_t birth, bool female, const std::string& surname, const char* relation) {
    Person person;
    person.surname = surname.empty() ? pools_.surnames[pools_.surname_weights.Draw(random_)] : surname;
    person.name = person.surname + GivenName(female);
    person.female = female;
    person.birth_day = birth;
    person.village = village_;
    person.address = address_;
    person.household_no = household_no_;
    person.head = first_;
    person.relation = relation;
    SetCitizenId(&person);
    const int age = AgeOf(person);
    if (random_.Chance(age > 75 ? 90'000 : age > 55 ? 15'000 : 1'000)) {
      person.death_day =
          static_cast<int32_t>(random_.Between(std::max(birth, kCityDay - 8 * kDaysPerYear), kCityDay - 15));
    }
    people_.push_back(std::move(person));
    return people_.size() - 1;
  }

  void SetCitizenId(Person* person) {
    const int year = std::max(YearOf(person->birth_day), kFirstIdYear);
    do {
      person->birth_region =
          random_.Percent(85) ? FormerOf(pools_.villages[village_].county, year) : OtherRegion(year);
      std::string birth = FormatDay(person->birth_day);
      std::erase(birth, '-');
      int64_t sequence = random_.Between(kFirstSequence, kLastSequence);
      // Odd numbers are men.
      if ((sequence % 2 == 0) != person->female) sequence -= sequence == kLastSequence ? 1 : -1;
      person->citizen_id = person->birth_region + birth + std::to_string(sequence);
    } while (!ids_.insert(person->citizen_id).second);
    person->citizen_id += CitizenIdCheck(person->citizen_id);
  }

  std::string OtherRegion(int year) {
    while (true) {
      const Region& region = random_.Pick(pools_.regions);
      if (region.from_year <= year && year <= region.to_year) return region.code;
    }
  }

  std::string GivenName(bool female) {
    const auto& characters = female ? pools_.women_characters : pools_.men_characters;
    const Weights& weights = female ? pools_.women_weights : pools_.men_weights;
    std::string name;
    const int64_t length = random_.Percent(18) ? 1 : 2;
    for (int64_t i = 0; i < length; ++i) name += characters[weights.Draw(random_)];
    return name;
  }

  std::string MakeAddress() {
    const Village& village = pools_.villages[village_];
    const std::string where = "扬州市" + village.county_name + village.township_name + village.name;
    if (village.name.ends_with("村")) {
      return where + std::to_string(random_.Between(1, 20)) + "组" + std::to_string(random_.Between(1, 60)) +
             "号";
    }
    return where + std::to_string(random_.Between(1, 60)) + "幢" + std::to_string(random_.Between(1, 24)) +
           "0" + std::to_string(random_.Between(1, 4)) + "室";
  }

  int32_t Birth(int from_year, int to_year) {
    return static_cast<int32_t>(
        random_.Between(*DayFromCivil(from_year, 1, 1), *DayFromCivil(to_year, 12, 31)));
  }

  const Pools& pools_;
  Random random_;
  size_t count_;
  std::vector<Person> people_;
  std::unordered_set<std::string> ids_;
  int64_t households_ = 0;
  size_t first_ = 0;
  size_t village_ = 0;
  std::string address_;
  std::string household_no_;
};

}  // namespace

int AgeOf(const Person& person) {
  const std::string birth = FormatDay(person.birth_day);
  const std::string today = FormatDay(kCityDay);
  const int years = std::stoi(today.substr(0, 4)) - std::stoi(birth.substr(0, 4));
  return birth.substr(5) > today.substr(5) ? years - 1 : years;
}

std::vector<Person> MakePeople(const Pools& pools, uint64_t seed, size_t count) {
  return Census(pools, seed, count).Run();
}

}  // namespace hangou
