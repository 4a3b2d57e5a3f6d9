#include "libs/base/text.h"
#include "tools/citygen/tables.h"

namespace hangou {

const TableSpec kEnterpriseTable = {"scjg.enterprise",
                                    {{"uscc", ColumnKind::kId, true},
                                     {"name", ColumnKind::kText, true, 100},
                                     {"enterprise_type", ColumnKind::kCode, true},
                                     {"legal_representative", ColumnKind::kText, true, 50},
                                     {"legal_representative_id", ColumnKind::kId},
                                     {"address", ColumnKind::kText, true, 100},
                                     {"division", ColumnKind::kOther, true},
                                     {"industry", ColumnKind::kCode, true},
                                     {"business_scope", ColumnKind::kText, false, 1000},
                                     {"registered_capital", ColumnKind::kAmount, true},
                                     {"currency", ColumnKind::kCode},
                                     {"established_on", ColumnKind::kPastDate, true},
                                     {"approved_on", ColumnKind::kPastDate},
                                     {"status", ColumnKind::kCode, true},
                                     {"contact_phone"},
                                     {"updated_at", ColumnKind::kInstant, true}}};

void WriteEnterprises(const City& city, TableWriter* table) {
  Random random(city.seed, "scjg.enterprise");
  for (const Company& company : city.companies) {
    const Person& head = city.people[company.representative];
    const auto approved = static_cast<int32_t>(random.Between(company.established_day, kCityDay - 1));
    table->Write(
        {company.uscc, company.name, company.type, head.name, head.citizen_id, company.address,
         city.pools.villages[company.village].township, company.industry,
         "一般项目：" + company.business +
             "；技术服务、技术开发、技术咨询（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）",
         FormatYuan(company.capital), "156", FormatDay(company.established_day), FormatDay(approved),
         company.status, company.phone, OfficeInstant(random, approved)});
  }
}

const TableSpec kAnnualReportTable = {"scjg.annual_report",
                                      {{"uscc", ColumnKind::kId, true},
                                       {"name", ColumnKind::kText, true, 100},
                                       {"year", ColumnKind::kOther, true},
                                       {"staff", ColumnKind::kOther},
                                       {"insured_staff", ColumnKind::kOther},
                                       {"assets", ColumnKind::kAmount},
                                       {"liabilities", ColumnKind::kOther},
                                       {"revenue", ColumnKind::kAmount},
                                       {"profit", ColumnKind::kOther},
                                       {"tax_total", ColumnKind::kAmount},
                                       {"website", ColumnKind::kText, false, 100},
                                       {"reported_at", ColumnKind::kInstant, true}}};

void WriteAnnualReports(const City& city, TableWriter* table) {
  Random random(city.seed, "scjg.annual_report");
  for (const Company& company : city.companies) {
    for (const int year : {2023, 2024}) {
      if (!company.active() || company.established_day > *DayFromCivil(year, 12, 31)) continue;
      const int64_t revenue = company.revenue / 100 * random.Between(85, 110);
      const int64_t assets = company.capital / 2 + company.revenue / 100 * random.Between(20, 90);
      const auto reported =
          static_cast<int32_t>(random.Between(*DayFromCivil(year + 1, 1, 1), *DayFromCivil(year + 1, 6, 29)));
      table->Write({company.uscc, company.name, std::to_string(year), std::to_string(company.staff),
                    std::to_string(company.staff * random.Between(50, 100) / 100), FormatYuan(assets),
                    FormatYuan(assets / 100 * random.Between(10, 95)), FormatYuan(revenue),
                    FormatYuan(revenue / 100 * random.Between(-6, 15)),
                    FormatYuan(revenue / 1000 * random.Between(5, 40)), "", OfficeInstant(random, reported)});
    }
  }
}

}  // namespace hangou
