// Vehicles. T16: vehicle tax is paid for each vehicle that is in use in the year. T17: purchase tax of a new vehicle is
// paid on the price of its invoice.
#include "libs/identifiers/identifiers.h"
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr uint64_t kVehiclesOfBlock = 2;
constexpr std::string_view kPlateCharacters = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
constexpr uint64_t kPlates = 45'435'424;  // 34 to the power of 5
constexpr int kVehicleTaxYear = 2024;
constexpr int32_t kNewYear = 19'723;   // 2024-01-01
constexpr int32_t kYearsEnd = 20'088;  // 2024-12-31
// Vehicles whose purchase tax is compared are registered in the year behind that of vehicle tax.
constexpr uint64_t kNewVehiclePeriod = 8;

// Displacement up to which a band of vehicle tax goes, and the parameter of the band; the last has no end.
struct TaxBand {
  int64_t most_millilitres;
  std::string_view parameter;
};
constexpr TaxBand kTaxBands[] = {{1'000, "vehicle_tax_1000"},
                                 {1'600, "vehicle_tax_1600"},
                                 {2'000, "vehicle_tax_2000"},
                                 {2'500, "vehicle_tax_2500"},
                                 {100'000, "vehicle_tax_above"}};
static_assert(std::size(kTaxBands) == std::size(kVehicleTaxFen));

size_t BandOf(int64_t millilitres) {
  size_t band = 0;
  while (millilitres > kTaxBands[band].most_millilitres) ++band;
  return band;
}

struct Vehicle {
  std::string plate;
  std::string vin;
  std::string owner;
  std::string owner_name;
  int64_t displacement = 0;
  int32_t registered_day = 0;
  bool scrapped = false;
  int32_t scrapped_day = 0;
  int64_t price = 0;
  bool is_new = false;
  int64_t tax = 0;
  Plant tax_plant = Plant::kNone;
  bool tax_paid = false;
  int32_t tax_day = 0;
  Settled purchase;
};

uint64_t VehicleCount(const City& city) { return city.people.blocks() * kVehiclesOfBlock; }

std::string PlateOf(const Shuffle& plates, uint64_t ordinal) {
  std::string plate = "苏K";
  for (uint64_t left = plates(ordinal), i = 0; i < 5; ++i, left /= kPlateCharacters.size()) {
    plate += kPlateCharacters[left % kPlateCharacters.size()];
  }
  return plate;
}

// "LHG" is no maker's.
std::string VinOf(uint64_t ordinal, int32_t registered_day) {
  std::string vin = "LHGCA1B20" + std::string(1, registered_day < kNewYear ? 'N' : 'S') + Digits(ordinal, 7);
  vin[8] = VinCheck(vin);
  return vin;
}

void SetVehicleTax(uint64_t ordinal, Random& random, Vehicle* vehicle) {
  vehicle->tax = kVehicleTaxFen[BandOf(vehicle->displacement)];
  if (vehicle->is_new) return;
  vehicle->tax_plant = PlantOf(Rule::kVehicleTax, ordinal / kNewVehiclePeriod * (kNewVehiclePeriod - 1) +
                                                      ordinal % kNewVehiclePeriod - 1);
  vehicle->scrapped = vehicle->tax_plant == Plant::kNearMiss
                          ? VariantOf(ordinal) == 0
                          : vehicle->tax_plant == Plant::kNone && random.Percent(4);
  // A vehicle that was scrapped on the last day before the year owes nothing for it.
  if (vehicle->scrapped) vehicle->scrapped_day = kNewYear - 1;
  vehicle->tax_paid = vehicle->tax_plant != Plant::kHit && !vehicle->scrapped;
  vehicle->tax_day = vehicle->tax_plant == Plant::kNearMiss ? kYearsEnd : random.Day(kNewYear, kYearsEnd);
}

Vehicle VehicleAt(const City& city, const Shuffle& plates, uint64_t ordinal) {
  Random random(city.seed, "vehicle", ordinal);
  const Person owner =
      city.people.At(ordinal / kVehiclesOfBlock, ordinal % kVehiclesOfBlock == 0 ? kHeadPlace : kSpousePlace);
  Vehicle vehicle;
  vehicle.owner = owner.citizen_id;
  vehicle.owner_name = owner.name;
  vehicle.is_new = ordinal % kNewVehiclePeriod == 0;
  vehicle.registered_day =
      vehicle.is_new ? random.Day(kYearsEnd + 1, kCityDay - 30) : random.Day(kNewYear - 4'000, kNewYear - 30);
  vehicle.plate = PlateOf(plates, ordinal);
  vehicle.vin = VinOf(ordinal, vehicle.registered_day);
  vehicle.displacement = random.Between(9, 30) * 100;
  vehicle.price = random.Between(50'000, 400'000) * 100;
  SetVehicleTax(ordinal, random, &vehicle);
  if (vehicle.is_new) {
    vehicle.purchase = Settle(Rule::kPurchaseTax, ordinal / kNewVehiclePeriod,
                              PartOf(vehicle.price, kPurchaseTaxRate), kTolerance);
  }
  return vehicle;
}

}  // namespace

void WriteVehicles(const City& city, TableWriter* table) {
  const Shuffle plates(city.seed, kPlates);
  for (uint64_t i = 0; i < VehicleCount(city); ++i) {
    const Vehicle vehicle = VehicleAt(city, plates, i);
    table->Text(vehicle.plate)
        .Text(vehicle.vin)
        .Text(i % 3 == 0 ? "K31" : "K33")
        .Number(vehicle.displacement);
    table->Text(vehicle.owner).PersonName(vehicle.owner_name).Day(vehicle.registered_day);
    table->Text(vehicle.scrapped ? "scrapped" : "in_use").DayIfAny(vehicle.scrapped_day).Yuan(vehicle.price);
    table->End(vehicle.is_new ? vehicle.purchase.plant : vehicle.tax_plant);
  }
}

void WriteVehicleTax(const City& city, TableWriter* table) {
  constexpr const char* kInsurers[] = {"平安财险扬州中心支公司", "人保财险扬州市分公司",
                                       "太平洋财险扬州中心支公司"};
  const Shuffle plates(city.seed, kPlates);
  for (uint64_t i = 0; i < VehicleCount(city); ++i) {
    const Vehicle vehicle = VehicleAt(city, plates, i);
    if (!vehicle.tax_paid) continue;
    table->Text(vehicle.plate).Text(vehicle.vin).Number(kVehicleTaxYear).Yuan(vehicle.tax);
    table->Text(kInsurers[i % std::size(kInsurers)]).Day(vehicle.tax_day).End(vehicle.tax_plant);
  }
}

void WritePurchaseTax(const City& city, TableWriter* table) {
  const Shuffle plates(city.seed, kPlates);
  for (uint64_t i = 0; i < VehicleCount(city); i += kNewVehiclePeriod) {
    const Vehicle vehicle = VehicleAt(city, plates, i);
    if (!vehicle.purchase.declared) continue;
    table->Text(vehicle.vin).Text(vehicle.owner).PersonName(vehicle.owner_name).Yuan(vehicle.price);
    table->Yuan(vehicle.purchase.paid).Day(vehicle.registered_day - 1).End(vehicle.purchase.plant);
  }
}

void AddVehicleGaps(const City& city, Gaps* gaps) {
  const Shuffle plates(city.seed, kPlates);
  for (uint64_t i = 0; i < VehicleCount(city); ++i) {
    const Vehicle vehicle = VehicleAt(city, plates, i);
    gaps->Add({Rule::kVehicleTax, vehicle.tax_plant, vehicle.plate, vehicle.vin,
               std::to_string(kVehicleTaxYear), vehicle.tax_plant == Plant::kHit ? vehicle.tax : 0},
              {kTaxBands[BandOf(vehicle.displacement)].parameter});
    gaps->Add(
        {Rule::kPurchaseTax, vehicle.purchase.plant, vehicle.vin, vehicle.plate, "", vehicle.purchase.gap},
        {"purchase_tax_rate", "tolerance"});
  }
}

}  // namespace hangou
