// Nature. T21: tons mined × price × rate is paid as resource tax. T22: water taken × rate. T23: pollution measured
// × rate.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr uint64_t kQuartersOfYear = 4;
constexpr int kMiningYear = 2024;

// What a company took or gave off in a period, and the tax of it.
struct Measured {
  Company company;
  std::string number;  // of the permit or outlet
  std::string period;
  int64_t amount = 0;
  int64_t permitted = 0;
  int64_t declared = 0;
  Settled settled;
};

Measured MiningAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "mining", ordinal);
  Measured mining;
  mining.company = city.CompanyOf(kMine, ordinal);
  mining.number = "C321000" + Digits(ordinal, 16);
  mining.period = std::to_string(kMiningYear);
  mining.amount = random.Between(20'000, 400'000);
  mining.permitted = mining.amount + mining.amount / 5;
  mining.settled =
      Settle(Rule::kResource, ordinal, PartOf(mining.amount * kTonFen, kResourceRate), kTolerance);
  mining.declared = mining.settled.paid / PartOf(kTonFen, kResourceRate);
  return mining;
}

Measured QuarterlyAt(const City& city, Rule rule, uint64_t role, int64_t rate, uint64_t number) {
  Random random(city.seed, RuleName(rule), number);
  Measured quarter;
  quarter.company = city.CompanyOf(role, number / kQuartersOfYear);
  quarter.period = "2024Q" + std::to_string(1 + number % kQuartersOfYear);
  quarter.number = rule == Rule::kWaterResource ? "D" + Digits(number / kQuartersOfYear, 9) : "DW001";
  quarter.amount = random.Between(5'000, 200'000);
  quarter.settled = Settle(rule, number, quarter.amount * rate, kTolerance);
  quarter.declared = quarter.settled.paid / rate;
  return quarter;
}

Measured WaterAt(const City& city, uint64_t number) {
  return QuarterlyAt(city, Rule::kWaterResource, kWaterTaker, kWaterFen, number);
}
Measured PollutionAt(const City& city, uint64_t number) {
  return QuarterlyAt(city, Rule::kEnvironment, kPolluter, kPollutionFen, number);
}

using MeasuredMaker = Measured (*)(const City&, uint64_t);

void WriteMeasured(const City& city, uint64_t role, MeasuredMaker make, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(role) * kQuartersOfYear; ++i) {
    const Measured quarter = make(city, i);
    table->Text(quarter.company.uscc).CompanyName(quarter.company.name).Text(quarter.number);
    table->Text(quarter.period).Number(quarter.amount).End(quarter.settled.plant);
  }
}

void WriteMeasuredTax(const City& city, uint64_t role, MeasuredMaker make, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(role) * kQuartersOfYear; ++i) {
    const Measured quarter = make(city, i);
    if (!quarter.settled.declared) continue;
    table->Text(quarter.company.uscc).CompanyName(quarter.company.name).Text(quarter.number);
    table->Text(quarter.period)
        .Number(quarter.declared)
        .Yuan(quarter.settled.paid)
        .End(quarter.settled.plant);
  }
}

}  // namespace

void WriteMining(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kMine); ++i) {
    const Measured mining = MiningAt(city, i);
    table->Text(mining.company.uscc).CompanyName(mining.company.name).Text(mining.number).Text(mining.period);
    table->Number(mining.permitted).Number(mining.amount).End(mining.settled.plant);
  }
}

void WriteResourceTax(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kMine); ++i) {
    const Measured mining = MiningAt(city, i);
    if (!mining.settled.declared) continue;
    table->Text(mining.company.uscc).CompanyName(mining.company.name).Text(mining.number).Text(mining.period);
    table->Number(mining.declared).Yuan(kTonFen).Yuan(mining.settled.paid).End(mining.settled.plant);
  }
}

void WriteWaterIntake(const City& city, TableWriter* table) {
  WriteMeasured(city, kWaterTaker, WaterAt, table);
}

void WriteWaterTax(const City& city, TableWriter* table) {
  WriteMeasuredTax(city, kWaterTaker, WaterAt, table);
}

void WriteEmissions(const City& city, TableWriter* table) {
  WriteMeasured(city, kPolluter, PollutionAt, table);
}

void WriteEnvironmentTax(const City& city, TableWriter* table) {
  WriteMeasuredTax(city, kPolluter, PollutionAt, table);
}

void AddResourceGaps(const City& city, Gaps* gaps) {
  for (uint64_t i = 0; i < city.CountOf(kMine); ++i) {
    const Measured mining = MiningAt(city, i);
    gaps->Add({Rule::kResource, mining.settled.plant, mining.company.uscc, mining.number, mining.period,
               mining.settled.gap},
              {"ton_price", "resource_rate", "tolerance"});
  }
  for (uint64_t i = 0; i < city.CountOf(kWaterTaker) * kQuartersOfYear; ++i) {
    const Measured water = WaterAt(city, i);
    gaps->Add({Rule::kWaterResource, water.settled.plant, water.company.uscc, water.number, water.period,
               water.settled.gap},
              {"water_rate", "tolerance"});
  }
  for (uint64_t i = 0; i < city.CountOf(kPolluter) * kQuartersOfYear; ++i) {
    const Measured pollution = PollutionAt(city, i);
    gaps->Add({Rule::kEnvironment, pollution.settled.plant, pollution.company.uscc, pollution.number,
               pollution.period, pollution.settled.gap},
              {"pollution_rate", "tolerance"});
  }
}

}  // namespace hangou
