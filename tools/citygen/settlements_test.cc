// The comparisons that ask whether a tax was paid for what a third party knows, each as a line: which files, joined by
// what, and what is expected.
#include "tools/citygen/comparison_for_test.h"

namespace hangou {
namespace {

using citygen_test::By;
using citygen_test::CheckFound;
using citygen_test::Fen;
using citygen_test::Files;
using citygen_test::Find;
using citygen_test::Found;
using citygen_test::Id;
using citygen_test::Line;
using citygen_test::Note;

using Columns = std::vector<std::string>;

// A comparison: for each line on the left, `paid` of the line on the right that has the same values.
struct Settlement {
  const char* rule;
  const char* left;
  const char* right;
  Columns left_columns;
  Columns right_columns;
  double (*expected)(const Line& left);
  Columns named_by;  // subject, key and period: columns of the left, or nothing
  double tolerance = 10'000;
  const char* paid = "paid";
};

std::string Named(const Line& line, const std::string& column) {
  return column.empty() ? "" : line.at(column);
}

double Area(const Line& line, const char* column) { return std::stod(line.at(column)); }

Found Evaluate(const Settlement& settlement) {
  Found found;
  const auto right = By(settlement.right, settlement.right_columns);
  for (const Line& line : Files()[settlement.left]) {
    Columns values;
    for (const std::string& column : settlement.left_columns) values.push_back(line.at(column));
    const Line* settled = Find(right, values);
    const double paid = settled == nullptr ? 0 : Fen(settled->at(settlement.paid));
    const std::string id = Id(Named(line, settlement.named_by[0]), Named(line, settlement.named_by[1]),
                              Named(line, settlement.named_by[2]));
    Note(std::floor(settlement.expected(line) + 0.01) - paid, settlement.tolerance, id, &found);
  }
  return found;
}

double LandDeed(const Line& deal) { return Fen(deal.at("price")) * 0.03; }
double Farmland(const Line& approval) { return Area(approval, "area") * 2'500; }
double Capital(const Line& rise) {
  return (Fen(rise.at("paid_in_after")) - Fen(rise.at("paid_in_before"))) * 0.00025;
}
double Mining(const Line& output) { return Area(output, "actual_tons") * 8'000 * 0.06; }
double Water(const Line& intake) { return Area(intake, "metered") * 20; }
double Pollution(const Line& emission) { return Area(emission, "equivalents") * 480; }
double Tickets(const Line& event) { return std::floor(Fen(event.at("ticket_income")) / 1.03) * 0.03; }
double Procured(const Line& payment) { return Fen(payment.at("paid")); }
double Purchase(const Line& vehicle) {
  return vehicle.at("registered_on") < "2025-01-01" ? 0 : Fen(vehicle.at("invoice_price")) * 0.1;
}
double Shares(const Line& change) {
  const double worth = Fen(change.at("net_assets")) * std::stod(change.at("share"));
  const double price = Fen(change.at("price"));
  const double income = change.at("cause").empty() ? std::max(price, worth) : price;
  return std::max(0.0, income - Fen(change.at("cost")) - price * 0.0005) * 0.2;
}

TEST_CASE("What is expected and not paid is what is planted") {
  const std::vector<Settlement> settlements = {
      {"T05",
       "transaction.land_deal",
       "tax.deed",
       {"unit", "buyer"},
       {"unit", "payer"},
       LandDeed,
       {"buyer", "unit", ""}},
      {"T09",
       "nrp.farmland_approval",
       "tax.farmland_tax",
       {"uscc", "approval_no"},
       {"uscc", "approval_no"},
       Farmland,
       {"uscc", "approval_no", ""}},
      {"T12",
       "scjg.equity_change",
       "tax.equity_income",
       {"uscc", "change_no"},
       {"uscc", "change_no"},
       Shares,
       {"uscc", "change_no", ""},
       10'100},
      {"T13",
       "scjg.capital_change",
       "tax.stamp_duty",
       {"uscc", "change_no"},
       {"uscc", "document_no"},
       Capital,
       {"uscc", "change_no", ""},
       1'000},
      {"T17", "psb.vehicle", "tax.purchase_tax", {"vin"}, {"vin"}, Purchase, {"vin", "plate", ""}},
      {"T21",
       "nrp.mining_output",
       "tax.resource_tax",
       {"uscc", "permit_no", "year"},
       {"uscc", "permit_no", "year"},
       Mining,
       {"uscc", "permit_no", "year"}},
      {"T22",
       "water.intake",
       "tax.water_resource_tax",
       {"permit_no", "quarter"},
       {"permit_no", "quarter"},
       Water,
       {"uscc", "permit_no", "quarter"}},
      {"T23",
       "ecology.emission",
       "tax.environment_tax",
       {"uscc", "outlet", "quarter"},
       {"uscc", "outlet", "quarter"},
       Pollution,
       {"uscc", "outlet", "quarter"}},
      {"T27",
       "culture.performance",
       "tax.prepayment",
       {"uscc", "approval_no"},
       {"uscc", "reference"},
       Tickets,
       {"uscc", "approval_no", ""},
       10'001},
      {"T30",
       "finance.procurement_payment",
       "tax.invoice_contract",
       {"uscc", "contract_no"},
       {"uscc", "contract_no"},
       Procured,
       {"uscc", "contract_no", ""},
       10'000,
       "invoiced"}};
  for (const Settlement& settlement : settlements) CheckFound(settlement.rule, Evaluate(settlement));
}

TEST_CASE("House tax is expected of the value, or of the rent") {
  Found value;
  const auto paid = By("tax.house_tax", {"kind", "unit", "taxpayer"});
  for (const Line& building : Files()["nrp.building"]) {
    const Line* tax = Find(paid, {"value", building.at("unit"), building.at("uscc")});
    const double expected = std::floor(Fen(building.at("original_value")) * 0.7 + 0.01) * 0.012;
    Note(std::floor(expected + 0.01) - citygen_test::PaidOf(tax), 10'000,
         Id(building.at("uscc"), building.at("unit"), "2024"), &value);
  }
  CheckFound("T07", value);
  Found rent;
  for (const Line& lease : Files()["housing.lease"]) {
    const Line* tax = Find(paid, {"rent", lease.at("unit"), lease.at("lessor")});
    const double rate = lease.at("use") == "dwelling" ? 0.04 : 0.12;
    Note(std::floor(Fen(lease.at("monthly_rent")) * 12 * rate + 0.01) - citygen_test::PaidOf(tax), 10'000,
         Id(lease.at("lessor"), lease.at("unit"), "2024"), &rent);
  }
  CheckFound("T08", rent);
}

TEST_CASE("Sellers, projects, subsidies, relief and reduced rates are compared alike") {
  Found sales;
  const auto sold = By("tax.house_sale", {"unit", "seller_id"});
  Found reduced;
  const auto deeds = By("tax.deed", {"unit", "payer"});
  const auto families = By("nrp.family_houses", {"unit", "citizen_id"});
  for (const Line& transfer : Files()["nrp.transfer"]) {
    const double income = std::floor(Fen(transfer.at("price")) / 1.05);
    const double held = std::stod(transfer.at("held_years"));
    const double vat = held < 2 ? std::floor(income * 0.05) : 0;
    const double tax = held >= 5 && transfer.at("sole_home") == "true" ? 0 : std::floor(income * 0.01);
    const Line* sale = Find(sold, {transfer.at("unit"), transfer.at("seller_id")});
    const double paid = sale == nullptr ? 0 : Fen(sale->at("vat_paid")) + Fen(sale->at("iit_paid"));
    Note(vat + tax - paid, 10'000, Id(transfer.at("seller_id"), transfer.at("unit"), ""), &sales);
    const Line* deed = Find(deeds, {transfer.at("unit"), transfer.at("buyer_id")});
    const Line& family = *Find(families, {transfer.at("unit"), transfer.at("buyer_id")});
    if (deed == nullptr || std::stod(deed->at("rate")) >= 0.03 || std::stod(family.at("houses")) <= 1)
      continue;
    reduced[Id(transfer.at("buyer_id"), transfer.at("unit"), "")] = Fen(transfer.at("price")) * 0.02;
  }
  CheckFound("T02", sales);
  CheckFound("T32", reduced);

  Found settlements;
  const auto settled = By("tax.land_vat_settlement", {"project"});
  for (const Line& project : Files()["housing.sales_progress"]) {
    const bool due = Area(project, "sold_area") * 1'000 >= Area(project, "saleable_area") * 850 - 0.5;
    if (!due || Find(settled, {project.at("project")}) != nullptr) continue;
    settlements[Id(project.at("uscc"), project.at("project"), "")] = Fen(project.at("sales")) * 0.05;
  }
  CheckFound("T04", settlements);

  Found relief;
  const auto claims = By("tax.relief_claim", {"agreement_no"});
  for (const Line& agreement : Files()["housing.demolition"]) {
    const double over =
        Fen(Find(claims, {agreement.at("agreement_no")})->at("claimed")) - Fen(agreement.at("compensation"));
    if (over > 0) relief[Id(agreement.at("citizen_id"), agreement.at("agreement_no"), "")] = over * 0.03;
  }
  CheckFound("T28", relief);

  std::map<std::string, double> subsidies;
  for (const Line& subsidy : Files()["finance.subsidy"])
    subsidies[subsidy.at("uscc")] += Fen(subsidy.at("amount"));
  const auto incomes = By("tax.cit_annual", {"uscc"});
  Found hidden;
  for (const auto& [uscc, received] : subsidies) {
    const Line& income = *Find(incomes, {uscc});
    const double missing = received - Fen(income.at("subsidy_income")) - Fen(income.at("non_taxable"));
    if (missing > 10'000.5) hidden[Id(uscc, "", "2024")] = missing * 0.25;
  }
  CheckFound("T25", hidden);
}

TEST_CASE("Who must be registered and is not is what is planted, and water tells of sales") {
  const auto registered = By("tax.registration", {"uscc"});
  const auto unregistered = [&](const Columns& files) {
    Found found;
    for (const std::string& file : files) {
      for (const Line& line : Files()[file]) {
        if (Find(registered, {line.at("uscc")}) == nullptr) found[Id(line.at("uscc"), "", "")] = 1'000'000;
      }
    }
    return found;
  };
  CheckFound("T18", unregistered({"transport.operating_licence"}));
  CheckFound("T26", unregistered({"education.private_school", "health.institution"}));

  Found water;
  const auto sales = By("tax.sales_monthly", {"uscc", "month"});
  for (const Line& usage : Files()["water_supply.enterprise_usage"]) {
    const double least = Area(usage, "cubic_metres") * 8'000;
    const double declared = Fen(Find(sales, {usage.at("uscc"), usage.at("month")})->at("sales"));
    if (declared < least) water[Id(usage.at("uscc"), "", usage.at("month"))] = (least - declared) * 0.06;
  }
  CheckFound("T15", water);
}

}  // namespace
}  // namespace hangou
