// Land and buildings of companies. T05: deed tax of a land deal. T06: the area of all parcels × rate of their grade is
// declared. T07: value × 70 % × 1.2 % is paid. T09: farmland used × rate is paid.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr uint64_t kLandHolderRoles = 4;
constexpr uint64_t kMostParcels = 3;
constexpr int kTaxYear = 2024;

// The parcels of a land holder: numbers 0 to count - 1, of one grade.
struct Holding {
  Company company;
  uint64_t parcels = 0;
  int64_t areas[kMostParcels] = {};
  int64_t area = 0;
  int64_t grade = 0;  // from 0
  int64_t declared_area = 0;
  Settled settled;
  int64_t building_area = 0;
  int64_t value = 0;
  Settled house_tax;
};

uint64_t HoldingCount(const City& city) {
  return city.CountOf(kLandHolder + kLandHolderRoles - 1) * kLandHolderRoles;
}

Holding HoldingAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "holding", ordinal);
  Holding holding;
  holding.company = city.CompanyOf(kLandHolder + ordinal % kLandHolderRoles, ordinal / kLandHolderRoles);
  holding.parcels = static_cast<uint64_t>(random.Between(1, kMostParcels));
  for (uint64_t i = 0; i < holding.parcels; ++i) {
    holding.areas[i] = random.Between(2'000, 30'000) * kHundredths;
    holding.area += holding.areas[i];
  }
  holding.grade = random.Between(0, std::size(kLandUseFen) - 1);
  const int64_t rate = kLandUseFen[holding.grade];
  holding.settled = Settle(Rule::kLandUse, ordinal, holding.area / kHundredths * rate, kTolerance, false);
  // A tax short by exactly the tolerance stands for an area short by as much, rounded to the declarant's good.
  holding.settled.paid = holding.settled.paid / rate * rate;
  holding.declared_area = holding.settled.paid / rate * kHundredths;
  if (holding.settled.plant == Plant::kNearMiss) {
    holding.declared_area = holding.area - kTolerance / rate * kHundredths;
    holding.settled.paid = holding.declared_area / kHundredths * rate;
  }
  holding.settled.gap = (holding.area - holding.declared_area) / kHundredths * rate;
  holding.building_area = random.Between(1'000, 20'000) * kHundredths;
  holding.value = holding.building_area * random.Between(150'000, 400'000) / kHundredths;
  holding.house_tax = Settle(Rule::kHouseTax, ordinal,
                             PartOf(PartOf(holding.value, kHouseTaxShareOfValue), kHouseTaxRate), kTolerance);
  return holding;
}

// A parcel that a developer bought.
struct LandDeal {
  Company buyer;
  std::string unit;
  int64_t area = 0;
  int64_t price = 0;
  int32_t day = 0;
  Settled deed;
};

LandDeal LandDealAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "land deal", ordinal);
  LandDeal deal;
  deal.buyer = city.CompanyOf(kDeveloper, ordinal);
  deal.unit = LandOf(city, deal.buyer, 50);
  deal.area = random.Between(10'000, 80'000) * kHundredths;
  deal.price = deal.area / kHundredths * random.Between(300'000, 900'000);
  deal.day = random.Day(kCityDay - 900, kCityDay - kDeedLagDays - 10);
  deal.deed = Settle(Rule::kLandDeed, ordinal, PartOf(deal.price, kDeedRate), kTolerance);
  return deal;
}

// Farmland that was approved for a company.
struct FarmlandUse {
  Company company;
  std::string approval;
  int64_t area = 0;
  int32_t day = 0;
  Settled settled;
};

FarmlandUse FarmlandAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "farmland", ordinal);
  FarmlandUse use;
  use.company = city.CompanyOf(kFarmlandUser, ordinal);
  use.area = random.Between(1'000, 60'000);
  use.day = random.Day(kCityDay - 900, kCityDay - 120);
  use.approval = "扬自然资农〔" + YearText(use.day) + "〕" + std::to_string(ordinal + 1) + "号";
  use.settled = Settle(Rule::kFarmland, ordinal, use.area * kFarmlandFen, kTolerance);
  return use;
}

}  // namespace

void WriteLandCertificates(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < HoldingCount(city); ++i) {
    const Holding holding = HoldingAt(city, i);
    for (uint64_t parcel = 0; parcel < holding.parcels; ++parcel) {
      table->Text(LandOf(city, holding.company, parcel)).Text(holding.company.uscc);
      table->CompanyName(holding.company.name).Scaled(holding.areas[parcel], 2).Number(holding.grade + 1);
      table->Day(holding.company.established_day).End(holding.settled.plant);
    }
  }
}

void WriteBuildings(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < HoldingCount(city); ++i) {
    const Holding holding = HoldingAt(city, i);
    table->Text(BuildingOf(city, holding.company, 0))
        .Text(holding.company.uscc)
        .CompanyName(holding.company.name);
    table->Scaled(holding.building_area, 2).Yuan(holding.value).Day(holding.company.established_day + 60);
    table->End(holding.house_tax.plant);
  }
}

void WriteLandUseTax(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < HoldingCount(city); ++i) {
    const Holding holding = HoldingAt(city, i);
    table->Text(holding.company.uscc).CompanyName(holding.company.name).Number(kTaxYear);
    table->Scaled(holding.declared_area, 2).Number(holding.grade + 1).Yuan(holding.settled.paid);
    table->End(holding.settled.plant);
  }
}

void WriteValueHouseTax(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < HoldingCount(city); ++i) {
    const Holding holding = HoldingAt(city, i);
    if (!holding.house_tax.declared) continue;
    table->Text(BuildingOf(city, holding.company, 0)).Text("value").Text(holding.company.uscc);
    table->CompanyName(holding.company.name)
        .Number(kTaxYear)
        .Yuan(PartOf(holding.value, kHouseTaxShareOfValue));
    table->Yuan(holding.house_tax.paid).End(holding.house_tax.plant);
  }
}

void WriteLandDeals(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kDeveloper); ++i) {
    const LandDeal deal = LandDealAt(city, i);
    table->Text(deal.unit).Text("扬土成〔" + YearText(deal.day) + "〕" + std::to_string(i + 1) + "号");
    table->Text(deal.buyer.uscc).CompanyName(deal.buyer.name).Scaled(deal.area, 2).Yuan(deal.price);
    table->Day(deal.day).End(deal.deed.plant);
  }
}

void WriteLandDeeds(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kDeveloper); ++i) {
    const LandDeal deal = LandDealAt(city, i);
    if (!deal.deed.declared) continue;
    const bool late = deal.deed.plant == Plant::kNearMiss;
    table->Text(deal.unit).Text("3322" + Digits(i, 10)).Text(deal.buyer.uscc).CompanyName(deal.buyer.name);
    table->Text("land").Yuan(deal.price).Scaled(kDeedRate / 100, 4).Yuan(deal.deed.paid);
    table->Day(deal.day + (late ? kDeedLagDays : 30)).End(deal.deed.plant);
  }
}

void WriteFarmlandApprovals(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kFarmlandUser); ++i) {
    const FarmlandUse use = FarmlandAt(city, i);
    table->Text(use.company.uscc).CompanyName(use.company.name).Text(use.approval);
    table->Scaled(use.area * kHundredths, 2).Day(use.day).End(use.settled.plant);
  }
}

void WriteFarmlandTax(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kFarmlandUser); ++i) {
    const FarmlandUse use = FarmlandAt(city, i);
    if (!use.settled.declared) continue;
    table->Text(use.company.uscc).CompanyName(use.company.name).Text(use.approval);
    table->Scaled(use.settled.paid / kFarmlandFen * kHundredths, 2).Yuan(use.settled.paid).Day(use.day + 28);
    table->End(use.settled.plant);
  }
}

void AddLandGaps(const City& city, Gaps* gaps) {
  for (uint64_t i = 0; i < HoldingCount(city); ++i) {
    const Holding holding = HoldingAt(city, i);
    const std::string year = std::to_string(kTaxYear);
    const std::string grade = "land_use_grade_" + std::to_string(holding.grade + 1);
    gaps->Add({Rule::kLandUse, holding.settled.plant, holding.company.uscc, "", year, holding.settled.gap},
              {grade, "tolerance"});
    gaps->Add({Rule::kHouseTax, holding.house_tax.plant, holding.company.uscc,
               BuildingOf(city, holding.company, 0), year, holding.house_tax.gap},
              {"house_tax_share_of_value", "house_tax_rate", "tolerance"});
  }
  for (uint64_t i = 0; i < city.CountOf(kDeveloper); ++i) {
    const LandDeal deal = LandDealAt(city, i);
    gaps->Add({Rule::kLandDeed, deal.deed.plant, deal.buyer.uscc, deal.unit, "", deal.deed.gap},
              {"deed_rate", "deed_lag", "tolerance"});
  }
  for (uint64_t i = 0; i < city.CountOf(kFarmlandUser); ++i) {
    const FarmlandUse use = FarmlandAt(city, i);
    gaps->Add({Rule::kFarmland, use.settled.plant, use.company.uscc, use.approval, "", use.settled.gap},
              {"farmland_rate", "tolerance"});
  }
}

}  // namespace hangou
