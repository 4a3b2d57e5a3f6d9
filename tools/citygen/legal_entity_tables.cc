// The legal entity library: registers of companies.
#include "libs/base/text.h"
#include "tools/citygen/tables.h"

namespace hangou {

void WriteEnterprises(const City& city, TableWriter* table) {
  Random random(city.seed, "scjg.enterprise");
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    const Person head = city.people.At(company.representative);
    const int32_t approved = random.Day(company.established_day, kCityDay - 1);
    table->Text(company.uscc).CompanyName(company.name).Text(company.type).PersonName(head.name);
    table->Text(head.citizen_id)
        .Text(city.companies.AddressOf(company))
        .Text(city.VillageOf(company).township);
    table->Text(company.industry);
    table->Text("一般项目：" + company.business +
                "；技术服务、技术开发、技术咨询（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）");
    table->Yuan(company.capital).Text("156").Day(company.established_day).Day(approved).Text(company.status);
    table->Text(city.companies.PhoneOf(company)).OfficeInstant(random, approved);
    table->End(company.role() == kNewcomer ? PlantOf(Rule::kTaxRegistration, company.ordinal())
                                           : Plant::kNone);
  }
}

void WriteAnnualReports(const City& city, TableWriter* table) {
  Random random(city.seed, "scjg.annual_report");
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    for (const int year : {2023, 2024}) {
      if (!company.active() || company.established_day > *DayFromCivil(year, 12, 31)) continue;
      const AnnualIncome income = AnnualIncomeOf(city, company);
      const int64_t revenue =
          year == 2024 ? income.revenue : PartOf(income.revenue, random.Between(800'000, 1'050'000));
      const int64_t assets = company.capital / 2 + company.revenue / 100 * random.Between(20, 90);
      const int32_t reported = random.Day(*DayFromCivil(year + 1, 1, 1), *DayFromCivil(year + 1, 6, 29));
      table->Text(company.uscc).CompanyName(company.name).Number(year).Number(company.staff);
      table->Number(company.staff * random.Between(50, 100) / 100).Yuan(assets);
      table->Yuan(assets / 100 * random.Between(10, 95)).Yuan(revenue);
      table->Yuan(year == 2024 ? income.taxable : revenue / 100 * random.Between(-6, 15));
      table->Yuan(revenue / 1000 * random.Between(5, 40)).Text("").OfficeInstant(random, reported).End();
    }
  }
}

// The representative holds what a second shareholder does not.
void WriteShareholders(const City& city, TableWriter* table) {
  constexpr int64_t kWhole = 10'000;
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    Random random(city.seed, "shareholders", i);
    const int64_t second = random.Percent(40) ? random.Between(5, 49) * 100 : 0;
    const Person holders[] = {city.people.At(company.representative), city.people.Adult(random)};
    const int64_t shares[] = {kWhole - second, second};
    for (int holder = 0; holder < 2; ++holder) {
      const Person& person = holders[holder];
      if (shares[holder] == 0 || (holder == 1 && person.index == holders[0].index)) continue;
      table->Text(company.uscc).Text(person.citizen_id).PersonName(person.name).Scaled(shares[holder], 4);
      table->Yuan(company.capital / kWhole * shares[holder]).Day(company.established_day).End();
    }
  }
}

void WriteStateEnterprises(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kManufacturer); i += 4) {
    const Company company = city.CompanyOf(kManufacturer, i);
    table->Text(company.uscc).CompanyName(company.name).Text("扬州市国有资产控股有限公司");
    table->Scaled(5'100 + static_cast<int64_t>(i % 40) * 100, 4).Day(kCityDay - 30).End();
  }
}

void WriteCustomsFilings(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    if (!company.active() || (company.industry[0] != 'C' && company.industry[0] != 'F') || i % 5 != 0)
      continue;
    table->Text(company.uscc).CompanyName(company.name).Text("3210" + Digits(i, 6));
    table->Text(i % 35 == 0 ? "高级认证企业" : "注册登记和备案企业").Day(company.established_day + 90).End();
  }
}

void WriteLargeCompanies(const City& city, TableWriter* table) {
  constexpr int64_t kAboveScale = 2'000'000'000;  // 20 million yuan a year
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    if (!company.active() || company.revenue < kAboveScale) continue;
    table->Text(company.uscc).CompanyName(company.name).Number(2024).Text(company.industry);
    table->Yuan(AnnualIncomeOf(city, company).revenue).End();
  }
}

void WriteInvestmentProjects(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kSubsidised); ++i) {
    const Company company = city.CompanyOf(kSubsidised, i);
    Random random(city.seed, "investment", i);
    table->Text(company.uscc).CompanyName(company.name).Text("2403-321000-89-02-" + Digits(i, 6));
    table->Text("年产" + std::to_string(random.Between(1, 50)) + "万件" + company.business + "技术改造项目");
    table->Yuan(random.Between(500, 20'000) * 1'000'000).Day(random.Day(kCityDay - 500, kCityDay - 60)).End();
  }
}

void WriteParking(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.companies.count(); i += 97) {
    const Company company = city.companies.At(i);
    table->Text(company.uscc).CompanyName(company.name).Text("3210" + Digits(i, 6));
    table->Text(city.companies.AddressOf(company)).Number(20 + static_cast<int64_t>(i % 300)).Yuan(500).End();
  }
}

}  // namespace hangou
