// Income tax of companies. T25: what was received of subsidies is in the income, or declared as not taxable. T29: the
// reduced rate needs a certificate that is valid in the year.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr int32_t kIncomeYearStart = 19'723;  // 2024-01-01
constexpr int32_t kIncomeYearEnd = 20'088;
constexpr int64_t kSmallRate = 50'000;
constexpr int64_t kSmallRevenue = 500'000'000;
constexpr int32_t kCertificateDays = 3 * 365;
constexpr int64_t kSubsidies = 2;

int64_t SubsidyOf(const City& city, const Company& company, int64_t number) {
  return Random(city.seed, "subsidy", company.index * kSubsidies + static_cast<uint64_t>(number))
             .Between(300, 20'000) *
         10'000;
}

int64_t SubsidySum(const City& city, const Company& company) {
  int64_t sum = 0;
  for (int64_t i = 0; i < kSubsidies; ++i) sum += SubsidyOf(city, company, i);
  return sum;
}

}  // namespace

AnnualIncome AnnualIncomeOf(const City& city, const Company& company) {
  Random random(city.seed, "income", company.index);
  AnnualIncome income;
  income.revenue = PartOf(company.revenue, random.Between(850'000, 1'100'000));
  income.taxable = std::max<int64_t>(0, PartOf(income.revenue, random.Between(-50'000, 140'000)));
  income.rate = company.revenue < kSmallRevenue ? kSmallRate : kCompanyIncomeRate;
  if (company.role() == kHitechCompany) {
    income.plant = PlantOf(Rule::kHitech, company.ordinal());
    income.rate = kHitechRate;
    income.taxable = PartOf(income.revenue, random.Between(30'000, 140'000));
    if (income.plant == Plant::kHit) income.gap = PartOf(income.taxable, kCompanyIncomeRate - kHitechRate);
  }
  if (company.role() == kSubsidised) {
    income.plant = PlantOf(Rule::kSubsidy, company.ordinal());
    const int64_t received = SubsidySum(city, company);
    const int64_t hidden = income.plant == Plant::kHit        ? received / (1 + VariantOf(company.ordinal()))
                           : income.plant == Plant::kNearMiss ? kTolerance
                                                              : 0;
    income.subsidy = (received - hidden) / 2;
    income.not_taxable = received - hidden - income.subsidy;
    income.gap = PartOf(hidden, kCompanyIncomeRate);
  }
  return income;
}

void WriteAnnualIncome(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    if (!company.active() || company.established_day >= kIncomeYearStart) continue;
    const AnnualIncome income = AnnualIncomeOf(city, company);
    table->Text(company.uscc).CompanyName(company.name).Text(YearText(kIncomeYearEnd)).Yuan(income.revenue);
    table->Yuan(income.taxable).Yuan(income.subsidy).Yuan(income.not_taxable).Scaled(income.rate / 100, 4);
    table->Yuan(PartOf(income.taxable, income.rate)).End(income.plant);
  }
}

// Hits have a certificate that has run out, or none; near misses one that is valid on the last day of the year.
void WriteHitechCertificates(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kHitechCompany); ++i) {
    const Company company = city.CompanyOf(kHitechCompany, i);
    const Plant plant = AnnualIncomeOf(city, company).plant;
    if (plant == Plant::kHit && VariantOf(i) == 1) continue;
    const int32_t until = plant == Plant::kHit        ? kIncomeYearStart - 30
                          : plant == Plant::kNearMiss ? kIncomeYearEnd
                                                      : kIncomeYearEnd + 30 + static_cast<int32_t>(i % 700);
    table->Text(company.uscc).CompanyName(company.name).Text("GR202232" + Digits(i, 6));
    table->Day(until - kCertificateDays).Day(until).Text("").End(plant);
  }
}

void WriteSubsidies(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kSubsidised); ++i) {
    const Company company = city.CompanyOf(kSubsidised, i);
    const Plant plant = AnnualIncomeOf(city, company).plant;
    for (int64_t number = 0; number < kSubsidies; ++number) {
      table->Text(company.uscc).CompanyName(company.name);
      table->Text("扬财工贸〔2024〕" + std::to_string(i * kSubsidies + static_cast<uint64_t>(number) + 1) +
                  "号");
      table->Text(YearText(kIncomeYearEnd)).Yuan(SubsidyOf(city, company, number));
      table->Day(kIncomeYearStart + 100 + static_cast<int32_t>(number) * 90).Text("技术改造补助").End(plant);
    }
  }
}

void AddIncomeGaps(const City& city, Gaps* gaps) {
  for (const uint64_t role : {uint64_t{kSubsidised}, uint64_t{kHitechCompany}}) {
    for (uint64_t i = 0; i < city.CountOf(role); ++i) {
      const Company company = city.CompanyOf(role, i);
      const AnnualIncome income = AnnualIncomeOf(city, company);
      const Gap gap = {role == kSubsidised ? Rule::kSubsidy : Rule::kHitech,
                       income.plant,
                       company.uscc,
                       "",
                       YearText(kIncomeYearEnd),
                       income.gap};
      if (role == kSubsidised) {
        gaps->Add(gap, {"company_income_rate", "tolerance"});
      } else {
        gaps->Add(gap, {"company_income_rate", "hitech_income_rate"});
      }
    }
  }
}

}  // namespace hangou
