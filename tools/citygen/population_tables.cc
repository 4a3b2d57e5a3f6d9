#include "libs/base/text.h"
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr int32_t kFirstUpdate = kCityDay - 180;
constexpr int kMonthsOfInsurance = 1;

// The ethnic groups of the city, how many of ten thousand.
struct EthnicGroup {
  const char* code;
  int weight;
};
constexpr EthnicGroup kEthnicGroups[] = {{"01", 9920}, {"03", 45}, {"11", 10}, {"06", 8},
                                         {"15", 7},    {"08", 5},  {"05", 3},  {"02", 2}};

std::string DayOrNothing(int32_t day) { return day == 0 ? "" : FormatDay(day); }

std::string EthnicGroupOf(Random& random) {
  static const Weights weights = [] {
    Weights made;
    for (const EthnicGroup& group : kEthnicGroups) made.Add(group.weight);
    return made;
  }();
  return kEthnicGroups[weights.Draw(random)].code;
}

std::string EducationOf(Random& random, int age) {
  constexpr const char* kOfGrownUps[] = {"20", "20", "20", "30", "30", "40", "60", "60", "70", "70", "10"};
  constexpr const char* kOfOld[] = {"80", "80", "70", "70", "90", "60"};
  if (age < 7) return "";
  if (age < 13) return "80";
  if (age < 16) return "70";
  if (age < 19) return "60";
  return age > 60 ? random.Pick(kOfOld) : random.Pick(kOfGrownUps);
}

// A mobile number of a series that no operator sells.
std::string PhoneOf(Random& random) { return "154" + std::to_string(random.Between(10'000'000, 99'999'999)); }

// A number of an account that Luhn's check accepts, behind a run of zeros that no bank gives out.
std::string AccountOf(Random& random) {
  std::string digits = "6217000000" + std::to_string(random.Between(10'000'000, 99'999'999));
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const int digit = digits[digits.size() - 1 - i] - '0';
    const int doubled = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += i % 2 == 0 ? doubled : digit;
  }
  return digits + static_cast<char>('0' + (10 - sum % 10) % 10);
}

// One kind of social insurance, rates in percent of the base.
struct Insurance {
  const char* kind;
  int64_t personal_percent;
  int64_t employer_percent;
};
constexpr Insurance kInsurances[] = {{"110", 8, 16}, {"310", 2, 7}};

// Draws an employer for each worker, large ones more often.
class Employers {
 public:
  explicit Employers(const City& city) : city_(city) {
    for (const Company& company : city.companies) weights_.Add(company.active() ? company.staff : 0);
  }
  bool empty() const { return weights_.empty(); }
  const Company& Draw(Random& random) const { return city_.companies[weights_.Draw(random)]; }

 private:
  const City& city_;
  Weights weights_;
};

void WriteInsuranceOf(const Person& person, const Company& employer, Random& random, TableWriter* table) {
  constexpr int64_t kLowestBase = 449'400;
  constexpr int64_t kHighestBase = 2'404'200;
  constexpr int32_t kLastMonth = 20'209;  // 2025-05-01
  const int64_t base = random.Between(0, 99) < 45 ? kLowestBase : random.Between(kLowestBase, kHighestBase);
  const std::string account = AccountOf(random);
  for (int month = 0; month < kMonthsOfInsurance; ++month) {
    const int32_t day = kLastMonth - month * 30;
    for (const Insurance& insurance : kInsurances) {
      table->Write({person.citizen_id, person.name, employer.uscc, insurance.kind,
                    FormatDay(day).substr(0, 7), FormatYuan(base),
                    FormatYuan(base * insurance.personal_percent / 100),
                    FormatYuan(base * insurance.employer_percent / 100), "active", account,
                    FormatDay(static_cast<int32_t>(day + random.Between(10, 24)))});
    }
  }
}

void WriteMarriage(const Person& person, const Person& spouse, const char* event,
                   const std::string& certificate, int32_t day, const Village& village,
                   const std::string& updated, TableWriter* table) {
  table->Write({person.citizen_id, person.name, spouse.citizen_id, spouse.name, event, certificate,
                FormatDay(day), village.county_name + "民政局婚姻登记处", village.county, updated});
}

}  // namespace

const TableSpec kResidentTable = {"psb.resident",
                                  {{"citizen_id", ColumnKind::kId, true},
                                   {"name", ColumnKind::kText, true, 50},
                                   {"former_name", ColumnKind::kText, false, 50},
                                   {"sex", ColumnKind::kCode, true},
                                   {"ethnic_group", ColumnKind::kCode},
                                   {"birth_date", ColumnKind::kBirthDate, true},
                                   {"birth_place"},
                                   {"division", ColumnKind::kOther, true},
                                   {"address", ColumnKind::kText, true, 100},
                                   {"marital_status", ColumnKind::kCode},
                                   {"education", ColumnKind::kCode},
                                   {"blood_type", ColumnKind::kCode},
                                   {"phone"},
                                   {"state", ColumnKind::kCode, true},
                                   {"death_date", ColumnKind::kPastDate},
                                   {"control_mark"},
                                   {"updated_at", ColumnKind::kInstant, true}}};

void WriteResidents(const City& city, TableWriter* table) {
  Random random(city.seed, "psb.resident");
  for (const Person& person : city.people) {
    const Village& village = city.pools.villages[person.village];
    const int age = AgeOf(person);
    table->Write(
        {person.citizen_id, person.name,
         random.Percent(2) ? person.surname + "小" + person.name.substr(person.surname.size(), 3) : "",
         person.female ? "2" : "1", EthnicGroupOf(random), FormatDay(person.birth_day), person.birth_region,
         village.code, person.address, person.marital_status, EducationOf(random, age),
         random.Percent(60) ? std::to_string(random.Between(1, 4)) : "",
         age > 13 && person.death_day == 0 ? PhoneOf(random) : "", person.death_day != 0 ? "dead" : "normal",
         DayOrNothing(person.death_day), random.Chance(2'000) ? "true" : "false",
         OfficeInstant(random, static_cast<int32_t>(random.Between(kFirstUpdate, kCityDay - 1)))});
  }
}

const TableSpec kHouseholdTable = {"psb.household",
                                   {{"citizen_id", ColumnKind::kId, true},
                                    {"household_no", ColumnKind::kOther, true},
                                    {"relation", ColumnKind::kCode, true},
                                    {"head_citizen_id", ColumnKind::kId, true},
                                    {"division", ColumnKind::kOther, true},
                                    {"address", ColumnKind::kText, true, 100},
                                    {"moved_in_on", ColumnKind::kPastDate},
                                    {"updated_at", ColumnKind::kInstant, true}}};

void WriteHouseholds(const City& city, TableWriter* table) {
  Random random(city.seed, "psb.household");
  for (const Person& person : city.people) {
    const int32_t moved_in = std::max(person.birth_day, *DayFromCivil(1985, 1, 1));
    table->Write({person.citizen_id, person.household_no, person.relation,
                  city.people[person.head].citizen_id, city.pools.villages[person.village].code,
                  person.address, FormatDay(static_cast<int32_t>(random.Between(moved_in, kCityDay - 1))),
                  OfficeInstant(random, static_cast<int32_t>(random.Between(kFirstUpdate, kCityDay - 1)))});
  }
}

const TableSpec kMarriageTable = {"civil.marriage",
                                  {{"citizen_id", ColumnKind::kId, true},
                                   {"name", ColumnKind::kText, true, 50},
                                   {"spouse_citizen_id", ColumnKind::kId, true},
                                   {"spouse_name", ColumnKind::kText, true, 50},
                                   {"event", ColumnKind::kCode, true},
                                   {"certificate_no", ColumnKind::kOther, true},
                                   {"event_date", ColumnKind::kPastDate, true},
                                   {"office", ColumnKind::kText, true, 60},
                                   {"office_division"},
                                   {"updated_at", ColumnKind::kInstant, true}}};

// A couple is a row under each of the two, and two more after a divorce.
void WriteMarriages(const City& city, TableWriter* table) {
  Random random(city.seed, "civil.marriage");
  int64_t number = 100'000;
  for (size_t i = 0; i < city.people.size(); ++i) {
    const Person& person = city.people[i];
    if (person.spouse <= static_cast<int>(i)) continue;
    const Person& spouse = city.people[static_cast<size_t>(person.spouse)];
    const Village& village = city.pools.villages[person.village];
    const auto write = [&](const char* event, char letter, int32_t day) {
      const std::string certificate = letter + village.county + "-" + FormatDay(day).substr(0, 4) + "-" +
                                      std::to_string(++number % 1'000'000 + 1'000'000).substr(1);
      const std::string updated = OfficeInstant(random, std::max(day, *DayFromCivil(2015, 1, 1)));
      WriteMarriage(person, spouse, event, certificate, day, village, updated, table);
      WriteMarriage(spouse, person, event, certificate, day, village, updated, table);
    };
    write("marriage", 'J', person.wedding_day);
    if (person.divorce_day != 0) write("divorce", 'L', person.divorce_day);
  }
}

const TableSpec kInsuranceTable = {"hrss.social_insurance",
                                   {{"citizen_id", ColumnKind::kId, true},
                                    {"name", ColumnKind::kText, true, 50},
                                    {"employer", ColumnKind::kId, true},
                                    {"insurance_kind", ColumnKind::kCode, true},
                                    {"month", ColumnKind::kOther, true},
                                    {"base", ColumnKind::kAmount, true},
                                    {"personal_amount", ColumnKind::kAmount, true},
                                    {"employer_amount", ColumnKind::kAmount, true},
                                    {"status", ColumnKind::kCode, true},
                                    {"bank_account"},
                                    {"paid_on", ColumnKind::kPastDate}}};

void WriteInsurance(const City& city, TableWriter* table) {
  Random random(city.seed, "hrss.social_insurance");
  const Employers employers(city);
  if (employers.empty()) return;
  for (const Person& person : city.people) {
    const int age = AgeOf(person);
    if (person.death_day != 0 || age < 20 || age > 60 || !random.Percent(72)) continue;
    WriteInsuranceOf(person, employers.Draw(random), random, table);
  }
}

}  // namespace hangou
