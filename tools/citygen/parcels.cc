// Real-estate units of the city. Each household and company has numbers of its own, so that none occurs twice.
#include "tools/citygen/model.h"

namespace hangou {
namespace {

constexpr uint64_t kDoorsOfBuilding = 40;
constexpr uint64_t kBuildingsOfParcel = 25;
constexpr uint64_t kDoorsOfParcel = kDoorsOfBuilding * kBuildingsOfParcel;
constexpr uint64_t kParcels = 99'999;
// Cadastral districts of companies' parcels; those of dwellings begin at 1.
constexpr uint64_t kCompanyDistrict = 500;
constexpr uint64_t kDeveloperDistrict = 800;

std::string ParcelOf(const std::string& county, uint64_t district, uint64_t number, const char* feature) {
  return county + Digits(district, 3) + Digits(1 + number / kParcels, 3) + feature +
         Digits(1 + number % kParcels, 5);
}

}  // namespace

std::string DwellingOf(const City& city, const Person& resident) {
  const Village& village = city.VillageOf(resident);
  const uint64_t number = resident.head;
  return ParcelOf(village.county, 1, number / kDoorsOfParcel, village.name.ends_with("村") ? "JC" : "GB") +
         "F" + Digits(1 + number % kDoorsOfParcel / kDoorsOfBuilding, 4) +
         Digits(1 + number % kDoorsOfBuilding, 4);
}

std::string LandOf(const City& city, const Company& company, uint64_t number) {
  return ParcelOf(city.VillageOf(company).county, kCompanyDistrict + number, company.index, "GB") +
         "W00000000";
}

std::string BuildingOf(const City& city, const Company& company, uint64_t number) {
  return ParcelOf(city.VillageOf(company).county, kCompanyDistrict + number, company.index, "GB") +
         "F00010001";
}

std::string NewDwellingOf(const City& city, const Company& developer, uint64_t number) {
  return ParcelOf(city.VillageOf(developer).county, kDeveloperDistrict, developer.index, "GB") + "F" +
         Digits(1 + number / kDoorsOfBuilding, 4) + Digits(1 + number % kDoorsOfBuilding, 4);
}

}  // namespace hangou
