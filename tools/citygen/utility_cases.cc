// Power and water of companies against declared sales. T14: sales are at least so much for a kWh, and not zero beyond
// 3,000 kWh. T15: sales of restaurants, hotels and baths are at least so much for a cubic metre of water.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr int kUsageMonths = 3;

// What a company used in a month, in kWh or cubic metres, and what it declared to have sold.
struct Usage {
  Company company;
  int32_t first_day = 0;
  int64_t used = 0;
  int64_t sales = 0;
  Plant plant = Plant::kNone;
  int64_t gap = 0;
};

// One of the two comparisons: roles of companies, and their rule.
struct UsageKind {
  Rule rule;
  const char* label;
  uint64_t roles[3];
  uint64_t role_count;
  int64_t fen_per_unit;
  int64_t vat_rate;
};
constexpr UsageKind kPowerUsage = {
    Rule::kPower, "power", {kManufacturer, kPowerUser, kPowerUser + 1}, 3, kSalesFenPerKwh, kSalesVatRate};
constexpr UsageKind kWaterUsage = {Rule::kWater,           "water",        {kWaterUser, kWaterUser + 1, 0}, 2,
                                   kSalesFenPerCubicMetre, kServiceVatRate};

uint64_t UsageCount(const City& city, const UsageKind& kind) {
  return city.CountOf(kind.roles[kind.role_count - 1]) * kind.role_count * kUsageMonths;
}

Usage UsageAt(const City& city, const UsageKind& kind, uint64_t number) {
  Random random(city.seed, kind.label, number);
  Usage usage;
  const uint64_t of_company = number / kUsageMonths;
  usage.company = city.CompanyOf(kind.roles[of_company % kind.role_count], of_company / kind.role_count);
  usage.first_day = MonthBefore(static_cast<int>(number % kUsageMonths));
  usage.sales = PartOf(usage.company.revenue / 12, random.Between(800'000, 1'200'000));
  usage.used = usage.sales * 100 / kind.fen_per_unit / random.Between(120, 400);
  usage.plant = PlantOf(kind.rule, number);
  const bool zero_filing = VariantOf(number) == 0 && kind.rule == Rule::kPower;
  if (usage.plant != Plant::kNone) usage.used = std::max<int64_t>(usage.used, 1'000);
  if (usage.plant == Plant::kHit) {
    if (zero_filing) usage.used = std::max(usage.used, kMostKwhOfZeroFiling + 1);
    usage.sales = zero_filing ? 0 : usage.used * kind.fen_per_unit * 2 / 5;
    usage.gap = PartOf(usage.used * kind.fen_per_unit - usage.sales, kind.vat_rate);
  } else if (usage.plant == Plant::kNearMiss) {
    if (zero_filing) usage.used = kMostKwhOfZeroFiling;
    usage.sales = zero_filing ? 0 : usage.used * kind.fen_per_unit;
  }
  return usage;
}

std::string MeterOf(const Company& company, int kind) {
  return std::to_string(kind) + Digits(company.index, 9);
}

void WriteUsage(const City& city, const UsageKind& kind, int meter, TableWriter* table) {
  for (uint64_t i = 0; i < UsageCount(city, kind); ++i) {
    const Usage usage = UsageAt(city, kind, i);
    table->Text(usage.company.uscc).CompanyName(usage.company.name).Text(MeterOf(usage.company, meter));
    table->Month(usage.first_day);
    if (kind.rule == Rule::kPower)
      table->Text(usage.company.role() == kManufacturer ? "industrial" : "general");
    table->Number(usage.used).End(usage.plant);
  }
}

void WriteSales(const City& city, const UsageKind& kind, TableWriter* table) {
  for (uint64_t i = 0; i < UsageCount(city, kind); ++i) {
    const Usage usage = UsageAt(city, kind, i);
    table->Text(usage.company.uscc).CompanyName(usage.company.name).Month(usage.first_day).Yuan(usage.sales);
    table->Day(MonthEnd(usage.first_day) + 1 + static_cast<int32_t>(i % 15)).End(usage.plant);
  }
}

void AddUsageGaps(const City& city, const UsageKind& kind, Gaps* gaps,
                  std::initializer_list<std::string_view> rates) {
  for (uint64_t i = 0; i < UsageCount(city, kind); ++i) {
    const Usage usage = UsageAt(city, kind, i);
    gaps->Add({kind.rule, usage.plant, usage.company.uscc, "", MonthText(usage.first_day), usage.gap}, rates);
  }
}

}  // namespace

void WritePowerUsage(const City& city, TableWriter* table) { WriteUsage(city, kPowerUsage, 1, table); }

void WriteWaterUsage(const City& city, TableWriter* table) { WriteUsage(city, kWaterUsage, 2, table); }

// Restaurants cook with about a third of what they take of water.
void WriteGasUsage(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < UsageCount(city, kWaterUsage); ++i) {
    const Usage usage = UsageAt(city, kWaterUsage, i);
    table->Text(usage.company.uscc).CompanyName(usage.company.name).Text(MeterOf(usage.company, 3));
    table->Month(usage.first_day).Number(usage.used / 3).End(usage.plant);
  }
}

void WriteMonthlySales(const City& city, TableWriter* table) {
  WriteSales(city, kPowerUsage, table);
  WriteSales(city, kWaterUsage, table);
}

void AddUtilityGaps(const City& city, Gaps* gaps) {
  AddUsageGaps(city, kPowerUsage, gaps, {"least_sales_per_kwh", "most_kwh_of_zero_filing", "goods_vat_rate"});
  AddUsageGaps(city, kWaterUsage, gaps, {"least_sales_per_cubic_metre", "service_vat_rate"});
}

}  // namespace hangou
