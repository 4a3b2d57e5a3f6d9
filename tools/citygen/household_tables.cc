// What people and households have with the city's services: dwellings, bills, insurance, cards, cases.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

// Bills by supply: months back from May 2025 (each, or each second), usual usage, price of a unit in fen.
struct Supply {
  const char* label;
  const char* account;
  int months;
  int step;
  int64_t usual;
  int64_t price;
};
constexpr Supply kElectricity = {"power", "31", 9, 1, 220, 53};
constexpr Supply kTapWater = {"water", "32", 12, 2, 18, 300};
constexpr Supply kTownGas = {"gas", "33", 12, 2, 24, 288};

void WriteBills(const City& city, const Supply& supply, TableWriter* table) {
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    if (city.people.HeadOf(i) != i) continue;
    const Person person = city.people.At(i);
    const std::string unit = DwellingOf(city, person);
    const std::string account = supply.account + Digits(i, 8);
    Random random(city.seed, supply.label, i);
    for (int month = 0; month < supply.months; month += supply.step) {
      const int32_t day = MonthBefore(month);
      const int64_t used = random.Between(supply.usual / 3, supply.usual * 2);
      table->Text(unit).Text(account).Month(day).Number(used).Yuan(used * supply.price);
      table->DayIfAny(random.Percent(3) ? 0 : MonthEnd(day) + random.Day(2, 25)).End();
    }
  }
}

}  // namespace

void WriteElectricityBills(const City& city, TableWriter* table) { WriteBills(city, kElectricity, table); }
void WriteTapWaterBills(const City& city, TableWriter* table) { WriteBills(city, kTapWater, table); }
void WriteTownGasBills(const City& city, TableWriter* table) { WriteBills(city, kTownGas, table); }

void WriteDwellings(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    if (city.people.HeadOf(i) != i) continue;
    const Person person = city.people.At(i);
    Random random(city.seed, "dwelling", i);
    table->Text(DwellingOf(city, person)).Text(person.citizen_id).PersonName(person.name);
    table->Text("苏(2019)扬州市不动产权第" + Digits(i, 8) + "号");
    table->Scaled(random.Between(50, 180) * kHundredths, 2).Text(city.people.AddressOf(person));
    table->Day(random.Day(kCityDay - 5'000, kCityDay - 800)).End();
  }
}

void WriteEnrolments(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    const Person person = city.people.At(i);
    table->Text(person.citizen_id).PersonName(person.name).Text(person.CanWork() ? "employee" : "resident");
    table->Text("2019-01")
        .Text(person.death_day == 0 ? "active" : "ended")
        .Text(city.VillageOf(person).county);
    table->End();
  }
}

void WriteSettlements(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    const Person person = city.people.At(i);
    Random random(city.seed, "settlement", i);
    const int64_t visits = random.Between(0, AgeOf(person) > 55 ? 3 : 1);
    for (int64_t visit = 0; visit < visits && person.death_day == 0; ++visit) {
      const bool inpatient = random.Percent(12);
      const int64_t total = random.Between(inpatient ? 200'000 : 4'000, inpatient ? 3'000'000 : 90'000);
      table->Text(person.citizen_id).Text("2025" + Digits(i * 4 + static_cast<uint64_t>(visit), 12));
      table->Text("扬州市第" + std::string(random.Percent(50) ? "一" : "二") + "人民医院");
      table->Text(inpatient ? "inpatient" : "outpatient").Day(random.Day(kCityDay - 180, kCityDay - 1));
      table->Yuan(total).Yuan(total / 100 * random.Between(40, 85)).End();
    }
  }
}

void WriteSocialCards(const City& city, TableWriter* table) {
  constexpr const char* kBanks[] = {"中国银行", "建设银行", "江苏银行", "农业银行"};
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    const Person person = city.people.At(i);
    Random random(city.seed, "card", i);
    table->Text(person.citizen_id)
        .PersonName(person.name)
        .Text(AccountOf(city, person))
        .Text(random.Pick(kBanks));
    table->Day(random.Day(std::max(person.birth_day + 10, kCityDay - 4'000), kCityDay - 1));
    table->Text(random.Percent(70) ? "154" + std::to_string(random.Between(10'000'000, 99'999'999)) : "")
        .End();
  }
}

void WriteHealthRecords(const City& city, TableWriter* table) {
  constexpr const char* kChronic[] = {"高血压", "糖尿病", "高血压", ""};
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    const Person person = city.people.At(i);
    Random random(city.seed, "health", i);
    const Village& village = city.VillageOf(person);
    table->Text(person.citizen_id).Text(village.township + Digits(i, 8)).Text(village.township);
    table->Number(AgeOf(person) < 18 ? 60 + AgeOf(person) * 6 : random.Between(150, 188));
    table->Text(AgeOf(person) > 45 ? random.Pick(kChronic) : "");
    table->Day(random.Day(std::max(person.birth_day, kCityDay - 400), kCityDay - 1)).End();
  }
}

void WriteServiceCases(const City& city, TableWriter* table) {
  struct Item {
    const char* title;
    const char* department;
  };
  constexpr Item kItems[] = {{"居民身份证换领", "psb"},      {"社会保障卡补领", "hrss"},
                             {"个体工商户设立登记", "scjg"}, {"住房公积金提取", "housing_fund"},
                             {"残疾人证办理", "disabled"},   {"义务教育入学登记", "education"}};
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    Random random(city.seed, "case", i);
    if (!random.Percent(40)) continue;
    const Person person = city.people.At(i);
    if (AgeOf(person) < 18 || person.death_day != 0) continue;
    const Item& item = random.Pick(kItems);
    const int32_t day = random.Day(kCityDay - 360, kCityDay - 25);
    const auto organ = city.organs.find(item.department);
    table->Text(person.citizen_id).PersonName(person.name).Text("3210" + Digits(i, 12)).Text(item.title);
    table->Text(organ == city.organs.end() ? "扬州市政务服务中心" : organ->second.title);
    table->OfficeInstant(random, day).DayIfAny(random.Percent(95) ? day + random.Day(0, 20) : 0).End();
  }
}

}  // namespace hangou
