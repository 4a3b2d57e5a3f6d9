// The planted gaps against a plain evaluation of the comparisons over the files: it must find each hit, and nothing
// else.
#include <set>

#include "tools/citygen/comparison_for_test.h"
#include "tools/citygen/people.h"

namespace hangou {
namespace {

using citygen_test::By;
using citygen_test::CheckFound;
using citygen_test::DayOf;
using citygen_test::Fen;
using citygen_test::Files;
using citygen_test::Find;
using citygen_test::Found;
using citygen_test::Id;
using citygen_test::Line;
using citygen_test::Note;
using citygen_test::PaidOf;
using citygen_test::Planted;

Found Deeds() {
  Found found;
  const auto deeds = By("tax.deed", {"unit", "payer"});
  const auto houses = By("nrp.family_houses", {"unit", "citizen_id"});
  for (const Line& transfer : Files()["nrp.transfer"]) {
    const Line* deed = Find(deeds, {transfer.at("unit"), transfer.at("buyer_id")});
    const Line* family = Find(houses, {transfer.at("unit"), transfer.at("buyer_id")});
    if (deed != nullptr && DayOf(deed->at("paid_on")) - DayOf(transfer.at("registered_on")) > 90)
      deed = nullptr;
    const double rate = deed != nullptr               ? std::stod(deed->at("rate"))
                        : family->at("houses") == "1" ? 0.01
                                                      : 0.03;
    Note(std::floor(Fen(transfer.at("price")) * rate) - PaidOf(deed), 10'000,
         Id(transfer.at("buyer_id"), transfer.at("unit"), ""), &found);
  }
  return found;
}

Found Presales() {
  std::map<std::pair<std::string, std::string>, double> totals;
  for (const Line& contract : Files()["housing.presale_contract"]) {
    totals[{contract.at("developer"), contract.at("signed_on").substr(0, 7)}] += Fen(contract.at("amount"));
  }
  const auto paid = By("tax.prepayment", {"kind", "uscc", "month"});
  Found found;
  for (const auto& [key, total] : totals) {
    const Line* line = Find(paid, {"presale", key.first, key.second});
    Note(std::floor(std::floor(total / 1.09) * 0.03) - PaidOf(line), 10'000, Id(key.first, "", key.second),
         &found);
  }
  return found;
}

Found LandUse() {
  const std::map<std::string, double> rates = {{"1", 12}, {"2", 8}, {"3", 5}, {"4", 3}};
  std::map<std::string, double> areas;
  for (const Line& parcel : Files()["nrp.land_certificate"])
    areas[parcel.at("uscc")] += std::stod(parcel.at("area"));
  Found found;
  for (const Line& declared : Files()["tax.land_use"]) {
    const double hidden = areas.at(declared.at("uscc")) - std::stod(declared.at("area"));
    Note(std::round(hidden * rates.at(declared.at("grade")) * 100), 10'000,
         Id(declared.at("uscc"), "", "2024"), &found);
  }
  return found;
}

Found Construction() {
  const auto paid = By("tax.prepayment", {"kind", "uscc", "reference"});
  Found found;
  for (const Line& permit : Files()["housing.construction_permit"]) {
    const double start = DayOf(permit.at("start_on"));
    const double progress = std::min(1.0, (kCityDay - start) / (DayOf(permit.at("end_on")) - start));
    const double expected = Fen(permit.at("contract_sum")) * std::floor(progress * 1e6) / 1e6 / 1.09 * 0.02;
    const Line* line = Find(paid, {"construction", permit.at("uscc"), permit.at("permit_no")});
    Note(std::floor(expected + 0.01) - PaidOf(line), 10'002,
         Id(permit.at("uscc"), permit.at("permit_no"), ""), &found);
  }
  return found;
}

Found Stamps() {
  const auto paid = By("tax.stamp_duty", {"uscc", "document_no"});
  Found found;
  for (const Line& contract : Files()["transaction.contract"]) {
    const double rate = contract.at("kind") == "transfer" ? 0.0005 : 0.0003;
    const Line* line = Find(paid, {contract.at("uscc"), contract.at("contract_no")});
    Note(std::floor(Fen(contract.at("amount")) * rate + 0.01) - PaidOf(line), 1'000,
         Id(contract.at("uscc"), contract.at("contract_no"), ""), &found);
  }
  return found;
}

Found Power() {
  const auto sales = By("tax.sales_monthly", {"uscc", "month"});
  Found found;
  for (const Line& usage : Files()["power.enterprise_usage"]) {
    const double kwh = std::stod(usage.at("kwh"));
    const double declared = Fen(Find(sales, {usage.at("uscc"), usage.at("month")})->at("sales"));
    const bool hit = declared == 0 ? kwh > 3'000 : declared < kwh * 500;
    if (hit) found[Id(usage.at("uscc"), "", usage.at("month"))] = (kwh * 500 - declared) * 0.13;
  }
  return found;
}

Found VehicleTax() {
  const auto paid = By("tax.vehicle_tax", {"plate", "year"});
  Found found;
  for (const Line& vehicle : Files()["psb.vehicle"]) {
    if (vehicle.at("registered_on") >= "2024-01-01") continue;
    if (vehicle.at("state") != "in_use" && vehicle.at("state_since") < "2024-01-01") continue;
    if (Find(paid, {vehicle.at("plate"), "2024"}) != nullptr) continue;
    const double size = std::stod(vehicle.at("displacement_ml"));
    const double tax = size <= 1'000   ? 180
                       : size <= 1'600 ? 300
                       : size <= 2'000 ? 360
                       : size <= 2'500 ? 720
                                       : 1'500;
    found[Id(vehicle.at("plate"), vehicle.at("vin"), "2024")] = tax * 100;
  }
  return found;
}

Found DisabledLevy() {
  const auto staff = By("disabled.staff", {"uscc", "year"});
  const auto paid = By("tax.disabled_levy", {"uscc", "year"});
  Found found;
  for (const Line& unit : Files()["hrss.unit_summary"]) {
    const double heads = std::stod(unit.at("heads"));
    if (heads <= 30) continue;
    const Line& disabled = *Find(staff, {unit.at("uscc"), unit.at("year")});
    const double employed = 2 * std::stod(disabled.at("severe")) + std::stod(disabled.at("other"));
    const double wage = std::min(Fen(unit.at("average_wage")), 20'000'000.0);
    const double due = std::max(0.0, std::floor((heads * 0.015 - employed) * wage + 0.01));
    Note(due - PaidOf(Find(paid, {unit.at("uscc"), unit.at("year")})), 10'000,
         Id(unit.at("uscc"), "", unit.at("year")), &found);
  }
  return found;
}

// What is declared of a company's staff for May 2025.
struct Staff {
  double insured = 0;
  double bases = 0;
  double paid = 0;
  double wages = 0;
  double wages_of_uninsured = 0;
};

Found Wages() {
  std::map<std::string, Staff> companies;
  std::set<std::string> insured;
  for (const Line& line : Files()["hrss.social_insurance"]) {
    if (line.at("insurance_kind") != "110") continue;
    Staff& staff = companies[line.at("employer")];
    ++staff.insured;
    staff.bases += Fen(line.at("base"));
    insured.insert(line.at("citizen_id"));
  }
  for (const Line& line : Files()["tax.wage_withholding"]) {
    if (line.at("month") != "2025-05") continue;
    Staff& staff = companies[line.at("payer")];
    ++staff.paid;
    staff.wages += Fen(line.at("wage"));
    if (!insured.contains(line.at("citizen_id"))) staff.wages_of_uninsured += Fen(line.at("wage"));
  }
  Found found;
  for (const auto& [uscc, staff] : companies) {
    if (staff.paid < 10) continue;
    if (std::abs(staff.paid - staff.insured) / staff.paid > 0.1) {
      found[Id(uscc, "", "2025-05")] = staff.wages_of_uninsured * 0.24;
    } else if (staff.paid == staff.insured && staff.bases < staff.wages * 0.6) {
      found[Id(uscc, "", "2025-05")] = (staff.wages - staff.bases) * 0.24;
    }
  }
  return found;
}

Found TaxRegistrations() {
  const auto registered = By("tax.registration", {"uscc"});
  Found found;
  for (const Line& company : Files()["scjg.enterprise"]) {
    if (company.at("established_on") < "2023-07-01" || company.at("established_on") > "2025-05-31") continue;
    const Line* line = Find(registered, {company.at("uscc")});
    const bool in_time =
        line != nullptr && DayOf(line->at("registered_on")) - DayOf(company.at("established_on")) <= 30;
    if (!in_time) found[Id(company.at("uscc"), "", "")] = 1'000'000;
  }
  return found;
}

Found Hitech() {
  const auto certificates = By("science.hitech_certificate", {"uscc"});
  Found found;
  for (const Line& income : Files()["tax.cit_annual"]) {
    if (income.at("rate") != "0.1500") continue;
    const Line* line = Find(certificates, {income.at("uscc")});
    if (line != nullptr && line->at("valid_until") >= "2024-12-31") continue;
    found[Id(income.at("uscc"), "", "2024")] = Fen(income.at("taxable_income")) * 0.1;
  }
  return found;
}

Found Ghosts() {
  const auto deaths = By("psb.death", {"citizen_id"});
  Found found;
  for (const Line& wage : Files()["tax.wage_withholding"]) {
    const Line* death = Find(deaths, {wage.at("citizen_id")});
    if (death == nullptr || wage.at("month") <= death->at("death_date").substr(0, 7)) continue;
    found[Id(wage.at("citizen_id"), wage.at("payer"), "")] += Fen(wage.at("wage"));
  }
  return found;
}

TEST_CASE("A plain evaluation finds each planted hit with its amount, and no near miss") {
  CheckFound("T01", Deeds());
  CheckFound("T03", Presales());
  CheckFound("T06", LandUse());
  CheckFound("T10", Construction());
  CheckFound("T11", Stamps());
  CheckFound("T14", Power());
  CheckFound("T16", VehicleTax());
  CheckFound("T19", DisabledLevy());
  CheckFound("T20", Wages());
  CheckFound("T24", TaxRegistrations());
  CheckFound("T29", Hitech());
  CheckFound("T31", Ghosts());
}

TEST_CASE("Every comparison has hits and near misses, and no case is both") {
  for (int number = 1; number <= 32; ++number) {
    const std::string rule = (number < 10 ? "T0" : "T") + std::to_string(number);
    INFO(rule);
    const Found hits = Planted(rule, "hit");
    const Found near_misses = Planted(rule, "near_miss");
    CHECK_FALSE(hits.empty());
    CHECK_FALSE(near_misses.empty());
    for (const auto& [id, amount] : hits) {
      CHECK(amount > 0);
      CHECK_FALSE(near_misses.contains(id));
    }
  }
}

TEST_CASE("Rates are named in parameters.csv with the value that the gaps were made with") {
  std::map<std::string, std::string> values;
  for (const Line& parameter : Files()["parameters"])
    values[parameter.at("parameter")] = parameter.at("value");
  CHECK(values.at("deed_rate") == "30000");
  for (const Line& gap : Files()["gaps"]) {
    std::istringstream rates(gap.at("rates"));
    for (std::string rate; std::getline(rates, rate, ';');) {
      const size_t equals = rate.find('=');
      CHECK(values.at(rate.substr(0, equals)) == rate.substr(equals + 1));
    }
  }
}

}  // namespace
}  // namespace hangou
