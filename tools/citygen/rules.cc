#include "tools/citygen/rules.h"

#include "tools/citygen/random.h"

namespace hangou {
namespace {

// Of the first cases of a rule each sixth is a hit and each sixth a near miss; behind them, of fifty.
constexpr uint64_t kDenseCases = 30;
constexpr uint64_t kDensePeriod = 6;
constexpr uint64_t kPeriod = 50;
constexpr uint64_t kHitAt = 2;
constexpr uint64_t kNearMissAt = 5;
constexpr uint64_t kGhostPeriod = 32;

constexpr const char* kTaxLaw = "《中华人民共和国税收征收管理法》";
constexpr const char* kDeedLaw = "《中华人民共和国契税法》";
constexpr const char* kVatLaw = "《中华人民共和国增值税暂行条例》";
constexpr const char* kStampLaw = "《中华人民共和国印花税法》";
constexpr const char* kHouseLaw = "《中华人民共和国房产税暂行条例》";
constexpr const char* kIncomeLaw = "《中华人民共和国个人所得税法》";
constexpr const char* kCompanyLaw = "《中华人民共和国企业所得税法》";
constexpr const char* kComparison = "比对口径";

constexpr Parameter kParameters[] = {
    {"tolerance", "*", kTolerance, "fen", "2019-01-01", kComparison},
    {"stamp_tolerance", "T11;T13", kSmallTolerance, "fen", "2019-01-01", kComparison},
    {"deed_lag", "T01;T05", kDeedLagDays, "days", "2021-09-01", kDeedLaw},
    {"deed_rate", "T01;T05;T28;T32", kDeedRate, "millionths", "2021-09-01", kDeedLaw},
    {"deed_rate_reduced", "T32", kReducedDeedRate, "millionths", "2021-09-01", kDeedLaw},
    {"most_houses_at_reduced_rate", "T32", kMostHousesAtReducedRate, "houses", "2021-09-01", kComparison},
    {"house_sale_vat_rate", "T02", kSaleVatRate, "millionths", "2016-05-01", kVatLaw},
    {"house_sale_income_rate", "T02", kSaleIncomeRate, "millionths", "2019-01-01", kIncomeLaw},
    {"house_sale_vat_free_after", "T02", kYearsFreeOfSaleVat, "years", "2016-05-01", kVatLaw},
    {"house_sale_income_tax_free_after", "T02", kYearsFreeOfSaleIncomeTax, "years", "2019-01-01", kIncomeLaw},
    {"property_vat_rate", "T03;T10", kPropertyVatRate, "millionths", "2019-04-01", kVatLaw},
    {"presale_prepayment_rate", "T03", kPresaleRate, "millionths", "2016-05-01", kVatLaw},
    {"sold_share_to_settle", "T04", kSoldShareToSettle, "millionths", "2007-02-01",
     "《中华人民共和国土地增值税暂行条例》"},
    {"land_vat_estimate", "T04", kLandVatEstimate, "millionths", "2019-01-01", kComparison},
    {"land_use_grade_1", "T06", kLandUseFen[0], "fen per square metre", "2019-01-01",
     "《中华人民共和国城镇土地使用税暂行条例》"},
    {"land_use_grade_2", "T06", kLandUseFen[1], "fen per square metre", "2019-01-01",
     "《中华人民共和国城镇土地使用税暂行条例》"},
    {"land_use_grade_3", "T06", kLandUseFen[2], "fen per square metre", "2019-01-01",
     "《中华人民共和国城镇土地使用税暂行条例》"},
    {"land_use_grade_4", "T06", kLandUseFen[3], "fen per square metre", "2019-01-01",
     "《中华人民共和国城镇土地使用税暂行条例》"},
    {"house_tax_share_of_value", "T07", kHouseTaxShareOfValue, "millionths", "1986-10-01", kHouseLaw},
    {"house_tax_rate", "T07", kHouseTaxRate, "millionths", "1986-10-01", kHouseLaw},
    {"rent_rate", "T08", kRentRate, "millionths", "1986-10-01", kHouseLaw},
    {"dwelling_rent_rate", "T08", kDwellingRentRate, "millionths", "2008-03-01", kHouseLaw},
    {"farmland_rate", "T09", kFarmlandFen, "fen per square metre", "2019-09-01",
     "《中华人民共和国耕地占用税法》"},
    {"construction_prepayment_rate", "T10", kConstructionRate, "millionths", "2016-05-01", kVatLaw},
    {"stamp_construction_rate", "T11", kStampConstructionRate, "millionths", "2022-07-01", kStampLaw},
    {"stamp_transfer_rate", "T11", kStampTransferRate, "millionths", "2022-07-01", kStampLaw},
    {"stamp_capital_rate", "T13", kStampCapitalRate, "millionths", "2022-07-01", kStampLaw},
    {"equity_rate", "T12", kEquityRate, "millionths", "2019-01-01", kIncomeLaw},
    {"least_sales_per_kwh", "T14", kSalesFenPerKwh, "fen per kWh", "2024-01-01", kComparison},
    {"most_kwh_of_zero_filing", "T14", kMostKwhOfZeroFiling, "kWh", "2024-01-01", kComparison},
    {"least_sales_per_cubic_metre", "T15", kSalesFenPerCubicMetre, "fen per cubic metre", "2024-01-01",
     kComparison},
    {"goods_vat_rate", "T14;T30", kSalesVatRate, "millionths", "2019-04-01", kVatLaw},
    {"service_vat_rate", "T15", kServiceVatRate, "millionths", "2019-04-01", kVatLaw},
    {"vehicle_tax_1000", "T16", kVehicleTaxFen[0], "fen a year", "2012-01-01", "《中华人民共和国车船税法》"},
    {"vehicle_tax_1600", "T16", kVehicleTaxFen[1], "fen a year", "2012-01-01", "《中华人民共和国车船税法》"},
    {"vehicle_tax_2000", "T16", kVehicleTaxFen[2], "fen a year", "2012-01-01", "《中华人民共和国车船税法》"},
    {"vehicle_tax_2500", "T16", kVehicleTaxFen[3], "fen a year", "2012-01-01", "《中华人民共和国车船税法》"},
    {"vehicle_tax_above", "T16", kVehicleTaxFen[4], "fen a year", "2012-01-01", "《中华人民共和国车船税法》"},
    {"purchase_tax_rate", "T17", kPurchaseTaxRate, "millionths", "2019-07-01",
     "《中华人民共和国车辆购置税法》"},
    {"registration_lag", "T18;T24;T26", kRegistrationLagDays, "days", "2015-10-01", kTaxLaw},
    {"registration_estimate", "T18;T24;T26", kRegistrationEstimate, "fen", "2024-01-01", kComparison},
    {"disabled_ratio", "T19", kDisabledRatio, "millionths", "2015-10-01", "财税〔2015〕72号"},
    {"staff_exempt", "T19", kStaffExempt, "persons", "2023-01-01", "财政部公告2023年第8号"},
    {"wage_cap", "T19", kWageCap, "fen", "2024-01-01", "财税〔2018〕39号"},
    {"heads_tolerance", "T20", kHeadsTolerance, "millionths", "2024-01-01", kComparison},
    {"least_base_share_of_wages", "T20", kBaseShareOfWages, "millionths", "2024-01-01", kComparison},
    {"insurance_rate", "T20", kInsuranceRate, "millionths", "2019-05-01", "《中华人民共和国社会保险法》"},
    {"ton_price", "T21", kTonFen, "fen per ton", "2024-01-01", kComparison},
    {"resource_rate", "T21", kResourceRate, "millionths", "2020-09-01", "《中华人民共和国资源税法》"},
    {"water_rate", "T22", kWaterFen, "fen per cubic metre", "2024-12-01", "《水资源税改革试点实施办法》"},
    {"pollution_rate", "T23", kPollutionFen, "fen per equivalent", "2018-01-01",
     "《中华人民共和国环境保护税法》"},
    {"company_income_rate", "T25;T29", kCompanyIncomeRate, "millionths", "2008-01-01", kCompanyLaw},
    {"hitech_income_rate", "T29", kHitechRate, "millionths", "2008-01-01", kCompanyLaw},
    {"event_prepayment_rate", "T27", kEventRate, "millionths", "2016-05-01", kVatLaw},
};

}  // namespace

std::string RuleName(Rule rule) {
  const std::string number = std::to_string(static_cast<int>(rule));
  return (number.size() == 1 ? "T0" : "T") + number;
}

Plant PlantOf(Rule rule, uint64_t ordinal) {
  // Rules about the same rows have cases of their own: nothing is planted twice.
  const uint64_t shifted = ordinal + static_cast<uint64_t>(rule);
  const uint64_t at = ordinal < kDenseCases ? shifted % kDensePeriod : shifted % kPeriod;
  return at == kHitAt ? Plant::kHit : at == kNearMissAt ? Plant::kNearMiss : Plant::kNone;
}

int VariantOf(uint64_t ordinal) {
  return static_cast<int>((ordinal < kDenseCases ? ordinal / kDensePeriod : ordinal / kPeriod) % 2);
}

Plant GhostPlantOf(uint64_t block) {
  const uint64_t at = block % kGhostPeriod;
  return at == kHitAt ? Plant::kHit : at == kNearMissAt ? Plant::kNearMiss : Plant::kNone;
}

std::span<const Parameter> Parameters() { return kParameters; }

Settled Settle(Rule rule, uint64_t ordinal, int64_t expected, int64_t tolerance, bool may_be_missing) {
  Settled settled;
  settled.plant = PlantOf(rule, ordinal);
  settled.paid = expected;
  if (settled.plant == Plant::kHit) {
    // What is due is small in places: a part of it must still be beyond the tolerance.
    const bool missing = expected <= 3 * tolerance || VariantOf(ordinal) == 0;
    settled.declared = !missing || !may_be_missing;
    settled.paid = missing ? 0 : expected / 3;
  } else if (settled.plant == Plant::kNearMiss) {
    settled.paid = expected > tolerance ? expected - tolerance : 0;
  }
  settled.gap = expected - settled.paid;
  return settled;
}

}  // namespace hangou
