// The tax library: declarations and payments of companies. What the comparisons need stands in *_cases.cc.
#include "libs/base/text.h"
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr const char* kVat = "10101";
constexpr const char* kIncomeTax = "10104";
constexpr int64_t kTenThousand = 10'000;
// Revenue of a year up to which a taxpayer counts as small: 5 million yuan, in fen.
constexpr int64_t kSmallTaxpayer = 500'000'000;

// One tax declaration of a company; amounts in fen.
struct TaxDeclaration {
  const char* tax_kind = "";
  const char* kind = "";
  int32_t from_day = 0;
  int32_t to_day = 0;
  int64_t base = 0;
  int64_t rate_per_ten_thousand = 0;
  int64_t tax = 0;
  int32_t declared_day = 0;
  bool paid = false;
};

// The periods that the city declares: three quarters, and a year.
struct Period {
  int from_year, from_month, to_year, to_month, to_day;
};
constexpr Period kQuarters[] = {{2024, 7, 2024, 9, 30}, {2024, 10, 2024, 12, 31}, {2025, 1, 2025, 3, 31}};
constexpr Period kYear = {2024, 1, 2024, 12, 31};

TaxDeclaration Declare(const Period& period, const char* tax_kind, int64_t base, int64_t rate, int64_t tax) {
  TaxDeclaration declaration;
  declaration.tax_kind = tax_kind;
  declaration.kind = base == 0 ? "31" : "11";
  declaration.from_day = *DayFromCivil(period.from_year, period.from_month, 1);
  declaration.to_day = *DayFromCivil(period.to_year, period.to_month, period.to_day);
  declaration.base = base;
  declaration.rate_per_ten_thousand = rate;
  declaration.tax = tax;
  return declaration;
}

void SetDays(Random& random, int last_day_to_declare, TaxDeclaration* declaration) {
  const bool late = random.Percent(3);
  if (late && declaration->base != 0) declaration->kind = "12";
  declaration->declared_day = static_cast<int32_t>(
      declaration->to_day + (late ? random.Between(last_day_to_declare + 1, last_day_to_declare + 25)
                                  : random.Between(1, last_day_to_declare)));
  declaration->paid = declaration->tax > 0 && random.Percent(96);
}

TaxDeclaration QuarterOf(const Company& company, const Period& period, int64_t rate, Random& random) {
  const bool small = company.revenue < kSmallTaxpayer;
  const int64_t sales = random.Percent(6) ? 0 : company.revenue / 400 * random.Between(70, 130);
  // Large taxpayers deduct what their suppliers paid.
  const int64_t borne_percent = small ? 100 : random.Between(10, 45);
  TaxDeclaration declaration =
      Declare(period, kVat, sales, rate, sales / kTenThousand * rate / 100 * borne_percent);
  SetDays(random, 15, &declaration);
  return declaration;
}

TaxDeclaration YearOf(const City& city, const Company& company, Random& random) {
  constexpr int64_t kMillionthsPerTenThousandth = 100;
  const AnnualIncome income = AnnualIncomeOf(city, company);
  TaxDeclaration declaration =
      Declare(kYear, kIncomeTax, income.taxable, income.rate / kMillionthsPerTenThousandth,
              PartOf(income.taxable, income.rate));
  SetDays(random, 145, &declaration);
  return declaration;
}

std::string OfficeOf(const City& city, const Company& company) {
  return "国家税务总局扬州市" + city.VillageOf(company).county_name + "税务局";
}

// Payments follow from declarations.
std::vector<TaxDeclaration> DeclarationsOf(const City& city, const Company& company) {
  Random random(city.seed, "tax", company.index);
  std::vector<TaxDeclaration> declarations;
  if (!company.active()) return declarations;
  const bool sells_goods = random.Percent(60);
  const int64_t vat_rate = company.revenue < kSmallTaxpayer ? 100 : sells_goods ? 1300 : 600;
  for (const Period& period : kQuarters) {
    if (company.established_day > *DayFromCivil(period.to_year, period.to_month, period.to_day)) continue;
    declarations.push_back(QuarterOf(company, period, vat_rate, random));
  }
  if (company.established_day < *DayFromCivil(kYear.to_year, 1, 1)) {
    declarations.push_back(YearOf(city, company, random));
  }
  return declarations;
}

void WriteDeclaration(const City& city, const Company& company, const TaxDeclaration& declaration,
                      Random& random, TableWriter* table) {
  table->Text(company.uscc).CompanyName(company.name).Text(declaration.tax_kind).Day(declaration.from_day);
  table->Day(declaration.to_day).Text(declaration.kind).Yuan(declaration.base);
  table->Scaled(declaration.rate_per_ten_thousand, 4).Yuan(declaration.tax).Text(OfficeOf(city, company));
  table->OfficeInstant(random, declaration.declared_day).End();
}

}  // namespace

// Some declarations are corrected later: the same period with a higher version.
void WriteDeclarations(const City& city, TableWriter* table) {
  Random random(city.seed, "tax.declaration");
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    for (TaxDeclaration& declaration : DeclarationsOf(city, company)) {
      WriteDeclaration(city, company, declaration, random, table);
      if (declaration.base == 0 || !random.Percent(2)) continue;
      declaration.kind = "21";
      declaration.base += declaration.base / 20;
      declaration.tax += declaration.tax / 20;
      declaration.declared_day = std::min(declaration.declared_day + 20, kCityDay);
      WriteDeclaration(city, company, declaration, random, table);
    }
  }
}

void WritePayments(const City& city, TableWriter* table) {
  constexpr uint64_t kFirstVoucher = 332'100'250'000'000'000;
  uint64_t voucher = kFirstVoucher;
  Random random(city.seed, "tax.payment");
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    for (const TaxDeclaration& declaration : DeclarationsOf(city, company)) {
      if (!declaration.paid) continue;
      table->Text(company.uscc).CompanyName(company.name).Text(std::to_string(++voucher));
      table->Text(declaration.tax_kind)
          .Day(declaration.from_day)
          .Day(declaration.to_day)
          .Yuan(declaration.tax);
      table->Text("1").Day(std::min(declaration.declared_day + random.Day(0, 5), kCityDay)).End();
    }
  }
}

void WriteArrears(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    for (const TaxDeclaration& declaration : DeclarationsOf(city, company)) {
      if (declaration.paid || declaration.tax == 0 || declaration.tax_kind != std::string_view(kIncomeTax))
        continue;
      table->Text(company.uscc).CompanyName(company.name).Text(declaration.tax_kind).Yuan(declaration.tax);
      table->Day(kCityDay - 1).End();
    }
  }
}

void WriteAbnormalTaxpayers(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    if (!Random(city.seed, "abnormal taxpayer", i).Percent(2)) continue;
    const Company company = city.companies.At(i);
    table->Text(company.uscc).CompanyName(company.name).Day(kCityDay - 300 + static_cast<int32_t>(i % 200));
    table->DayIfAny(i % 3 == 0 ? kCityDay - 20 : 0).End();
  }
}

}  // namespace hangou
