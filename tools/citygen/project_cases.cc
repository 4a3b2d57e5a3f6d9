// Contracts and permits of companies. T10: the contract sum as far as the work has come leads to a VAT prepayment.
// T11: stamp duty of a contract. T27: tickets of a performance lead to a VAT prepayment. T30: what was paid for a
// procurement is invoiced.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

// A contract, permit or approval of a company, and what it let expect.
struct Project {
  Company company;
  std::string number;
  int64_t amount = 0;
  int64_t expected_base = 0;
  int32_t day = 0;
  int32_t end_day = 0;
  const char* kind = "";
  Settled settled;
};

using ProjectMaker = Project (*)(const City&, uint64_t ordinal);

// Both roles of builders; those from outside have a lower number of permits.
Project ConstructionAt(const City& city, uint64_t ordinal) {
  constexpr int64_t kMillion = 1'000'000;
  Random random(city.seed, "construction", ordinal);
  Project permit;
  permit.company = city.CompanyOf(ordinal % 2 == 0 ? kBuilder : kOutsideBuilder, ordinal / 2);
  permit.number = "321002" + Digits(ordinal, 12);
  permit.amount = random.Between(500'000, 50'000'000) * 100;
  permit.day = random.Day(kCityDay - 700, kCityDay - 100);
  permit.end_day = permit.day + random.Day(200, 900);
  const int64_t progress =
      std::min<int64_t>(kMillion, int64_t{kCityDay - permit.day} * kMillion / (permit.end_day - permit.day));
  permit.expected_base = PartOf(permit.amount, progress);
  permit.settled =
      Settle(Rule::kConstruction, ordinal,
             PartOf(WithoutVat(permit.expected_base, kPropertyVatRate), kConstructionRate), kTolerance);
  return permit;
}

uint64_t ConstructionCount(const City& city) { return city.CountOf(kOutsideBuilder) * 2; }

Project ContractAt(const City& city, uint64_t ordinal) {
  constexpr const char* kKinds[] = {"construction", "purchase", "transfer"};
  Random random(city.seed, "contract", ordinal);
  Project contract;
  contract.company = city.CompanyOf(kSupplier, ordinal);
  contract.day = random.Day(kCityDay - 500, kCityDay - 60);
  contract.number = "YZJY-" + YearText(contract.day) + "-" + Digits(ordinal, 6);
  contract.amount = random.Between(2'000'000, 80'000'000) * 100;
  contract.kind = kKinds[ordinal % std::size(kKinds)];
  const int64_t rate = ordinal % std::size(kKinds) == 2 ? kStampTransferRate : kStampConstructionRate;
  contract.settled = Settle(Rule::kStamp, ordinal, PartOf(contract.amount, rate), kSmallTolerance);
  return contract;
}

Project PerformanceAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "performance", ordinal);
  Project event;
  event.company = city.CompanyOf(kImpresario, ordinal);
  event.day = random.Day(kCityDay - 400, kCityDay - 60);
  event.number = "扬文演许〔" + YearText(event.day) + "〕" + std::to_string(ordinal + 1) + "号";
  event.amount = random.Between(100'000, 8'000'000) * 100;
  event.settled =
      Settle(Rule::kEvent, ordinal, PartOf(WithoutVat(event.amount, kEventRate), kEventRate), kTolerance);
  return event;
}

Project ProcurementAt(const City& city, uint64_t ordinal) {
  Random random(city.seed, "procurement", ordinal);
  Project procurement;
  procurement.company = city.CompanyOf(kSupplier, ordinal);
  procurement.day = random.Day(kCityDay - 400, kCityDay - 60);
  procurement.number = "YZCG-" + YearText(procurement.day) + "-" + Digits(ordinal, 6);
  procurement.amount = random.Between(20'000, 5'000'000) * 100;
  procurement.settled = Settle(Rule::kProcurement, ordinal, procurement.amount, kTolerance);
  return procurement;
}

void WritePrepayments(const City& city, uint64_t count, ProjectMaker make, const char* kind,
                      TableWriter* table) {
  for (uint64_t i = 0; i < count; ++i) {
    const Project project = make(city, i);
    if (!project.settled.declared) continue;
    const int64_t base = project.expected_base == 0 ? project.amount : project.expected_base;
    table->Text(project.company.uscc).CompanyName(project.company.name).Text(kind).Text(project.number);
    table->Month(kMayDay).Yuan(base).Yuan(project.settled.paid).Day(MonthEnd(kMayDay) + 12);
    table->End(project.settled.plant);
  }
}

}  // namespace

void WriteConstructionPermits(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < ConstructionCount(city); ++i) {
    const Project permit = ConstructionAt(city, i);
    table->Text(permit.company.uscc).CompanyName(permit.company.name).Text(permit.number);
    table->Text(city.VillageOf(permit.company).township_name + "工程" + std::to_string(i + 1) + "标段");
    table->Bool(permit.company.role() == kOutsideBuilder)
        .Yuan(permit.amount)
        .Day(permit.day)
        .Day(permit.end_day);
    table->End(permit.settled.plant);
  }
}

void WriteConstructionPrepayments(const City& city, TableWriter* table) {
  WritePrepayments(city, ConstructionCount(city), ConstructionAt, "construction", table);
}

void WriteContracts(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kSupplier); ++i) {
    const Project contract = ContractAt(city, i);
    table->Text(contract.company.uscc).CompanyName(contract.company.name).Text(contract.number);
    table->Text(contract.kind).Yuan(contract.amount).Day(contract.day).End(contract.settled.plant);
  }
}

void WriteContractStampDuty(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kSupplier); ++i) {
    const Project contract = ContractAt(city, i);
    if (!contract.settled.declared) continue;
    table->Text(contract.company.uscc).CompanyName(contract.company.name).Text(contract.number);
    table->Text(contract.kind).Yuan(contract.amount).Yuan(contract.settled.paid).Day(contract.day + 14);
    table->End(contract.settled.plant);
  }
}

void WritePerformances(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kImpresario); ++i) {
    const Project event = PerformanceAt(city, i);
    table->Text(event.company.uscc)
        .CompanyName(event.company.name)
        .Text(event.number)
        .Text("音乐会巡演扬州站");
    table->Day(event.day).Number(1 + static_cast<int64_t>(i % 3)).Yuan(event.amount).End(event.settled.plant);
  }
}

void WriteEventPrepayments(const City& city, TableWriter* table) {
  WritePrepayments(city, city.CountOf(kImpresario), PerformanceAt, "event", table);
}

void WriteProcurementPayments(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kSupplier); ++i) {
    const Project procurement = ProcurementAt(city, i);
    table->Text(procurement.company.uscc).CompanyName(procurement.company.name).Text(procurement.number);
    table->Text("扬州市财政局").Yuan(procurement.amount).Day(procurement.day).End(procurement.settled.plant);
  }
}

void WriteInvoicedContracts(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.CountOf(kSupplier); ++i) {
    const Project procurement = ProcurementAt(city, i);
    if (!procurement.settled.declared) continue;
    table->Text(procurement.company.uscc).CompanyName(procurement.company.name).Text(procurement.number);
    table->Yuan(procurement.settled.paid).Day(procurement.day - 7).End(procurement.settled.plant);
  }
}

void AddProjectGaps(const City& city, Gaps* gaps) {
  for (uint64_t i = 0; i < ConstructionCount(city); ++i) {
    const Project permit = ConstructionAt(city, i);
    gaps->Add({Rule::kConstruction, permit.settled.plant, permit.company.uscc, permit.number, "",
               permit.settled.gap},
              {"property_vat_rate", "construction_prepayment_rate", "tolerance"});
  }
  for (uint64_t i = 0; i < city.CountOf(kSupplier); ++i) {
    const Project contract = ContractAt(city, i);
    gaps->Add(
        {Rule::kStamp, contract.settled.plant, contract.company.uscc, contract.number, "",
         contract.settled.gap},
        {contract.kind == std::string_view("transfer") ? "stamp_transfer_rate" : "stamp_construction_rate",
         "stamp_tolerance"});
    const Project procurement = ProcurementAt(city, i);
    gaps->Add({Rule::kProcurement, procurement.settled.plant, procurement.company.uscc, procurement.number,
               "", procurement.settled.gap},
              {"tolerance"});
  }
  for (uint64_t i = 0; i < city.CountOf(kImpresario); ++i) {
    const Project event = PerformanceAt(city, i);
    gaps->Add({Rule::kEvent, event.settled.plant, event.company.uscc, event.number, "", event.settled.gap},
              {"event_prepayment_rate", "tolerance"});
  }
}

}  // namespace hangou
