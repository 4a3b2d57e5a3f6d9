// Licences and penalties of departments, in the fields of the standard for their publication (双公示).
#include "tools/citygen/tables.h"

namespace hangou {
namespace {

constexpr const char* kCitizenIdDocument = "01";
constexpr int32_t kLicenceDays = 4 * 365;
constexpr int32_t kShownDays = 365;
constexpr int64_t kFineStep = 10'000;  // fines are in hundreds of yuan

std::string CounterpartyOf(const Company& company) {
  return company.type == std::string_view("9500") ? "individual_business" : "legal_person";
}

// "扬卫公字〔2024〕第100023号".
std::string DocumentNumber(const char* prefix, int32_t day, uint64_t number) {
  return std::string(prefix) + "〔" + YearText(day) + "〕第" + std::to_string(100'000 + number) + "号";
}

// What a department licenses: companies of some sections of industry.
struct LicenceKind {
  const char* resource;
  const char* department;
  const char* document;  // of the decision
  const char* certificate;
  const char* prefix;  // of numbers
  const char* sections;
  int64_t percent;  // of such companies
};
constexpr LicenceKind kLicences[] = {
    {"health.licence", "health", "公共场所卫生行政许可决定书", "卫生许可证", "扬卫公", "HOQ", 100},
    {"emergency.licence", "emergency", "危险化学品经营许可决定书", "危险化学品经营许可证", "扬应急危化", "CF",
     6},
    {"transport.licence", "transport", "道路运输经营许可决定书", "道路运输经营许可证", "扬交运", "G", 100},
    {"ecology.licence", "ecology", "排污许可决定书", "排污许可证", "扬环排", "BCD", 40},
    {"agriculture.licence", "agriculture", "农药经营许可决定书", "农药经营许可证", "扬农药", "AF", 8},
    {"commerce.licence", "commerce", "成品油零售经营许可决定书", "成品油零售经营批准证书", "扬商油", "F", 3},
    {"culture.licence", "culture", "娱乐场所经营许可决定书", "娱乐经营许可证", "扬文娱", "RH", 12},
    {"water.licence", "water", "取水许可决定书", "取水许可证", "扬水取", "DC", 9},
    {"urban.licence", "urban", "建筑垃圾处置核准决定书", "建筑垃圾处置核准证", "扬城管渣", "EG", 20},
    {"housing.licence", "housing", "建筑业企业资质许可决定书", "建筑业企业资质证书", "扬建资", "E", 100},
    {"sports.licence", "sports", "高危险性体育项目经营许可决定书", "高危险性体育项目经营许可证", "扬体危",
     "R", 30},
    {"justice.licence", "justice", "律师事务所执业许可决定书", "律师事务所执业许可证", "扬司律", "L", 5},
    {"dev_reform.licence", "dev_reform", "固定资产投资项目核准决定书", "项目核准文件", "扬发改核", "CK", 7},
};

void WriteLicence(const City& city, const LicenceKind& kind, const Company& company, Random& random,
                  TableWriter* table) {
  const Person head = city.people.At(company.representative);
  const Organ& organ = city.organs.at(kind.department);
  const int32_t day =
      random.Day(std::max(company.established_day, kCityDay - kLicenceDays - 300), kCityDay - 10);
  table->CompanyName(company.name).Text(CounterpartyOf(company)).Text(company.uscc).PersonName(head.name);
  table->Text(kCitizenIdDocument).Text(head.citizen_id).Text(kind.document);
  table->Text(DocumentNumber((std::string(kind.prefix) + "许决").c_str(), day, company.index)).Text("1");
  table->Text(kind.certificate);
  table->Text(DocumentNumber((std::string(kind.prefix) + "证字").c_str(), day, company.index));
  table->Text(std::string(kind.certificate) + "：" + company.business)
      .Day(day)
      .Day(day)
      .Day(day + kLicenceDays);
  table->Text(organ.title)
      .Text(organ.uscc)
      .Text(company.active() && day + kLicenceDays > kCityDay ? "1" : "2");
  table->Text(organ.title).Text(organ.uscc).End();
}

// What companies are fined for, with the law, and the range of the fine in fen; 0: a warning.
struct Offence {
  const char* department;
  const char* behaviour;
  const char* facts;
  const char* law;
  const char* document;
  int64_t lowest_fine;
  int64_t highest_fine;
};
constexpr Offence kOffences[] = {
    {"scjg", "未依法办理变更登记", "登记事项发生变更后未在法定期限内申请变更登记",
     "《中华人民共和国市场主体登记管理条例》第四十六条", "扬市监罚", 100'000, 1'000'000},
    {"scjg", "虚假宣传", "对商品的性能和销售状况作引人误解的商业宣传", "《中华人民共和国反不正当竞争法》",
     "扬市监罚", 2'000'000, 20'000'000},
    {"tax", "未按期申报", "未按照规定的期限办理纳税申报和报送纳税资料",
     "《中华人民共和国税收征收管理法》第六十二条", "扬税罚", 10'000, 200'000},
    {"health", "公共场所卫生不合格", "顾客用品用具未按规定清洗消毒",
     "《公共场所卫生管理条例实施细则》第三十六条", "扬卫公罚", 0, 200'000},
    {"hrss", "未按时缴纳社会保险费", "未按时足额缴纳社会保险费，经责令限期缴纳逾期不缴",
     "《中华人民共和国社会保险法》第八十六条", "扬人社罚", 300'000, 5'000'000},
    {"ecology", "超标排放污染物", "排放水污染物超过规定的排放标准", "《中华人民共和国水污染防治法》",
     "扬环罚", 10'000'000, 60'000'000},
    {"emergency", "未进行安全生产教育和培训", "未按照规定对从业人员进行安全生产教育和培训",
     "《中华人民共和国安全生产法》", "扬应急罚", 1'000'000, 10'000'000},
    {"transport", "超越许可事项从事道路运输经营", "超越许可的事项从事道路货物运输经营",
     "《中华人民共和国道路运输条例》", "扬交罚", 300'000, 3'000'000},
    {"housing", "违法分包", "将承包的工程违法分包", "《建设工程质量管理条例》", "扬建罚", 500'000,
     10'000'000},
    {"urban", "未按规定倾倒建筑垃圾", "将建筑垃圾交给未经核准的单位处置", "《城市建筑垃圾管理规定》",
     "扬城管罚", 100'000, 2'000'000},
    {"agriculture", "经营未附标签的农药", "经营的农药未按规定附具标签", "《农药管理条例》", "扬农罚", 0,
     500'000},
    {"culture", "接纳未成年人进入", "娱乐场所接纳未成年人进入", "《娱乐场所管理条例》", "扬文罚", 0, 300'000},
};

void WritePenalty(const City& city, const Offence& offence, const Company& company, uint64_t number,
                  Random& random, TableWriter* table) {
  const Person head = city.people.At(company.representative);
  const Organ& organ = city.organs.at(offence.department);
  const auto credit_office = city.organs.find("credit_office");
  const Organ& source = credit_office == city.organs.end() ? organ : credit_office->second;
  const int32_t first = std::max(company.established_day + 30, kCityDay - 3 * kShownDays);
  const int32_t day = random.Day(std::min(first, kCityDay - 20), kCityDay - 20);
  const int64_t fine = random.Between(offence.lowest_fine, offence.highest_fine) / kFineStep * kFineStep;
  table->CompanyName(company.name).Text(CounterpartyOf(company)).Text(company.uscc).PersonName(head.name);
  table->Text(kCitizenIdDocument).Text(head.citizen_id).Text(DocumentNumber(offence.document, day, number));
  table->Text(offence.behaviour).Text(std::string("经查，该单位") + offence.facts).Text(offence.law);
  table->Text(fine == 0 ? "1" : "2");
  if (fine == 0) {
    table->Text("警告").Text("");
  } else {
    // The standard counts in units of 10,000 yuan: a fen is the sixth digit behind the point.
    table->Text("罚款人民币" + std::to_string(fine / 100) + "元").Scaled(fine, 6);
  }
  table->Text("").Day(day).Day(day + kShownDays).Day(day + kShownDays).Text(organ.title).Text(organ.uscc);
  table->Text(source.title).Text(source.uscc).End();
}

}  // namespace

void WriteLicences(const City& city, TableWriter* table) {
  for (const LicenceKind& kind : kLicences) {
    if (table->name() != kind.resource || !city.organs.contains(kind.department)) continue;
    for (uint64_t i = 0; i < city.companies.count(); ++i) {
      const Company company = city.companies.At(i);
      Random random(city.seed, kind.resource, i);
      if (std::string_view(kind.sections).find(company.industry[0]) == std::string_view::npos) continue;
      if (random.Percent(kind.percent)) WriteLicence(city, kind, company, random, table);
    }
  }
}

// A department's file has its own penalties; the credit office's, of companies that are penalised, those of all.
void WritePenalties(const City& city, TableWriter* table) {
  const bool of_all = table->name() == "credit_office.penalty";
  const std::string department = table->name().substr(0, table->name().find('.'));
  for (uint64_t i = 0; i < city.companies.count(); ++i) {
    const Company company = city.companies.At(i);
    if (!company.penalised) continue;
    Random random(city.seed, "penalty", i);
    const int64_t penalties = random.Percent(80) ? 1 : random.Between(2, 4);
    for (int64_t number = 0; number < penalties; ++number) {
      const uint64_t document = i * 4 + static_cast<uint64_t>(number);
      Random own(city.seed, "penalty document", document);
      const Offence& offence = own.Pick(kOffences);
      if (!city.organs.contains(offence.department)) continue;
      if (!of_all && department != offence.department) continue;
      WritePenalty(city, offence, company, document, own, table);
    }
  }
}

}  // namespace hangou
