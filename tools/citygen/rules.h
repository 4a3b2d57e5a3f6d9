// The comparisons of third parties' data with the tax bureau's (T01 to T32): the parameters of their formulas, and
// which cases of the city are planted as gaps or stand just inside the threshold.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hangou {

// The comparisons, by number. What each compares stands beside the cases that it is about (*_cases.cc).
enum class Rule : uint8_t {
  kDeed = 1,         // T01 transfer of a house, deed tax
  kHouseSale,        // T02 sale of a second-hand house, VAT and income tax of the seller
  kPresale,          // T03 presale contracts of a month, VAT prepayment
  kLandVat,          // T04 project sold to 85 %, settlement of land VAT
  kLandDeed,         // T05 land deal, deed tax
  kLandUse,          // T06 area of parcels, land use tax
  kHouseTax,         // T07 value of buildings, house tax
  kLease,            // T08 rent, house tax
  kFarmland,         // T09 farmland used, farmland occupation tax
  kConstruction,     // T10 construction permit, VAT
  kStamp,            // T11 contract, stamp duty
  kEquity,           // T12 transfer of shares, income tax
  kCapital,          // T13 paid-in capital, stamp duty
  kPower,            // T14 power used, declared sales
  kWater,            // T15 water used, declared sales
  kVehicleTax,       // T16 vehicle, vehicle tax
  kPurchaseTax,      // T17 new vehicle, purchase tax
  kTransport,        // T18 transport licence, tax registration
  kDisabledLevy,     // T19 staff, levy for the employment of disabled persons
  kWages,            // T20 insured staff, staff in wage declarations
  kResource,         // T21 tons mined, resource tax
  kWaterResource,    // T22 water taken, water resource tax
  kEnvironment,      // T23 pollution measured, environment tax
  kTaxRegistration,  // T24 company registered, tax registration
  kSubsidy,          // T25 subsidy, income declared
  kInstitution,      // T26 private school or clinic, tax registration
  kEvent,            // T27 performance, VAT prepayment
  kDemolition,       // T28 compensation, relief claimed
  kHitech,           // T29 certificate, reduced rate
  kProcurement,      // T30 procurement paid, invoiced
  kGhost,            // T31 the dead, wages
  kReducedDeed,      // T32 houses of the family, reduced rate of deed tax
};

// "T01" and so on.
std::string RuleName(Rule rule);

// What a case is for its rule. A near miss keeps the tolerance, the lag or the threshold by the smallest step.
enum class Plant : uint8_t { kNone, kHit, kNearMiss };

// What the case of a number is; the same for every seed. The first cases are planted densely, so that a small city has
// some of each rule.
Plant PlantOf(Rule rule, uint64_t ordinal);
// Hits are made in two ways, and so are near misses: 0 or 1.
int VariantOf(uint64_t ordinal);
// T31: what the neighbour of a block is.
Plant GhostPlantOf(uint64_t block);

// Rates in millionths, amounts in fen. They change with the law, and stand in parameters.csv with their dates.
constexpr int64_t kTolerance = 10'000;      // of amounts
constexpr int64_t kSmallTolerance = 1'000;  // of stamp duty
constexpr int32_t kDeedLagDays = 90;
constexpr int64_t kDeedRate = 30'000;
constexpr int64_t kReducedDeedRate = 10'000;
constexpr int64_t kMostHousesAtReducedRate = 1;
constexpr int64_t kSaleVatRate = 50'000;
constexpr int64_t kSaleIncomeRate = 10'000;
constexpr int64_t kYearsFreeOfSaleVat = 2;
constexpr int64_t kYearsFreeOfSaleIncomeTax = 5;
constexpr int64_t kPropertyVatRate = 90'000;
constexpr int64_t kPresaleRate = 30'000;
constexpr int64_t kSoldShareToSettle = 850'000;
constexpr int64_t kLandVatEstimate = 50'000;
constexpr int64_t kLandUseFen[] = {1'200, 800, 500, 300};  // per square metre and year, by grade
constexpr int64_t kHouseTaxShareOfValue = 700'000;
constexpr int64_t kHouseTaxRate = 12'000;
constexpr int64_t kRentRate = 120'000;
constexpr int64_t kDwellingRentRate = 40'000;
constexpr int64_t kFarmlandFen = 2'500;  // per square metre
constexpr int64_t kConstructionRate = 20'000;
constexpr int64_t kStampConstructionRate = 300;
constexpr int64_t kStampTransferRate = 500;
constexpr int64_t kStampCapitalRate = 250;
constexpr int64_t kEquityRate = 200'000;
constexpr int64_t kSalesFenPerKwh = 500;
constexpr int64_t kMostKwhOfZeroFiling = 3'000;
constexpr int64_t kSalesFenPerCubicMetre = 8'000;
constexpr int64_t kSalesVatRate = 130'000;
constexpr int64_t kServiceVatRate = 60'000;
// A year's, up to 1.0, 1.6, 2.0, 2.5 litres and above.
constexpr int64_t kVehicleTaxFen[] = {18'000, 30'000, 36'000, 72'000, 150'000};
constexpr int64_t kPurchaseTaxRate = 100'000;
constexpr int32_t kRegistrationLagDays = 30;
constexpr int64_t kRegistrationEstimate = 1'000'000;
constexpr int64_t kDisabledRatio = 15'000;
constexpr int64_t kStaffExempt = 30;
constexpr int64_t kWageCap = 20'000'000;  // twice the local average, a year
constexpr int64_t kHeadsTolerance = 100'000;
constexpr int64_t kBaseShareOfWages = 600'000;
constexpr int64_t kInsuranceRate = 240'000;
constexpr int64_t kTonFen = 8'000;  // price of a ton
constexpr int64_t kResourceRate = 60'000;
constexpr int64_t kWaterFen = 20;       // per cubic metre
constexpr int64_t kPollutionFen = 480;  // per equivalent
constexpr int64_t kCompanyIncomeRate = 250'000;
constexpr int64_t kHitechRate = 150'000;
constexpr int64_t kEventRate = 30'000;

// The first days of months that rules look at.
constexpr int32_t kMarchDay = 20'148;  // 2025-03-01
constexpr int32_t kAprilDay = 20'179;
constexpr int32_t kMayDay = 20'209;

// A line of parameters.csv.
struct Parameter {
  const char* name;
  const char* rules;
  int64_t value;
  const char* unit;  // "millionths", "fen", "days", "fen per square metre", ...
  const char* valid_from;
  const char* legal_basis;
};
std::span<const Parameter> Parameters();

// `rate` millionths of an amount, rounded down.
constexpr int64_t PartOf(int64_t amount, int64_t rate) {
  constexpr int64_t kMillion = 1'000'000;
  return amount / kMillion * rate + amount % kMillion * rate / kMillion;
}
// An amount without the VAT that it contains.
constexpr int64_t WithoutVat(int64_t amount, int64_t rate) {
  constexpr int64_t kMillion = 1'000'000;
  const int64_t divisor = kMillion + rate;
  return amount / divisor * kMillion + amount % divisor * kMillion / divisor;
}

// How a tax that a third party's data lets expect was paid.
struct Settled {
  Plant plant = Plant::kNone;
  bool declared = true;
  int64_t paid = 0;
  int64_t gap = 0;  // expected less paid; of hits and near misses
};
// Clean cases are paid in full, hits not at all (variant 0, where `may_be_missing`) or to a part, near misses short of
// what is expected by exactly the tolerance.
Settled Settle(Rule rule, uint64_t ordinal, int64_t expected, int64_t tolerance, bool may_be_missing = true);

}  // namespace hangou
