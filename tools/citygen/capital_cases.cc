// Shares and capital. T12: income tax on a transfer of shares at their price, or at their part of the net assets where
// the price is lower without cause. T13: stamp duty of paid-in capital.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr int64_t kFeeRate = 500;  // stamp duty of the transferor

struct ShareTransfer {
  Company company;
  Person transferor;
  Person transferee;
  std::string number;
  int64_t share = 0;  // in millionths
  int64_t price = 0;
  int64_t net_assets = 0;
  int64_t cost = 0;
  int64_t fee = 0;
  bool cause = false;
  int32_t day = 0;
  Settled settled;
};

ShareTransfer ShareTransferAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "shares", ordinal);
  ShareTransfer transfer;
  transfer.company = city.CompanyOf(kSharesSold, ordinal);
  transfer.transferor = city.people.At(transfer.company.representative);
  transfer.transferee = city.people.Adult(random);
  transfer.number = "2024" + Digits(ordinal, 8);
  transfer.share = random.Between(10, 60) * 10'000;
  transfer.net_assets = transfer.company.capital + transfer.company.revenue / 2;
  const int64_t worth = PartOf(transfer.net_assets, transfer.share);
  transfer.cost = PartOf(transfer.company.capital, transfer.share) / 2;
  transfer.day = random.Day(kCityDay - 500, kCityDay - 60);
  const Plant plant = PlantOf(Rule::kEquity, ordinal);
  const bool cheap = plant != Plant::kNone && VariantOf(ordinal) == 1;
  transfer.cause = cheap && plant == Plant::kNearMiss;
  transfer.price = cheap ? worth * 7 / 10 : worth + PartOf(worth, random.Between(0, 300'000));
  transfer.fee = PartOf(transfer.price, kFeeRate);
  const int64_t income = transfer.cause ? transfer.price : std::max(transfer.price, worth);
  const int64_t expected = PartOf(std::max<int64_t>(0, income - transfer.cost - transfer.fee), kEquityRate);
  transfer.settled = Settle(Rule::kEquity, ordinal, expected, kTolerance);
  if (cheap) {
    // Declared as agreed: right where there is a cause, too low where there is none.
    transfer.settled.declared = true;
    transfer.settled.paid =
        PartOf(std::max<int64_t>(0, transfer.price - transfer.cost - transfer.fee), kEquityRate);
    transfer.settled.gap = expected - transfer.settled.paid;
  }
  return transfer;
}

struct CapitalRise {
  Company company;
  std::string number;
  int64_t before = 0;
  int64_t after = 0;
  int32_t day = 0;
  Settled settled;
};

CapitalRise CapitalRiseAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "capital", ordinal);
  CapitalRise rise;
  rise.company = city.CompanyOf(kCapitalRaised, ordinal);
  rise.number = "2023" + Digits(ordinal, 8);
  rise.before = PartOf(rise.company.capital, random.Between(100'000, 500'000));
  rise.after = rise.before + random.Between(200, 2'000) * 1'000'000;
  rise.day = random.Day(kCityDay - 500, kCityDay - 120);
  rise.settled =
      Settle(Rule::kCapital, ordinal, PartOf(rise.after - rise.before, kStampCapitalRate), kSmallTolerance);
  return rise;
}

}  // namespace

void WriteShareTransfers(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kSharesSold); ++i) {
    const ShareTransfer transfer = ShareTransferAt(city, i);
    table->Text(transfer.company.uscc).CompanyName(transfer.company.name).Text(transfer.number);
    table->Text(transfer.transferor.citizen_id).PersonName(transfer.transferor.name);
    table->Text(transfer.transferee.citizen_id).Scaled(transfer.share / 100, 4).Yuan(transfer.price);
    table->Yuan(transfer.net_assets).Yuan(transfer.cost).Text(transfer.cause ? "近亲属间转让" : "");
    table->Day(transfer.day).End(transfer.settled.plant);
  }
}

void WriteEquityIncome(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kSharesSold); ++i) {
    const ShareTransfer transfer = ShareTransferAt(city, i);
    if (!transfer.settled.declared) continue;
    table->Text(transfer.company.uscc).Text(transfer.number).Text(transfer.transferor.citizen_id);
    table->PersonName(transfer.transferor.name).Yuan(transfer.price).Yuan(transfer.cost).Yuan(transfer.fee);
    table->Yuan(transfer.settled.paid).Day(transfer.day + 10).End(transfer.settled.plant);
  }
}

void WriteCapitalChanges(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kCapitalRaised); ++i) {
    const CapitalRise rise = CapitalRiseAt(city, i);
    table->Text(rise.company.uscc).CompanyName(rise.company.name).Text(rise.number).Yuan(rise.before);
    table->Yuan(rise.after).Day(rise.day).End(rise.settled.plant);
  }
}

void WriteCapitalStampDuty(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kCapitalRaised); ++i) {
    const CapitalRise rise = CapitalRiseAt(city, i);
    if (!rise.settled.declared) continue;
    table->Text(rise.company.uscc).CompanyName(rise.company.name).Text(rise.number).Text("capital");
    table->Yuan(rise.after - rise.before).Yuan(rise.settled.paid).Day(rise.day + 90);
    table->End(rise.settled.plant);
  }
}

void AddCapitalGaps(const City& city, Gaps* gaps) {
  for (uint64_t i = 0; i < city.CountOf(kSharesSold); ++i) {
    const ShareTransfer transfer = ShareTransferAt(city, i);
    gaps->Add({Rule::kEquity, transfer.settled.plant, transfer.company.uscc, transfer.number, "",
               transfer.settled.gap},
              {"equity_rate", "tolerance"});
  }
  for (uint64_t i = 0; i < city.CountOf(kCapitalRaised); ++i) {
    const CapitalRise rise = CapitalRiseAt(city, i);
    gaps->Add({Rule::kCapital, rise.settled.plant, rise.company.uscc, rise.number, "", rise.settled.gap},
              {"stamp_capital_rate", "stamp_tolerance"});
  }
}

}  // namespace hangou
