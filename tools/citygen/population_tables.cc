// The population library: registers of people.
#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr int32_t kFirstUpdate = kCityDay - 180;

// The ethnic groups of the city, how many of ten thousand.
struct EthnicGroup {
  const char* code;
  int weight;
};
constexpr EthnicGroup kEthnicGroups[] = {{"01", 9920}, {"03", 45}, {"11", 10}, {"06", 8},
                                         {"15", 7},    {"08", 5},  {"05", 3},  {"02", 2}};

const char* EthnicGroupOf(Random& random) {
  static const Weights weights = [] {
    Weights made;
    for (const EthnicGroup& group : kEthnicGroups) made.Add(group.weight);
    return made;
  }();
  return kEthnicGroups[weights.Draw(random)].code;
}

const char* EducationOf(Random& random, int age) {
  constexpr const char* kOfGrownUps[] = {"20", "20", "20", "30", "30", "40", "60", "60", "70", "70", "10"};
  constexpr const char* kOfOld[] = {"80", "80", "70", "70", "90", "60"};
  if (age < 7) return "";
  if (age < 13) return "80";
  if (age < 16) return "70";
  if (age < 19) return "60";
  return age > 60 ? random.Pick(kOfOld) : random.Pick(kOfGrownUps);
}

// A mobile number of a series that no operator sells.
std::string MobileOf(Random& random) {
  return "154" + std::to_string(random.Between(10'000'000, 99'999'999));
}

void WriteMarriage(const City& city, const Person& person, const Person& spouse, bool divorce,
                   TableWriter* table) {
  const Village& village = city.VillageOf(person);
  const int32_t day = divorce ? person.divorce_day : person.wedding_day;
  const uint64_t number = std::min(person.index, spouse.index) / kBlock;
  Random random(city.seed, "marriage", number);
  const std::string certificate =
      (divorce ? "L" : "J") + village.county + "-" + YearText(day) + "-" + Digits(number, 6);
  table->Text(person.citizen_id).PersonName(person.name).Text(spouse.citizen_id).PersonName(spouse.name);
  table->Text(divorce ? "divorce" : "marriage").Text(certificate).Day(day);
  table->Text(village.county_name + "民政局婚姻登记处").Text(village.county);
  table->OfficeInstant(random, std::max(day, *DayFromCivil(2015, 1, 1))).End();
}

Plant GhostPlant(const Person& person) {
  return person.index % kBlock == kNeighbourPlace ? GhostPlantOf(person.index / kBlock) : Plant::kNone;
}

}  // namespace

// A number of an account that Luhn's check accepts, behind a run of zeros that no bank gives out.
std::string AccountOf(const City& city, const Person& person) {
  Random random(city.seed, "account", person.index);
  std::string digits = "6217000000" + std::to_string(random.Between(10'000'000, 99'999'999));
  return digits + BankCardCheck(digits);
}

void WriteResidents(const City& city, TableWriter* table) {
  Random random(city.seed, "psb.resident");
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    const Person person = city.people.At(i);
    const int age = AgeOf(person);
    table->Text(person.citizen_id).PersonName(person.name);
    table->Text(random.Percent(2) ? person.surname + "小" + person.name.substr(person.surname.size(), 3)
                                  : "");
    table->Text(person.female ? "2" : "1").Text(EthnicGroupOf(random)).Day(person.birth_day);
    table->Text(person.birth_region).Text(city.VillageOf(person).code).Text(city.people.AddressOf(person));
    table->Text(person.marital_status).Text(EducationOf(random, age));
    table->Text(random.Percent(60) ? std::to_string(random.Between(1, 4)) : "");
    table->Text(age > 13 && person.death_day == 0 ? MobileOf(random) : "");
    table->Text(person.death_day != 0 ? "dead" : "normal").DayIfAny(person.death_day);
    table->Bool(random.Chance(2'000)).OfficeInstant(random, random.Day(kFirstUpdate, kCityDay - 1));
    table->End(GhostPlant(person));
  }
}

void WriteHouseholds(const City& city, TableWriter* table) {
  Random random(city.seed, "psb.household");
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    const Person person = city.people.At(i);
    const int32_t moved_in = std::max(person.birth_day, *DayFromCivil(1985, 1, 1));
    table->Text(person.citizen_id).Text(People::HouseholdOf(person)).Text(person.relation);
    table->Text(city.people.At(person.head).citizen_id).Text(city.VillageOf(person).code);
    table->Text(city.people.AddressOf(person)).Day(random.Day(moved_in, kCityDay - 1));
    table->OfficeInstant(random, random.Day(kFirstUpdate, kCityDay - 1)).End();
  }
}

// A couple is a row under each of the two, and two more after a divorce.
void WriteMarriages(const City& city, TableWriter* table) {
  for (uint64_t block = 0; block * kBlock + kSpousePlace < city.people.count(); ++block) {
    const Person head = city.people.At(block, kHeadPlace);
    const Person spouse = city.people.At(block, kSpousePlace);
    for (const bool divorce : {false, true}) {
      if (divorce && head.divorce_day == 0) continue;
      WriteMarriage(city, head, spouse, divorce, table);
      WriteMarriage(city, spouse, head, divorce, table);
    }
  }
}

void WriteDeaths(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    const Person person = city.people.At(i);
    if (person.death_day == 0) continue;
    table->Text(person.citizen_id).PersonName(person.name).Day(person.death_day);
    table->Day(std::min(person.death_day + 12, kCityDay)).Text(i % 4 == 0 ? "" : "疾病");
    table->End(GhostPlant(person));
  }
}

void WriteBirths(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    const Person child = city.people.At(i);
    if (child.mother < 0) continue;
    const Person mother = city.people.At(static_cast<uint64_t>(child.mother));
    table->Text(child.citizen_id).PersonName(child.name).Day(child.birth_day).Text(mother.citizen_id);
    table->PersonName(mother.name)
        .Text("Q" + Digits(i, 9))
        .Text(city.VillageOf(child).county_name + "人民医院");
    table->End();
  }
}

void WriteStudents(const City& city, TableWriter* table) {
  constexpr int kFirstAge = 6;
  constexpr int kLastAge = 17;
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    const Person person = city.people.At(i);
    const int age = AgeOf(person);
    if (age < kFirstAge || age > kLastAge || person.death_day != 0) continue;
    const char* school = age < 12 ? "小学" : age < 15 ? "初级中学" : "高级中学";
    table->Text(person.citizen_id).PersonName(person.name).Text("G" + person.citizen_id);
    table->Text(city.VillageOf(person).township_name + school).Number(age - kFirstAge + 1);
    table->Text(std::to_string(2025 - (age < 12 ? age - 5 : age < 15 ? age - 11 : age - 14)) + "-09-01");
    table->End();
  }
}

void WriteDriverLicences(const City& city, TableWriter* table) {
  constexpr const char* kClasses[] = {"C1", "C1", "C1", "C1", "C2", "B2", "A2"};
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    const Person person = city.people.At(i);
    const int age = AgeOf(person);
    Random random(city.seed, "driver", i);
    if (age < 19 || age > 69 || person.death_day != 0 || !random.Percent(55)) continue;
    const int32_t first = person.birth_day + 18 * 366;
    const int32_t issued = random.Day(first, std::max(first, kCityDay - 10));
    table->Text(person.citizen_id).PersonName(person.name).Text(random.Pick(kClasses));
    table->Day(std::min(issued, kCityDay - 1))
        .Day(kCityDay + random.Day(30, 2'000))
        .Text("3210" + Digits(i, 8));
    table->End();
  }
}

void WriteRelief(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    if (!Random(city.seed, "relief", i).Percent(1)) continue;
    const Person person = city.people.At(i);
    if (person.death_day != 0) continue;
    table->Text(person.citizen_id).PersonName(person.name).Text(People::HouseholdOf(person)).Text("2024-01");
    table->Yuan(80'000 + static_cast<int64_t>(i % 5) * 5'000).Text(city.VillageOf(person).township).End();
  }
}

// The number of the certificate is the citizen id, kind and grade.
void WriteDisabledCertificates(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    Random random(city.seed, "disabled", i);
    if (!random.Percent(2)) continue;
    const Person person = city.people.At(i);
    const std::string kind = std::to_string(random.Between(1, 7));
    const std::string grade = std::to_string(random.Between(1, 4));
    table->Text(person.citizen_id).PersonName(person.name).Text(person.citizen_id + kind + grade);
    table->Text(kind).Text(grade).Day(random.Day(std::max(person.birth_day, kCityDay - 3'000), kCityDay - 1));
    table->End();
  }
}

void WriteVeterans(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    if (!Random(city.seed, "veteran", i).Percent(2)) continue;
    const Person person = city.people.At(i);
    if (AgeOf(person) < 24 || AgeOf(person) > 53 || person.female) continue;
    const int year = YearOf(person.birth_day) + 19;
    table->Text(person.citizen_id).PersonName(person.name).Number(year).Number(year + 3);
    table->Text("32" + Digits(i, 11)).End();
  }
}

void WriteLandContracts(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.people.count(); i += kBlock) {
    const Person person = city.people.At(i);
    const Village& village = city.VillageOf(person);
    if (!village.name.ends_with("村")) continue;
    Random random(city.seed, "land contract", i);
    table->Text(person.citizen_id).PersonName(person.name).Text(village.code + Digits(i / kBlock, 7));
    table->Scaled(random.Between(500, 9'000) * kHundredths, 2).Text(village.code).Text("1998-10-01");
    table->Text("2028-09-30").End();
  }
}

}  // namespace hangou
