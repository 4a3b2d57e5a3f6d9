// Who must be registered for tax. T18: holders of a transport licence. T24: newly registered companies, within 30 days.
// T26: private schools and clinics.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr uint64_t kCompaniesOfInstitution = 50;
constexpr uint64_t kFewestInstitutions = 24;

// A private school or clinic: registered by the civil affairs bureau, not by the market administration.
struct Institution {
  std::string uscc;
  std::string name;
  bool school = false;
  size_t village = 0;
  int32_t issued_day = 0;
  Plant plant = Plant::kNone;
};

uint64_t InstitutionCount(const City& city) {
  return kFewestInstitutions + city.companies.count() / kCompaniesOfInstitution;
}

Institution InstitutionAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "institution", ordinal);
  Institution institution;
  institution.village =
      static_cast<size_t>(random.Between(0, static_cast<int64_t>(city.pools.villages.size()) - 1));
  const Village& village = city.pools.villages[institution.village];
  institution.uscc = city.companies.UsccOf("52", village.county, city.companies.count() + ordinal);
  institution.school = ordinal % 2 == 0;
  institution.name =
      "扬州" + random.Pick(city.pools.company_names) + (institution.school ? "培训学校" : "综合门诊部");
  institution.issued_day = random.Day(kCityDay - 1'000, kCityDay - 120);
  institution.plant = PlantOf(Rule::kInstitution, ordinal);
  return institution;
}

// The rule for which a company must be registered, where there is one.
Plant RegistrationPlantOf(const Company& company) {
  if (company.role() == kCarrier) return PlantOf(Rule::kTransport, company.ordinal());
  if (company.role() == kNewcomer) return PlantOf(Rule::kTaxRegistration, company.ordinal());
  return Plant::kNone;
}

void WriteRegistration(std::string_view uscc, std::string_view name, int32_t day, const std::string& county,
                       const char* status, bool general, Plant plant, TableWriter* table) {
  table->Text(uscc).CompanyName(name).Day(day).Text(status);
  table->Text("国家税务总局扬州市" + county + "税务局").Bool(general).End(plant);
}

}  // namespace

void WriteTaxRegistrations(const City& city, TableWriter* table) {
  constexpr int64_t kSmallTaxpayer = 500'000'000;  // revenue of a year up to which a taxpayer counts as small
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    const Plant plant = RegistrationPlantOf(company);
    if (plant == Plant::kHit) continue;
    const int32_t lag = plant == Plant::kNearMiss ? kRegistrationLagDays : static_cast<int32_t>(i % 28) + 1;
    const char* status = company.active() ? "normal" : "cancelled";
    WriteRegistration(company.uscc, company.name, company.established_day + lag,
                      city.VillageOf(company).county_name, status, company.revenue > kSmallTaxpayer, plant,
                      table);
  }
  for (uint64_t i = 0; i < InstitutionCount(city); ++i) {
    const Institution institution = InstitutionAt(city, i);
    if (institution.plant == Plant::kHit) continue;
    const int32_t lag = institution.plant == Plant::kNearMiss ? kRegistrationLagDays : 10;
    WriteRegistration(institution.uscc, institution.name, institution.issued_day + lag,
                      city.pools.villages[institution.village].county_name, "normal", false,
                      institution.plant, table);
  }
}

void WriteOperatingLicences(const City& city, TableWriter* table) {
  constexpr int32_t kValidDays = 4 * 365;
  for (uint64_t i = 0; i < city.CountOf(kCarrier); ++i) {
    const Company company = city.CompanyOf(kCarrier, i);
    Random random(city.seed, "transport", i);
    const int32_t issued = random.Day(std::max(company.established_day, kCityDay - 1'200), kCityDay - 60);
    table->Text(company.uscc).CompanyName(company.name).Text("321000" + Digits(i, 6));
    table->Number(random.Between(1, 60))
        .Day(issued)
        .Day(issued + kValidDays)
        .End(RegistrationPlantOf(company));
  }
}

void WritePrivateSchools(const City& city, TableWriter* table) {
  constexpr int32_t kValidDays = 3 * 365;
  for (uint64_t i = 0; i < InstitutionCount(city); i += 2) {
    const Institution school = InstitutionAt(city, i);
    table->Text(school.uscc).CompanyName(school.name).Text("132100" + Digits(i, 9)).Text("非学历文化教育");
    table->Number(20 + static_cast<int64_t>(i * 7 % 400)).Day(school.issued_day);
    table->Day(school.issued_day + kValidDays).End(school.plant);
  }
}

void WriteMedicalInstitutions(const City& city, TableWriter* table) {
  constexpr int32_t kValidDays = 5 * 365;
  for (uint64_t i = 1; i < InstitutionCount(city); i += 2) {
    const Institution clinic = InstitutionAt(city, i);
    table->Text(clinic.uscc).CompanyName(clinic.name).Text("PDY" + Digits(i, 14)).Text("综合门诊部");
    table->Number(static_cast<int64_t>(i % 30)).Day(clinic.issued_day).Day(clinic.issued_day + kValidDays);
    table->End(clinic.plant);
  }
}

void AddRegistrationGaps(const City& city, Gaps* gaps) {
  const auto add = [&](Rule rule, Plant plant, const std::string& uscc) {
    gaps->Add({rule, plant, uscc, "", "", plant == Plant::kHit ? kRegistrationEstimate : 0},
              {"registration_lag", "registration_estimate"});
  };
  for (const uint64_t role : {uint64_t{kCarrier}, uint64_t{kNewcomer}}) {
    for (uint64_t i = 0; i < city.CountOf(role); ++i) {
      const Company company = city.CompanyOf(role, i);
      add(role == kCarrier ? Rule::kTransport : Rule::kTaxRegistration, RegistrationPlantOf(company),
          company.uscc);
    }
  }
  for (uint64_t i = 0; i < InstitutionCount(city); ++i) {
    const Institution institution = InstitutionAt(city, i);
    add(Rule::kInstitution, institution.plant, institution.uscc);
  }
}

}  // namespace hangou
