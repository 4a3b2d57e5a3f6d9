// Developers. T03: the presale contracts of a month lead to a VAT prepayment. T04: a project that is sold to 85 % is
// settled for land VAT.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr int kPresaleMonths = 10;
constexpr uint64_t kEstates = 3;

// The contracts of a developer and month.
struct PresaleMonth {
  Company developer;
  uint64_t number = 0;  // of the month among all of all developers
  int32_t first_day = 0;
  uint64_t contracts = 0;
  int64_t total = 0;
  Settled settled;
};

int64_t ContractSum(const City& city, uint64_t month_number, uint64_t contract) {
  return Random(city.seed, "presale", month_number * kBlock + contract).Between(6'000, 30'000) * 10'000;
}

PresaleMonth PresaleMonthAt(const City& city, uint64_t ordinal, int month) {
  PresaleMonth presale;
  presale.developer = city.CompanyOf(kDeveloper, ordinal);
  presale.number = ordinal * kPresaleMonths + static_cast<uint64_t>(month);
  presale.first_day = MonthBefore(month);
  presale.contracts = 2 + Random(city.seed, "presale month", presale.number).Next() % (kBlock - 2);
  for (uint64_t i = 0; i < presale.contracts; ++i) presale.total += ContractSum(city, presale.number, i);
  const int64_t expected = PartOf(WithoutVat(presale.total, kPropertyVatRate), kPresaleRate);
  presale.settled = Settle(Rule::kPresale, presale.number, expected, kTolerance);
  return presale;
}

std::string ProjectOf(const PresaleMonth& presale) { return presale.developer.name.substr(6, 6) + "花园"; }

void WriteContract(const City& city, const PresaleMonth& presale, uint64_t contract, TableWriter* table) {
  const uint64_t number = presale.number * kBlock + contract;
  Random random(city.seed, "presale buyer", number);
  const Person buyer = city.people.Adult(random);
  const uint64_t of_developer = number % (kBlock * kPresaleMonths);
  table->Text(presale.developer.uscc).CompanyName(presale.developer.name).Text("2024" + Digits(number, 10));
  table->Text(ProjectOf(presale)).Text(NewDwellingOf(city, presale.developer, of_developer));
  table->Text(buyer.citizen_id).PersonName(buyer.name).Yuan(ContractSum(city, presale.number, contract));
  table->Day(presale.first_day + random.Day(0, 27)).End(presale.settled.plant);
}

struct EstateProject {
  Company developer;
  std::string number;
  int64_t area = 0;
  int64_t sold = 0;
  int64_t sales = 0;
  bool settled = false;
  Plant plant = Plant::kNone;
};

EstateProject EstateAt(const City& city, uint64_t ordinal) {
  constexpr int64_t kMillion = 1'000'000;
  Random random(city.seed, "project", ordinal);
  EstateProject project;
  project.developer = city.CompanyOf(kDeveloper, ordinal / kEstates);
  project.number = "32" + Digits(ordinal, 8);
  project.plant = PlantOf(Rule::kLandVat, ordinal);
  project.area = random.Between(200, 2'000) * kHundredths * kHundredths;
  // Hits are sold to 85 % or more; near misses to just below, or to more and settled.
  const bool sold_out = project.plant == Plant::kHit ||
                        (project.plant == Plant::kNearMiss ? VariantOf(ordinal) == 1 : random.Percent(40));
  int64_t share = sold_out ? random.Between(kSoldShareToSettle, kMillion) : random.Between(100'000, 800'000);
  if (project.plant == Plant::kHit && VariantOf(ordinal) == 0) share = kSoldShareToSettle;
  project.sold = PartOf(project.area, share);
  if (project.plant == Plant::kNearMiss && !sold_out)
    project.sold = PartOf(project.area, kSoldShareToSettle) - 1;
  project.settled = sold_out && project.plant != Plant::kHit;
  project.sales = project.sold / kHundredths * random.Between(800'000, 1'800'000);
  return project;
}

uint64_t EstateCount(const City& city) { return city.CountOf(kDeveloper) * kEstates; }

}  // namespace

void WritePresaleContracts(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kDeveloper); ++i) {
    for (int month = 0; month < kPresaleMonths; ++month) {
      const PresaleMonth presale = PresaleMonthAt(city, i, month);
      for (uint64_t contract = 0; contract < presale.contracts; ++contract) {
        WriteContract(city, presale, contract, table);
      }
    }
  }
}

void WritePresalePrepayments(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kDeveloper); ++i) {
    for (int month = 0; month < kPresaleMonths; ++month) {
      const PresaleMonth presale = PresaleMonthAt(city, i, month);
      if (!presale.settled.declared) continue;
      table->Text(presale.developer.uscc).CompanyName(presale.developer.name).Text("presale");
      table->Text(ProjectOf(presale)).Month(presale.first_day).Yuan(presale.total).Yuan(presale.settled.paid);
      table->Day(MonthEnd(presale.first_day) + 12).End(presale.settled.plant);
    }
  }
}

void WriteSalesProgress(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < EstateCount(city); ++i) {
    const EstateProject project = EstateAt(city, i);
    table->Text(project.developer.uscc).CompanyName(project.developer.name).Text(project.number);
    table->Scaled(project.area, 2).Scaled(project.sold, 2).Yuan(project.sales).Day(kCityDay);
    table->End(project.plant);
  }
}

void WriteLandVatSettlements(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < EstateCount(city); ++i) {
    const EstateProject project = EstateAt(city, i);
    if (!project.settled) continue;
    table->Text(project.developer.uscc).CompanyName(project.developer.name).Text(project.number);
    table->Day(kCityDay - 40).Yuan(PartOf(project.sales, kLandVatEstimate)).End(project.plant);
  }
}

void AddDeveloperGaps(const City& city, Gaps* gaps) {
  for (uint64_t i = 0; i < city.CountOf(kDeveloper); ++i) {
    for (int month = 0; month < kPresaleMonths; ++month) {
      const PresaleMonth presale = PresaleMonthAt(city, i, month);
      gaps->Add({Rule::kPresale, presale.settled.plant, presale.developer.uscc, "",
                 MonthText(presale.first_day), presale.settled.gap},
                {"property_vat_rate", "presale_prepayment_rate", "tolerance"});
    }
  }
  for (uint64_t i = 0; i < EstateCount(city); ++i) {
    const EstateProject project = EstateAt(city, i);
    const bool hit = project.plant == Plant::kHit;
    gaps->Add({Rule::kLandVat, project.plant, project.developer.uscc, project.number, "",
               hit ? PartOf(project.sales, kLandVatEstimate) : 0},
              {"sold_share_to_settle", "land_vat_estimate"});
  }
}

}  // namespace hangou
