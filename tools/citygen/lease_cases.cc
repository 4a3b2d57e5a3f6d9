// Rent and compensation. T08: the rent of a filed lease × rate is paid as house tax. T28: relief is claimed for no more
// than the compensation of a demolition.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr uint64_t kBlocksOfLease = 3;
constexpr uint64_t kBlocksOfDemolition = 20;
constexpr uint64_t kBusinessLeasePeriod =
    5;  // each fifth lessor is a company, as long as there are land holders
constexpr int64_t kMonths = 12;
constexpr int kLeaseYear = 2024;

struct Lease {
  std::string number;
  std::string unit;
  std::string lessor;
  std::string lessor_name;
  bool business = false;
  int64_t monthly_rent = 0;
  Settled settled;
};

uint64_t LeaseCount(const City& city) { return city.people.blocks() / kBlocksOfLease; }

Lease LeaseAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "lease", ordinal);
  Lease lease;
  lease.number = "2024" + Digits(ordinal, 8);
  const uint64_t of_company = ordinal / kBusinessLeasePeriod;
  lease.business = ordinal % kBusinessLeasePeriod == 0 && of_company < city.CountOf(kLandHolder);
  if (lease.business) {
    const Company company = city.CompanyOf(kLandHolder, of_company);
    lease.unit = BuildingOf(city, company, 60);
    lease.lessor = company.uscc;
    lease.lessor_name = company.name;
  } else {
    const Person person = city.people.At(ordinal * kBlocksOfLease, kHeadPlace);
    lease.unit = DwellingOf(city, person);
    lease.lessor = person.citizen_id;
    lease.lessor_name = person.name;
  }
  lease.monthly_rent = random.Between(lease.business ? 5'000 : 900, lease.business ? 60'000 : 5'000) * 100;
  const int64_t expected =
      PartOf(lease.monthly_rent * kMonths, lease.business ? kRentRate : kDwellingRentRate);
  lease.settled = Settle(Rule::kLease, ordinal, expected, kTolerance);
  return lease;
}

void WriteLessor(const Lease& lease, TableWriter* table) {
  table->Text(lease.lessor);
  lease.business ? table->CompanyName(lease.lessor_name) : table->PersonName(lease.lessor_name);
}

struct Demolition {
  Person person;
  std::string number;
  int64_t compensation = 0;
  int64_t claimed = 0;
  int32_t day = 0;
  Plant plant = Plant::kNone;
};

uint64_t DemolitionCount(const City& city) { return city.people.blocks() / kBlocksOfDemolition; }

Demolition DemolitionAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "demolition", ordinal);
  Demolition demolition;
  demolition.person = city.people.At(ordinal * kBlocksOfDemolition, kHeadPlace);
  demolition.number = "2023" + Digits(ordinal, 8);
  demolition.compensation = random.Between(300'000, 3'000'000) * 100;
  demolition.day = random.Day(kCityDay - 800, kCityDay - 100);
  demolition.plant = PlantOf(Rule::kDemolition, ordinal);
  // Relief is for what was received, to the fen.
  demolition.claimed = demolition.plant == Plant::kNearMiss ? demolition.compensation
                       : demolition.plant == Plant::kHit
                           ? demolition.compensation + random.Between(50'000, 500'000) * 100
                           : PartOf(demolition.compensation, random.Between(400'000, 1'000'000));
  return demolition;
}

}  // namespace

void WriteLeases(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < LeaseCount(city); ++i) {
    const Lease lease = LeaseAt(city, i);
    table->Text(lease.unit).Text(lease.number);
    WriteLessor(lease, table);
    table->Text(lease.business ? "business" : "dwelling").Yuan(lease.monthly_rent);
    table->Text("2024-01-01").Text("2026-12-31").End(lease.settled.plant);
  }
}

void WriteRentHouseTax(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < LeaseCount(city); ++i) {
    const Lease lease = LeaseAt(city, i);
    if (!lease.settled.declared) continue;
    table->Text(lease.unit).Text("rent");
    WriteLessor(lease, table);
    table->Number(kLeaseYear).Yuan(lease.monthly_rent * kMonths).Yuan(lease.settled.paid);
    table->End(lease.settled.plant);
  }
}

void WriteDemolitions(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < DemolitionCount(city); ++i) {
    const Demolition demolition = DemolitionAt(city, i);
    table->Text(demolition.person.citizen_id).PersonName(demolition.person.name).Text(demolition.number);
    table->Text(DwellingOf(city, demolition.person)).Yuan(demolition.compensation).Day(demolition.day);
    table->End(demolition.plant);
  }
}

void WriteReliefClaims(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < DemolitionCount(city); ++i) {
    const Demolition demolition = DemolitionAt(city, i);
    table->Text(demolition.person.citizen_id).PersonName(demolition.person.name).Text(demolition.number);
    table->Yuan(demolition.claimed).Day(demolition.day + 60).End(demolition.plant);
  }
}

void AddLeaseGaps(const City& city, Gaps* gaps) {
  for (uint64_t i = 0; i < LeaseCount(city); ++i) {
    const Lease lease = LeaseAt(city, i);
    gaps->Add({Rule::kLease, lease.settled.plant, lease.lessor, lease.unit, std::to_string(kLeaseYear),
               lease.settled.gap},
              {lease.business ? "rent_rate" : "dwelling_rent_rate", "tolerance"});
  }
  for (uint64_t i = 0; i < DemolitionCount(city); ++i) {
    const Demolition demolition = DemolitionAt(city, i);
    gaps->Add({Rule::kDemolition, demolition.plant, demolition.person.citizen_id, demolition.number, "",
               PartOf(demolition.claimed - demolition.compensation, kDeedRate)},
              {"deed_rate"});
  }
}

}  // namespace hangou
