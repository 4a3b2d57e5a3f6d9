// Transfers of dwellings. T01: deed tax is declared within the lag, and not below price × rate. T02: the seller's VAT
// and income tax follow from price and years of holding. T32: the reduced rate is for the family's only house.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr uint64_t kBlocksOfTransfer = 4;

struct Transfer {
  Person buyer;
  Person seller;
  std::string unit;
  int64_t area = 0;
  int64_t price = 0;
  int32_t day = 0;
  int64_t held_years = 0;
  bool sole_home = false;
  int64_t houses = 0;  // of the buyer's family, this one included
  int64_t rate = 0;    // of deed tax, as applied
  Settled deed;
  Plant reduced = Plant::kNone;
  int64_t vat = 0;  // expected of the seller
  int64_t income_tax = 0;
  Settled sale;
};

uint64_t TransferCount(const City& city) { return city.people.blocks() / kBlocksOfTransfer; }

void SetSale(uint64_t ordinal, Random& random, Transfer* transfer) {
  const Plant plant = PlantOf(Rule::kHouseSale, ordinal);
  const bool exempt =
      plant == Plant::kNearMiss ? VariantOf(ordinal) == 1 : plant == Plant::kNone && random.Percent(40);
  transfer->held_years = exempt                  ? random.Between(kYearsFreeOfSaleIncomeTax, 20)
                         : plant == Plant::kNone ? random.Between(0, 20)
                                                 : 1;
  transfer->sole_home = exempt;
  const int64_t income = WithoutVat(transfer->price, kSaleVatRate);
  transfer->vat = transfer->held_years < kYearsFreeOfSaleVat ? PartOf(income, kSaleVatRate) : 0;
  transfer->income_tax = exempt ? 0 : PartOf(income, kSaleIncomeRate);
  transfer->sale = Settle(Rule::kHouseSale, ordinal, transfer->vat + transfer->income_tax, kTolerance);
}

void SetDeed(uint64_t ordinal, Random& random, Transfer* transfer) {
  transfer->reduced = PlantOf(Rule::kReducedDeed, ordinal);
  transfer->houses = random.Percent(70) ? 1 : 2;
  if (transfer->reduced == Plant::kHit) transfer->houses = kMostHousesAtReducedRate + 1 + VariantOf(ordinal);
  if (transfer->reduced == Plant::kNearMiss) transfer->houses = kMostHousesAtReducedRate + VariantOf(ordinal);
  const bool reduced = transfer->houses <= kMostHousesAtReducedRate || transfer->reduced == Plant::kHit;
  transfer->rate = reduced ? kReducedDeedRate : kDeedRate;
  transfer->deed = Settle(Rule::kDeed, ordinal, PartOf(transfer->price, transfer->rate), kTolerance);
}

Transfer TransferAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "transfer", ordinal);
  Transfer transfer;
  const uint64_t block = ordinal * kBlocksOfTransfer;
  transfer.buyer = city.people.At(block, kHeadPlace);
  transfer.seller = city.people.At((block + 1) % city.people.blocks(), kHeadPlace);
  transfer.unit = DwellingOf(city, transfer.buyer);
  transfer.area = random.Between(60 * kHundredths, 160 * kHundredths);
  transfer.price = transfer.area * random.Between(800'000, 2'000'000) / kHundredths;
  transfer.day = random.Day(kCityDay - 700, kCityDay - kDeedLagDays - 10);
  SetSale(ordinal, random, &transfer);
  SetDeed(ordinal, random, &transfer);
  return transfer;
}

Plant AnyPlantOf(const Transfer& transfer) {
  for (const Plant plant : {transfer.deed.plant, transfer.reduced, transfer.sale.plant}) {
    if (plant != Plant::kNone) return plant;
  }
  return Plant::kNone;
}

}  // namespace

void WriteTransfers(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < TransferCount(city); ++i) {
    const Transfer transfer = TransferAt(city, i);
    table->Text(transfer.unit).Text("2025" + Digits(i, 10)).Text(transfer.seller.citizen_id);
    table->PersonName(transfer.seller.name).Text(transfer.buyer.citizen_id).PersonName(transfer.buyer.name);
    table->Scaled(transfer.area, 2).Yuan(transfer.price).Number(transfer.held_years).Bool(transfer.sole_home);
    table->Day(transfer.day).End(AnyPlantOf(transfer));
  }
}

void WriteFamilyHouses(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < TransferCount(city); ++i) {
    const Transfer transfer = TransferAt(city, i);
    const Person& buyer = transfer.buyer;
    const bool married = buyer.spouse >= 0 && buyer.divorce_day == 0;
    table->Text(transfer.unit).Text(buyer.citizen_id);
    table->Text(married ? city.people.At(static_cast<uint64_t>(buyer.spouse)).citizen_id : "");
    table->Number(transfer.houses).Day(transfer.day - 3).End(transfer.reduced);
  }
}

void WriteHouseDeeds(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < TransferCount(city); ++i) {
    const Transfer transfer = TransferAt(city, i);
    if (!transfer.deed.declared) continue;
    const bool late = transfer.deed.plant == Plant::kNearMiss;
    table->Text(transfer.unit).Text("3321" + Digits(i, 10)).Text(transfer.buyer.citizen_id);
    table->PersonName(transfer.buyer.name)
        .Text("dwelling")
        .Yuan(transfer.price)
        .Scaled(transfer.rate / 100, 4);
    table->Yuan(transfer.deed.paid).Day(transfer.day + (late ? kDeedLagDays : 5));
    table->End(AnyPlantOf(transfer));
  }
}

void WriteHouseSales(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < TransferCount(city); ++i) {
    const Transfer transfer = TransferAt(city, i);
    if (!transfer.sale.declared) continue;
    const int64_t income_tax = std::min(transfer.sale.paid, transfer.income_tax);
    table->Text(transfer.unit).Text(transfer.seller.citizen_id).PersonName(transfer.seller.name);
    table->Yuan(transfer.sale.paid - income_tax).Yuan(income_tax).Day(transfer.day + 5);
    table->End(transfer.sale.plant);
  }
}

void AddTransferGaps(const City& city, Gaps* gaps) {
  for (uint64_t i = 0; i < TransferCount(city); ++i) {
    const Transfer transfer = TransferAt(city, i);
    const std::string& buyer = transfer.buyer.citizen_id;
    gaps->Add({Rule::kDeed, transfer.deed.plant, buyer, transfer.unit, "", transfer.deed.gap},
              {transfer.rate == kDeedRate ? "deed_rate" : "deed_rate_reduced", "deed_lag", "tolerance"});
    gaps->Add({Rule::kHouseSale, transfer.sale.plant, transfer.seller.citizen_id, transfer.unit, "",
               transfer.sale.gap},
              {"house_sale_vat_rate", "house_sale_income_rate", "tolerance"});
    const bool reduced = transfer.reduced == Plant::kHit;
    gaps->Add({Rule::kReducedDeed, transfer.reduced, buyer, transfer.unit, "",
               reduced ? PartOf(transfer.price, kDeedRate - kReducedDeedRate) : 0},
              {"deed_rate", "deed_rate_reduced", "most_houses_at_reduced_rate"});
  }
}

}  // namespace hangou
