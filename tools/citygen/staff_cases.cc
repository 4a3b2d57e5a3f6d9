// Who works where. T19: the levy for the employment of disabled persons. T20: insured staff and their bases against
// the staff of wage declarations. T31: nobody draws wages behind the month of death.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr int64_t kLowestBase = 449'400;
constexpr int64_t kHighestBase = 2'404'200;
constexpr int64_t kPlantedWage = 900'000;  // at least: the lowest base is too low for it
constexpr size_t kFewestToCompare = 10;
constexpr int kWageMonths = 3;
constexpr int kStaffYear = 2024;

struct Worker {
  Person person;
  int64_t wage = 0;
  int64_t base = 0;
  bool insured = true;
};

// The staff of a company. Who died may be among those for whom wages are declared, once in a company.
struct Roster {
  Company company;
  std::vector<Worker> workers;
  std::vector<Worker> ghosts;
  Plant plant = Plant::kNone;  // T20
  int64_t gap = 0;
};

void PlantInRoster(uint64_t ordinal, Roster* roster) {
  const size_t heads = roster->workers.size();
  const bool hit = roster->plant == Plant::kHit;
  if (VariantOf(ordinal) == 0) {
    const size_t left_out = hit ? heads * 3 / 10 + 1 : heads / 10;
    for (size_t i = 0; i < left_out; ++i) {
      roster->workers[i].insured = false;
      if (hit) roster->gap += PartOf(roster->workers[i].wage, kInsuranceRate);
    }
    return;
  }
  for (Worker& worker : roster->workers) {
    worker.base = hit ? kLowestBase : PartOf(worker.wage, kBaseShareOfWages) + 1;
    if (hit) roster->gap += PartOf(worker.wage - worker.base, kInsuranceRate);
  }
}

Roster RosterOf(const City& city, uint64_t index) {
  Roster roster;
  roster.company = city.companies.At(index);
  const uint64_t ordinal = roster.company.ordinal();
  const Plant wanted = roster.company.role() == kManufacturer ? PlantOf(Rule::kWages, ordinal) : Plant::kNone;
  const int64_t lowest_wage = wanted == Plant::kNone ? kLowestBase : kPlantedWage;
  for (const uint64_t candidate : city.companies.CandidatesOf(index)) {
    Worker worker;
    worker.person = city.people.At(candidate);
    Random random(city.seed, "worker", candidate);
    const bool employed = random.Percent(72) && worker.person.CanWork();
    const bool ghost =
        candidate % kBlock == kNeighbourPlace && GhostPlantOf(candidate / kBlock) != Plant::kNone;
    if (!employed && !ghost) continue;
    worker.wage = random.Between(lowest_wage, kHighestBase);
    worker.base = worker.wage;
    (ghost ? roster.ghosts : roster.workers).push_back(std::move(worker));
  }
  if (roster.workers.size() >= kFewestToCompare) roster.plant = wanted;
  // The dead must not move what is compared of the living.
  roster.ghosts.resize(std::min<size_t>(roster.ghosts.size(), wanted == Plant::kNone ? 1 : 0));
  if (roster.plant != Plant::kNone) PlantInRoster(ordinal, &roster);
  return roster;
}

// Months for which the wages of the dead are declared: all, or until the month of death.
bool HasWage(const Person& ghost, int32_t month) {
  return GhostPlantOf(ghost.index / kBlock) == Plant::kHit || month <= kAprilDay;
}

// One kind of social insurance, rates in percent of the base.
struct Insurance {
  const char* kind;
  int64_t personal_percent;
  int64_t employer_percent;
};
constexpr Insurance kInsurances[] = {{"110", 8, 16}, {"310", 2, 7}};

void WriteInsuranceOf(const City& city, const Roster& roster, const Worker& worker, TableWriter* table) {
  Random random(city.seed, "insurance", worker.person.index);
  const std::string account = AccountOf(city, worker.person);
  for (const Insurance& insurance : kInsurances) {
    table->Text(worker.person.citizen_id).PersonName(worker.person.name).Text(roster.company.uscc);
    table->Text(insurance.kind).Month(kMayDay).Yuan(worker.base);
    table->Yuan(worker.base * insurance.personal_percent / 100);
    table->Yuan(worker.base * insurance.employer_percent / 100).Text("active").Text(account);
    table->Day(kMayDay + random.Day(10, 24)).End(roster.plant);
  }
}

void WriteWageOf(const Roster& roster, const Worker& worker, int32_t month, Plant plant, TableWriter* table) {
  constexpr int64_t kFree = 500'000;  // of a month's income
  const int64_t tax = std::max<int64_t>(0, worker.wage - kFree) * 3 / 100;
  table->Text(worker.person.citizen_id).PersonName(worker.person.name).Text(roster.company.uscc).Month(month);
  table->Yuan(worker.wage).Yuan(tax).End(plant);
}

struct LevyCase {
  Company company;
  int64_t heads = 0;
  int64_t severe = 0;
  int64_t other = 0;
  int64_t average_wage = 0;
  Settled settled;
};

LevyCase LevyAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "levy", ordinal);
  LevyCase levy;
  levy.company = city.CompanyOf(kManufacturer, ordinal);
  levy.heads = levy.company.staff;
  levy.average_wage = random.Between(60'000, 300'000) * 100;
  const Plant plant = PlantOf(Rule::kDisabledLevy, ordinal);
  if (plant == Plant::kNone) {
    levy.severe = random.Between(0, levy.heads / 150);
    levy.other = random.Between(0, levy.heads / 100);
  }
  const int64_t wage = std::min(levy.average_wage, kWageCap);
  const int64_t employed = 2 * levy.severe + levy.other;
  int64_t expected = std::max<int64_t>(0, PartOf(levy.heads * wage, kDisabledRatio) - employed * wage);
  // At 30 heads a company is exempt, with one more it is not.
  if (plant == Plant::kNearMiss && VariantOf(ordinal) == 1) levy.heads = kStaffExempt;
  if (levy.heads <= kStaffExempt) expected = 0;
  levy.settled = Settle(Rule::kDisabledLevy, ordinal, expected, kTolerance);
  return levy;
}

}  // namespace

void WriteInsurance(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Roster roster = RosterOf(city, i);
    for (const Worker& worker : roster.workers) {
      if (worker.insured) WriteInsuranceOf(city, roster, worker, table);
    }
  }
}

void WriteWages(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Roster roster = RosterOf(city, i);
    for (const int32_t month : {kMarchDay, kAprilDay, kMayDay}) {
      for (const Worker& worker : roster.workers) WriteWageOf(roster, worker, month, roster.plant, table);
      for (const Worker& ghost : roster.ghosts) {
        if (HasWage(ghost.person, month)) WriteWageOf(roster, ghost, month, Plant::kHit, table);
      }
    }
  }
}

void WriteHousingFund(const City& city, TableWriter* table) {
  constexpr int64_t kFundPercent = 20;
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Roster roster = RosterOf(city, i);
    for (const Worker& worker : roster.workers) {
      for (int month = 0; month < kWageMonths; ++month) {
        const int32_t day = MonthBefore(month);
        table->Text(worker.person.citizen_id).PersonName(worker.person.name).Text(roster.company.uscc);
        table->Month(day).Yuan(worker.wage).Yuan(worker.wage * kFundPercent / 100).Day(day + 14).End();
      }
    }
  }
}

void WriteUnitSummaries(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kManufacturer); ++i) {
    const LevyCase levy = LevyAt(city, i);
    table->Text(levy.company.uscc).CompanyName(levy.company.name).Number(kStaffYear).Number(levy.heads);
    table->Yuan(levy.average_wage).End(levy.settled.plant);
  }
}

void WriteDisabledStaff(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kManufacturer); ++i) {
    const LevyCase levy = LevyAt(city, i);
    table->Text(levy.company.uscc).CompanyName(levy.company.name).Number(kStaffYear).Number(levy.severe);
    table->Number(levy.other).Day(kCityDay - 70).End(levy.settled.plant);
  }
}

void WriteDisabledLevy(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kManufacturer); ++i) {
    const LevyCase levy = LevyAt(city, i);
    if (!levy.settled.declared) continue;
    table->Text(levy.company.uscc).CompanyName(levy.company.name).Number(kStaffYear).Number(levy.heads);
    table->Number(2 * levy.severe + levy.other).Yuan(std::min(levy.average_wage, kWageCap));
    table->Yuan(levy.settled.paid).End(levy.settled.plant);
  }
}

void AddStaffGaps(const City& city, Gaps* gaps) {
  for (uint64_t i = 0; i < city.CountOf(kManufacturer); ++i) {
    const LevyCase levy = LevyAt(city, i);
    gaps->Add({Rule::kDisabledLevy, levy.settled.plant, levy.company.uscc, "", std::to_string(kStaffYear),
               levy.settled.gap},
              {"disabled_ratio", "staff_exempt", "wage_cap", "tolerance"});
  }
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Roster roster = RosterOf(city, i);
    gaps->Add({Rule::kWages, roster.plant, roster.company.uscc, "", MonthText(kMayDay), roster.gap},
              {"heads_tolerance", "least_base_share_of_wages", "insurance_rate"});
    for (const Worker& ghost : roster.ghosts) {
      const Plant plant = GhostPlantOf(ghost.person.index / kBlock);
      const int64_t wages = plant == Plant::kHit ? kWageMonths * ghost.wage : 0;
      gaps->Add({Rule::kGhost, plant, ghost.person.citizen_id, roster.company.uscc, "", wages}, {});
    }
  }
}

}  // namespace hangou
