// The credit library beside licences and penalties.
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

// Grades by score, best first: the lowest score in hundredths, and the code.
struct Grade {
  int64_t lowest_score;
  const char* code;
  const char* tax_grade;
};
constexpr Grade kGrades[] = {{9'000, "1", "A"}, {7'500, "2", "B"}, {6'000, "3", "C"}, {0, "4", "D"}};
constexpr int32_t kGradeYearStart = 19'723;  // 2024-01-01

const Grade& GradeOf(int64_t score) {
  for (const Grade& grade : kGrades) {
    if (score >= grade.lowest_score) return grade;
  }
  return kGrades[std::size(kGrades) - 1];
}

std::string CaseNumberOf(int32_t day, uint64_t number) {
  return "（" + YearText(day) + "）苏10执" + std::to_string(number + 1) + "号";
}

// A case in which a company owes; some do not fulfil it.
struct ExecutionCase {
  Company company;
  std::string number;
  int64_t amount = 0;
  int32_t filed_day = 0;
  bool dishonest = false;
  int64_t performed = 0;
};

// None where the company has no case.
bool ExecutionCaseOf(const City& city, uint64_t index, ExecutionCase* found) {
  Random random(city.seed, "execution", index);
  if (!random.Percent(3)) return false;
  found->company = city.companies.At(index);
  found->filed_day = random.Day(kCityDay - 900, kCityDay - 100);
  found->number = CaseNumberOf(found->filed_day, index);
  found->amount = random.Between(1, 500) * 1'000'000;
  found->dishonest = random.Percent(40);
  found->performed = random.Percent(50) ? 0 : found->amount / random.Between(2, 10);
  return true;
}

}  // namespace

void WriteGrades(const City& city, TableWriter* table) {
  constexpr int64_t kPerfect = 10'000;
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    if (!company.active()) continue;
    Random random(city.seed, "grade", i);
    const int64_t lost = random.Between(0, 2'200) + (company.penalised ? random.Between(800, 3'000) : 0);
    const Grade& grade = GradeOf(kPerfect - lost);
    table->Text(company.uscc)
        .CompanyName(company.name)
        .Text("2024")
        .Scaled(kPerfect - lost, 2)
        .Text(grade.code);
    table->Text(company.established_day > kGradeYearStart ? "M" : grade.tax_grade);
    table->Day(kCityDay - random.Day(10, 60)).End();
  }
}

void WriteAbnormalOperations(const City& city, TableWriter* table) {
  constexpr const char* kReasons[] = {"未依照规定的期限公示年度报告", "通过登记的住所或者经营场所无法联系"};
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    Random random(city.seed, "abnormal", i);
    if (!random.Percent(4)) continue;
    const Company company = city.companies.At(i);
    const int32_t day = random.Day(std::max(company.established_day + 60, kCityDay - 1'000), kCityDay - 30);
    table->Text(company.uscc).CompanyName(company.name).Text(random.Pick(kReasons));
    table->Text(city.VillageOf(company).county_name + "市场监督管理局").Day(day);
    table->DayIfAny(random.Percent(50) ? random.Day(day, kCityDay - 1) : 0).End();
  }
}

void WriteSeriousViolations(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    Random random(city.seed, "serious", i);
    if (!random.Chance(5'000)) continue;
    const Company company = city.companies.At(i);
    table->Text(company.uscc).CompanyName(company.name).Text("未按要求处置不合格产品，受到较重行政处罚");
    table->Text("扬州市市场监督管理局").Day(random.Day(kCityDay - 90, kCityDay - 30)).DayIfAny(0).End();
  }
}

void WriteExecutionCases(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    ExecutionCase found;
    if (!ExecutionCaseOf(city, i, &found)) continue;
    table->Text(found.company.uscc).CompanyName(found.company.name).Text(found.number);
    table->Text(city.VillageOf(found.company).county_name + "人民法院")
        .Yuan(found.amount)
        .Day(found.filed_day);
    table->DayIfAny(found.dishonest ? 0 : found.filed_day + 80).End();
  }
}

void WriteDishonestDebtors(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    ExecutionCase found;
    if (!ExecutionCaseOf(city, i, &found) || !found.dishonest) continue;
    const std::string court = city.VillageOf(found.company).county_name + "人民法院";
    table->Text(found.company.uscc).CompanyName(found.company.name);
    table->PersonName(city.people.At(found.company.representative).name).Text(found.number).Text(court);
    table->Text("（" + YearText(found.filed_day - 200) + "）苏10民初" + std::to_string(i + 1) + "号")
        .Text(court);
    table->Text("支付货款及利息").Text(found.performed == 0 ? "none" : "part");
    table->Text("有履行能力而拒不履行生效法律文书确定义务").Yuan(found.performed);
    table->Yuan(found.amount - found.performed)
        .Day(found.filed_day)
        .Day(found.filed_day + 60)
        .DayIfAny(0)
        .End();
  }
}

void WriteCommitments(const City& city, TableWriter* table) {
  constexpr const char* kKinds[] = {"approval", "disclosure", "repair"};
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    Random random(city.seed, "commitment", i);
    if (!random.Percent(30)) continue;
    const Company company = city.companies.At(i);
    table->Text(company.uscc).CompanyName(company.name).Text("2024" + Digits(i, 8)).Text(random.Pick(kKinds));
    table->Day(random.Day(std::max(company.established_day, kCityDay - 700), kCityDay - 1));
    table->Bool(random.Percent(96)).End();
  }
}

void WriteRepairs(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    Random random(city.seed, "repair", i);
    if (!company.penalised || !random.Percent(35)) continue;
    const int32_t day = random.Day(kCityDay - 200, kCityDay - 30);
    table->Text(company.uscc).CompanyName(company.name).Text("扬信修〔2025〕" + std::to_string(i + 1) + "号");
    table->Day(day).Day(day + 15).Bool(random.Percent(80)).End();
  }
}

void WritePersonPenalties(const City& city, TableWriter* table) {
  for (uint64_t i = 0; i < city.people.count(); ++i) {
    Random random(city.seed, "person penalty", i);
    if (!random.Percent(1)) continue;
    const Person person = city.people.At(i);
    if (AgeOf(person) < 18 || person.death_day != 0) continue;
    const int32_t day = random.Day(kCityDay - 700, kCityDay - 10);
    table->Text(person.citizen_id).PersonName(person.name);
    table->Text("扬公（交）行罚决字〔" + YearText(day) + "〕" + std::to_string(i + 1) + "号");
    table->Text("机动车违反道路通行规定").Text("2").Scaled(random.Between(1, 20) * 10'000, 6).Day(day);
    table->Text("扬州市公安局").End();
  }
}

}  // namespace hangou
