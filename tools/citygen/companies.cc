#include "tools/citygen/companies.h"

#include <algorithm>
#include <unordered_set>

#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"

namespace hangou {
namespace {

constexpr int64_t kFenPerYuan = 100;
// Organisation codes begin with these letters: no registrar gives them out, so that no code is anybody's.
constexpr std::string_view kOrgCodeSeries = "HG";
// The pool of names is limited: a city with more companies has some of one name.
constexpr int kNameAttempts = 20;
constexpr std::string_view kUsccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";

// Sections of industry, how frequent they are, and what such companies call themselves.
struct Business {
  char section;
  int weight;
  std::vector<std::string> words;
};
const std::vector<Business>& Businesses() {
  static const std::vector<Business> businesses = {
      {'A', 4, {"农业发展", "生态农业", "水产养殖", "园艺"}},
      {'C', 22, {"机械制造", "电子科技", "新材料", "汽车零部件", "电缆", "服装", "玩具", "光电", "食品"}},
      {'E', 9, {"建设工程", "建筑安装", "装饰工程", "市政工程"}},
      {'F', 28, {"商贸", "贸易", "供应链管理", "电子商务", "百货"}},
      {'G', 6, {"物流", "运输", "船务"}},
      {'H', 8, {"餐饮管理", "酒店管理", "饮食"}},
      {'I', 6, {"信息科技", "软件", "网络科技"}},
      {'K', 3, {"置业", "物业管理"}},
      {'L', 5, {"企业管理", "人力资源服务", "租赁"}},
      {'M', 4, {"检测技术", "工程设计", "技术服务"}},
      {'O', 4, {"美容美发", "洗浴", "家政服务"}},
      {'Q', 1, {"健康管理", "口腔门诊"}},
  };
  return businesses;
}

// Legal forms, how frequent they are, the digit of the credit code and the end of the name.
struct Form {
  const char* type;
  int weight;
  char category;
  const char* suffix;
};
constexpr Form kForms[] = {
    {"1130", 50, '1', "有限公司"},    {"1150", 17, '1', "有限公司"},  {"1190", 5, '1', "有限公司"},
    {"1219", 2, '1', "股份有限公司"}, {"2190", 2, '1', "有限公司"},   {"4540", 3, '1', "厂"},
    {"9500", 18, '2', "经营部"},      {"9100", 3, '3', "专业合作社"},
};

class Register {
 public:
  Register(const Pools& pools, const std::vector<Person>& people, uint64_t seed)
      : pools_(pools), random_(seed, "companies"), people_(people) {
    for (const Business& business : Businesses()) business_weights_.Add(business.weight);
    for (const Form& form : kForms) form_weights_.Add(form.weight);
    for (size_t i = 0; i < people.size(); ++i) {
      const int age = AgeOf(people[i]);
      if (age >= 22 && age <= 72 && people[i].death_day == 0) adults_.push_back(i);
    }
  }

  Company Make() {
    const Business& business = Businesses()[business_weights_.Draw(random_)];
    const Form& form = kForms[form_weights_.Draw(random_)];
    Company company;
    company.village =
        static_cast<size_t>(random_.Between(0, static_cast<int64_t>(pools_.villages.size()) - 1));
    const Village& village = pools_.villages[company.village];
    company.type = form.type;
    company.business = random_.Pick(business.words);
    company.industry = random_.Pick(pools_.industries[static_cast<size_t>(business.section - 'A')]);
    company.name = MakeNameOf(village, company.business, form.suffix);
    company.uscc = MakeUscc(form.category, village.county);
    company.representative = random_.Pick(adults_);
    company.address = "扬州市" + village.county_name + village.township_name + village.name +
                      std::to_string(random_.Between(1, 300)) + "号";
    company.phone = "0514-8" + std::to_string(random_.Between(1'000'000, 9'999'999));
    if (random_.Percent(40)) company.phone = "154" + std::to_string(random_.Between(10'000'000, 99'999'999));
    SetLife(&company);
    SetSize(&company, form.category == '2');
    return company;
  }

 private:
  std::string MakeNameOf(const Village& village, const std::string& business, const char* suffix) {
    std::string name;
    for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
      const std::string place = random_.Percent(60)   ? "扬州"
                                : random_.Percent(80) ? Short(village.county_name)
                                                      : "江苏";
      name = place + random_.Pick(pools_.company_names) + business + suffix;
      if (names_.insert(name).second) break;
    }
    return name;
  }

  // 广陵区 gives 广陵: every county of the city ends in one such character.
  static std::string Short(std::string county) {
    constexpr size_t kCharacterBytes = 3;
    county.resize(county.size() - kCharacterBytes);
    return county;
  }

  std::string MakeUscc(char category, const std::string& county) {
    std::string org_code;
    do {
      org_code = kOrgCodeSeries;
      while (org_code.size() < 8) org_code += random_.Pick(kUsccAlphabet);
    } while (!org_codes_.insert(org_code).second);
    org_code += OrganizationCodeCheck(org_code);
    std::string code = std::string("9") + category + county + org_code;
    return code + UsccCheck(code);
  }

  void SetLife(Company* company) {
    const int32_t adulthood = people_[company->representative].birth_day + 18 * 366;
    const int32_t first = std::max(adulthood, *DayFromCivil(1992, 1, 1));
    // Most are young: the later of two draws.
    company->established_day = static_cast<int32_t>(
        std::max(random_.Between(first, kCityDay - 100), random_.Between(first, kCityDay - 100)));
    const int64_t life = random_.Between(0, 99);
    company->status = life < 90 ? "active" : life < 96 ? "cancelled" : life < 99 ? "revoked" : "moved_out";
    company->penalised = random_.Percent(8);
  }

  void SetSize(Company* company, bool individual) {
    const int64_t size = individual ? 0 : random_.Between(0, 99);
    company->staff = individual  ? random_.Between(1, 6)
                     : size < 60 ? random_.Between(1, 9)
                     : size < 90 ? random_.Between(10, 49)
                     : size < 99 ? random_.Between(50, 250)
                                 : random_.Between(300, 1500);
    company->revenue =
        company->staff * random_.Between(80'000, 900'000) * kFenPerYuan + random_.Between(0, 999'999);
    const int64_t ten_thousands =
        individual ? random_.Between(1, 20) : random_.Between(1, 20) * company->staff;
    company->capital = ten_thousands * 10'000 * kFenPerYuan;
  }

  const Pools& pools_;
  Random random_;
  const std::vector<Person>& people_;
  Weights business_weights_;
  Weights form_weights_;
  std::vector<size_t> adults_;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> org_codes_;
};

}  // namespace

std::vector<Company> MakeCompanies(const Pools& pools, const std::vector<Person>& people, uint64_t seed,
                                   size_t count) {
  Register companies(pools, people, seed);
  std::vector<Company> all;
  all.reserve(count);
  while (all.size() < count) all.push_back(companies.Make());
  return all;
}

}  // namespace hangou
