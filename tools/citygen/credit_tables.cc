#include "libs/base/text.h"
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr const char* kCitizenIdDocument = "01";

std::string CounterpartyOf(const Company& company) {
  return company.type == "9500" ? "individual_business" : "legal_person";
}

// "扬卫公字〔2024〕第100023号".
std::string DocumentNumber(const char* prefix, int32_t day, int64_t number) {
  return std::string(prefix) + "〔" + FormatDay(day).substr(0, 4) + "〕第" + std::to_string(number) + "号";
}

// Hotels, restaurants, baths and hairdressers, and some others.
bool NeedsHealthLicence(const Company& company, Random& random) {
  const char section = company.industry[0];
  return section == 'H' || section == 'O' || section == 'Q' || random.Percent(4);
}

// What companies are fined for, with the law, and the range of the fine in fen; 0: a warning.
struct Offence {
  const Organ& organ;
  const char* behaviour;
  const char* facts;
  const char* law;
  const char* document;
  int64_t lowest_fine;
  int64_t highest_fine;
};
constexpr Offence kOffences[] = {
    {kScjg, "未依法办理变更登记", "登记事项发生变更后未在法定期限内申请变更登记",
     "《中华人民共和国市场主体登记管理条例》第四十六条", "扬市监罚", 100'000, 1'000'000},
    {kScjg, "虚假宣传", "对商品的性能和销售状况作引人误解的商业宣传", "《中华人民共和国反不正当竞争法》",
     "扬市监罚", 2'000'000, 20'000'000},
    {kTax, "未按期申报", "未按照规定的期限办理纳税申报和报送纳税资料",
     "《中华人民共和国税收征收管理法》第六十二条", "扬税罚", 10'000, 200'000},
    {kHealth, "公共场所卫生不合格", "顾客用品用具未按规定清洗消毒",
     "《公共场所卫生管理条例实施细则》第三十六条", "扬卫公罚", 0, 200'000},
    {kHrss, "未按时缴纳社会保险费", "未按时足额缴纳社会保险费，经责令限期缴纳逾期不缴",
     "《中华人民共和国社会保险法》第八十六条", "扬人社罚", 300'000, 5'000'000},
};

void WritePenalty(const City& city, const Company& company, int64_t number, Random& random,
                  TableWriter* table) {
  const Offence& offence = random.Pick(kOffences);
  const Person& head = city.people[company.representative];
  const int32_t first = std::max(company.established_day + 30, kCityDay - 3 * 365);
  const auto day = static_cast<int32_t>(random.Between(std::min(first, kCityDay - 20), kCityDay - 20));
  constexpr int64_t kStep = 10'000;  // fines are in hundreds of yuan
  const int64_t fine = random.Between(offence.lowest_fine, offence.highest_fine) / kStep * kStep;
  const int32_t shown_until = day + 365;
  table->Write({company.name, CounterpartyOf(company), company.uscc, head.name, kCitizenIdDocument,
                head.citizen_id, DocumentNumber(offence.document, day, number), offence.behaviour,
                std::string("经查，该单位") + offence.facts, offence.law, fine == 0 ? "1" : "2",
                fine == 0 ? "警告" : "罚款人民币" + FormatYuan(fine) + "元",
                // The standard counts in units of 10,000 yuan: a fen is the sixth digit behind the point.
                fine == 0 ? "" : FormatScaled(fine, 6), "", FormatDay(day), FormatDay(shown_until),
                FormatDay(shown_until), offence.organ.title, offence.organ.uscc, kCreditOffice.title,
                kCreditOffice.uscc});
}

// Grades by score, best first: the lowest score in hundredths, and the code.
struct Grade {
  int64_t lowest_score;
  const char* code;
  const char* tax_grade;
};
constexpr Grade kGrades[] = {{9'000, "1", "A"}, {7'500, "2", "B"}, {6'000, "3", "C"}, {0, "4", "D"}};

const Grade& GradeOf(int64_t score) {
  for (const Grade& grade : kGrades) {
    if (score >= grade.lowest_score) return grade;
  }
  return kGrades[std::size(kGrades) - 1];
}

}  // namespace

const TableSpec kLicenceTable = {
    "health.licence", {{"xk_xdr_mc", ColumnKind::kText, true, 200}, {"xk_xdr_lb", ColumnKind::kCode, true},
                       {"xk_xdr_shxym", ColumnKind::kId, true},     {"xk_frdb", ColumnKind::kText, false, 50},
                       {"xk_fr_zjlx", ColumnKind::kCode},           {"xk_fr_zjhm", ColumnKind::kId},
                       {"xk_xkws", ColumnKind::kText, true, 64},    {"xk_wsh", ColumnKind::kText, true, 64},
                       {"xk_xklb", ColumnKind::kCode, true},        {"xk_xkzs", ColumnKind::kText, false, 64},
                       {"xk_xkbh", ColumnKind::kText, false, 64},   {"xk_nr", ColumnKind::kText, true, 4000},
                       {"xk_jdrq", ColumnKind::kPastDate, true},    {"xk_yxqz", ColumnKind::kDate, true},
                       {"xk_yxqzi", ColumnKind::kDate, true},       {"xk_xkjg", ColumnKind::kText, true, 200},
                       {"xk_xkjgdm", ColumnKind::kId, true},        {"xk_zt", ColumnKind::kCode, true},
                       {"xk_lydw", ColumnKind::kText, true, 200},   {"xk_lydwdm", ColumnKind::kId, true}}};

void WriteLicences(const City& city, TableWriter* table) {
  constexpr int32_t kValidDays = 4 * 365;
  Random random(city.seed, "health.licence");
  int64_t number = 100'000;
  for (const Company& company : city.companies) {
    if (!NeedsHealthLicence(company, random)) continue;
    const Person& head = city.people[company.representative];
    const int32_t first = std::max(company.established_day, kCityDay - kValidDays - 300);
    const auto day = static_cast<int32_t>(random.Between(first, kCityDay - 10));
    ++number;
    table->Write({company.name,
                  CounterpartyOf(company),
                  company.uscc,
                  head.name,
                  kCitizenIdDocument,
                  head.citizen_id,
                  "公共场所卫生行政许可决定书",
                  DocumentNumber("扬卫公许决", day, number),
                  "1",
                  "卫生许可证",
                  DocumentNumber("扬卫公证字", day, number),
                  "公共场所卫生许可：" + company.business,
                  FormatDay(day),
                  FormatDay(day),
                  FormatDay(day + kValidDays),
                  kHealth.title,
                  kHealth.uscc,
                  company.active() && day + kValidDays > kCityDay ? "1" : "2",
                  kHealth.title,
                  kHealth.uscc});
  }
}

const TableSpec kPenaltyTable = {"credit_office.penalty",
                                 {{"cf_xdr_mc", ColumnKind::kText, true, 200},
                                  {"cf_xdr_lb", ColumnKind::kCode, true},
                                  {"cf_xdr_shxym", ColumnKind::kId, true},
                                  {"cf_frdb", ColumnKind::kText, false, 50},
                                  {"cf_fr_zjlx", ColumnKind::kCode},
                                  {"cf_fr_zjhm", ColumnKind::kId},
                                  {"cf_wsh", ColumnKind::kText, true, 64},
                                  {"cf_wfxw", ColumnKind::kText, true, 2000},
                                  {"cf_sy", ColumnKind::kText, true, 4000},
                                  {"cf_yj", ColumnKind::kText, true, 2000},
                                  {"cf_cflb", ColumnKind::kCode, true},
                                  {"cf_nr", ColumnKind::kText, true, 4000},
                                  {"cf_nr_fk", ColumnKind::kAmount},
                                  {"cf_nr_wfff", ColumnKind::kAmount},
                                  {"cf_jdrq", ColumnKind::kPastDate, true},
                                  {"cf_yxq", ColumnKind::kDate},
                                  {"cf_gsjzq", ColumnKind::kDate},
                                  {"cf_cfjg", ColumnKind::kText, true, 200},
                                  {"cf_cfjgdm", ColumnKind::kId, true},
                                  {"cf_sjly", ColumnKind::kText, true, 200},
                                  {"cf_sjlydm", ColumnKind::kId, true}}};

void WritePenalties(const City& city, TableWriter* table) {
  Random random(city.seed, "credit_office.penalty");
  int64_t number = 100'000;
  for (const Company& company : city.companies) {
    if (!company.penalised) continue;
    const int64_t penalties = random.Percent(80) ? 1 : random.Between(2, 4);
    for (int64_t i = 0; i < penalties; ++i) WritePenalty(city, company, ++number, random, table);
  }
}

const TableSpec kGradeTable = {"credit_office.grade",
                               {{"uscc", ColumnKind::kId, true},
                                {"name", ColumnKind::kText, true, 100},
                                {"year", ColumnKind::kOther, true},
                                {"score", ColumnKind::kAmount, true},
                                {"grade", ColumnKind::kCode, true},
                                {"tax_grade", ColumnKind::kCode},
                                {"assessed_on", ColumnKind::kPastDate, true}}};

void WriteGrades(const City& city, TableWriter* table) {
  constexpr int64_t kPerfect = 10'000;
  Random random(city.seed, "credit_office.grade");
  for (const Company& company : city.companies) {
    if (!company.active()) continue;
    const int64_t lost = random.Between(0, 2'200) + (company.penalised ? random.Between(800, 3'000) : 0);
    const int64_t score = kPerfect - lost;
    const bool young = company.established_day > *DayFromCivil(2024, 1, 1);
    const Grade& grade = GradeOf(score);
    table->Write({company.uscc, company.name, "2024", FormatScaled(score, 2), grade.code,
                  young ? "M" : grade.tax_grade,
                  FormatDay(static_cast<int32_t>(kCityDay - random.Between(10, 60)))});
  }
}

}  // namespace hangou
