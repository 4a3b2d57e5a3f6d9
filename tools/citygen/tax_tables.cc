#include "libs/base/text.h"
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr const char* kVat = "10101";
constexpr const char* kIncomeTax = "10104";
constexpr int64_t kTenThousand = 10'000;
// Revenue of a year up to which a taxpayer counts as small: 5 million yuan, in fen.
constexpr int64_t kSmallTaxpayer = 500'000'000;

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

TaxDeclaration YearOf(const Company& company, Random& random) {
  const bool small = company.revenue < kSmallTaxpayer;
  const int64_t profit = std::max<int64_t>(0, company.revenue / 100 * random.Between(-5, 14));
  const int64_t rate = small ? 500 : 2500;
  TaxDeclaration declaration = Declare(kYear, kIncomeTax, profit, rate, profit / kTenThousand * rate);
  SetDays(random, 145, &declaration);
  return declaration;
}

std::string OfficeOf(const City& city, const Company& company) {
  return "国家税务总局扬州市" + city.pools.villages[company.village].county_name + "税务局";
}

void WriteDeclaration(const City& city, const Company& company, const TaxDeclaration& declaration,
                      Random& random, TableWriter* table) {
  table->Write({company.uscc, company.name, declaration.tax_kind, FormatDay(declaration.from_day),
                FormatDay(declaration.to_day), declaration.kind, FormatYuan(declaration.base),
                FormatScaled(declaration.rate_per_ten_thousand, 4), FormatYuan(declaration.tax),
                OfficeOf(city, company), OfficeInstant(random, declaration.declared_day)});
}

}  // namespace

std::vector<TaxDeclaration> DeclarationsOf(const City& city, size_t index) {
  const Company& company = city.companies[index];
  Random random(city.seed + index, "tax");
  std::vector<TaxDeclaration> declarations;
  if (!company.active()) return declarations;
  const bool sells_goods = random.Percent(60);
  const int64_t vat_rate = company.revenue < kSmallTaxpayer ? 100 : sells_goods ? 1300 : 600;
  for (const Period& period : kQuarters) {
    if (company.established_day > *DayFromCivil(period.to_year, period.to_month, period.to_day)) continue;
    declarations.push_back(QuarterOf(company, period, vat_rate, random));
  }
  if (company.established_day < *DayFromCivil(kYear.to_year, 1, 1))
    declarations.push_back(YearOf(company, random));
  return declarations;
}

const TableSpec kDeclarationTable = {"tax.declaration",
                                     {{"uscc", ColumnKind::kId, true},
                                      {"taxpayer_name", ColumnKind::kText, true, 100},
                                      {"tax_kind", ColumnKind::kCode, true},
                                      {"period_from", ColumnKind::kPastDate, true},
                                      {"period_to", ColumnKind::kPastDate, true},
                                      {"declaration_kind", ColumnKind::kCode, true},
                                      {"sales_amount", ColumnKind::kAmount, true},
                                      {"rate", ColumnKind::kAmount},
                                      {"tax_due", ColumnKind::kAmount, true},
                                      {"tax_office", ColumnKind::kText, false, 60},
                                      {"declared_at", ColumnKind::kInstant, true}}};

// Some declarations are corrected later: the same period with a higher version.
void WriteDeclarations(const City& city, TableWriter* table) {
  Random random(city.seed, "tax.declaration");
  for (size_t i = 0; i < city.companies.size(); ++i) {
    for (TaxDeclaration& declaration : DeclarationsOf(city, i)) {
      WriteDeclaration(city, city.companies[i], declaration, random, table);
      if (declaration.base == 0 || !random.Percent(2)) continue;
      declaration.kind = "21";
      declaration.base += declaration.base / 20;
      declaration.tax += declaration.tax / 20;
      declaration.declared_day = std::min(declaration.declared_day + 20, kCityDay);
      WriteDeclaration(city, city.companies[i], declaration, random, table);
    }
  }
}

const TableSpec kPaymentTable = {"tax.payment",
                                 {{"uscc", ColumnKind::kId, true},
                                  {"taxpayer_name", ColumnKind::kText, true, 100},
                                  {"voucher_no", ColumnKind::kOther, true},
                                  {"tax_kind", ColumnKind::kCode, true},
                                  {"period_from", ColumnKind::kPastDate, true},
                                  {"period_to", ColumnKind::kPastDate, true},
                                  {"amount", ColumnKind::kAmount, true},
                                  {"payment_kind", ColumnKind::kCode, true},
                                  {"paid_on", ColumnKind::kPastDate, true}}};

void WritePayments(const City& city, TableWriter* table) {
  constexpr int64_t kFirstVoucher = 332'100'250'000'000'000;
  int64_t voucher = kFirstVoucher;
  Random random(city.seed, "tax.payment");
  for (size_t i = 0; i < city.companies.size(); ++i) {
    const Company& company = city.companies[i];
    for (const TaxDeclaration& declaration : DeclarationsOf(city, i)) {
      if (!declaration.paid) continue;
      const auto paid_day =
          static_cast<int32_t>(std::min<int64_t>(declaration.declared_day + random.Between(0, 5), kCityDay));
      table->Write({company.uscc, company.name, std::to_string(++voucher), declaration.tax_kind,
                    FormatDay(declaration.from_day), FormatDay(declaration.to_day),
                    FormatYuan(declaration.tax), "1", FormatDay(paid_day)});
    }
  }
}

}  // namespace hangou
