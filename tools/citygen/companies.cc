#include "tools/citygen/companies.h"

#include <algorithm>
#include <array>

#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"

namespace hangou {
namespace {

constexpr int64_t kFenPerYuan = 100;
// Organisation codes begin with these letters: no registrar gives them out, so that no code is anybody's.
constexpr std::string_view kOrgCodeSeries = "HG";
constexpr std::string_view kUsccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
constexpr uint64_t kOrgCodes = 887'503'681;  // 31 to the power of 6
// Candidates of whom about one in three can work.
constexpr int64_t kWorkersPercent = 33;
constexpr int64_t kFewestOfLarge = 32;

// Sections of industry, how frequent they are, and what such companies call themselves.
struct Business {
  char section;
  int weight;
  std::vector<std::string> words;
};
const std::vector<Business>& Businesses() {
  static const std::vector<Business> businesses = {
      {'A', 4, {"农业发展", "生态农业", "水产养殖", "园艺"}},
      {'B', 0, {"矿业", "砂石"}},
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
      {'R', 0, {"文化传播", "演艺"}},
  };
  return businesses;
}

// The section of each role.
constexpr std::string_view kRoleSections = "CKEGBRIFCCCCHOCCCFFFCEDC";
static_assert(kRoleSections.size() == kRolesWithCases);

const Business& BusinessOf(uint64_t role, const Weights& weights, Random& random) {
  const auto& all = Businesses();
  if (role >= kRolesWithCases) return all[weights.Draw(random)];
  const auto found = std::find_if(all.begin(), all.end(), [&](const Business& business) {
    return business.section == kRoleSections[role];
  });
  return found == all.end() ? all.front() : *found;
}

// Legal forms, how frequent they are, the digit of the credit code and the end of the name.
struct Form {
  const char* type;
  int weight;
  const char* category;
  const char* suffix;
};
constexpr Form kForms[] = {
    {"1130", 50, "91", "有限公司"},    {"1150", 17, "91", "有限公司"},  {"1190", 5, "91", "有限公司"},
    {"1219", 2, "91", "股份有限公司"}, {"2190", 2, "91", "有限公司"},   {"4540", 3, "91", "厂"},
    {"9500", 18, "92", "经营部"},      {"9100", 3, "93", "专业合作社"},
};

// 广陵区 gives 广陵: every county of the city ends in one such character.
std::string WithoutKind(std::string county) {
  constexpr size_t kCharacterBytes = 3;
  county.resize(county.size() - kCharacterBytes);
  return county;
}

}  // namespace

Companies::Companies(const Pools& pools, const People& people, uint64_t seed, uint64_t count)
    : pools_(pools), people_(people), seed_(seed), codes_(seed, kOrgCodes), staff_(seed, people.count()) {
  for (const Business& business : Businesses()) businesses_.Add(business.weight);
  for (const Form& form : kForms) forms_.Add(form.weight);
  int64_t total = 0;
  for (uint64_t i = 0; i < count; ++i) total += WeightOf(i);
  shares_.reserve(count + 1);
  int64_t sum = 0;
  for (uint64_t i = 0; i <= count; ++i) {
    shares_.push_back(people.count() / static_cast<uint64_t>(total) * static_cast<uint64_t>(sum) +
                      people.count() % static_cast<uint64_t>(total) * static_cast<uint64_t>(sum) /
                          static_cast<uint64_t>(total));
    if (i < count) sum += WeightOf(i);
  }
}

// Those that have a role are.
bool Companies::IsActive(uint64_t index) const {
  return index % kCompanyRoles < kRolesWithCases || !Random(seed_, "company end", index).Percent(16);
}

// How many work there beside others.
int64_t Companies::WeightOf(uint64_t index) const {
  Random random(seed_, "company size", index);
  const uint64_t role = index % kCompanyRoles;
  if (!IsActive(index)) return 0;
  if (role == kManufacturer) return random.Between(300, 900);
  return role <= kLandHolder ? random.Between(10, 40) : random.Between(1, 4);
}

Company Companies::At(uint64_t index) const {
  Random random(seed_, "company", index);
  Company company;
  company.index = index;
  const Business& business = BusinessOf(company.role(), businesses_, random);
  const Form& form = company.role() < kRolesWithCases ? kForms[0] : kForms[forms_.Draw(random)];
  company.village = static_cast<size_t>(random.Between(0, static_cast<int64_t>(pools_.villages.size()) - 1));
  const Village& village = pools_.villages[company.village];
  company.type = form.type;
  company.business = random.Pick(business.words);
  const auto section = static_cast<size_t>(business.section - 'A');
  company.industry = random.Pick(pools_.industries[section]);
  const std::string place = random.Percent(60)   ? "扬州"
                            : random.Percent(80) ? WithoutKind(village.county_name)
                                                 : "江苏";
  company.name = place + random.Pick(pools_.company_names) + company.business + form.suffix;
  company.uscc = UsccOf(form.category, village.county, index);
  SetLife(random, &company);
  SetSize(form.category[1] == '2', random, &company);
  return company;
}

std::string Companies::UsccOf(const char* department_and_category, const std::string& county,
                              uint64_t number) const {
  std::string org_code(kOrgCodeSeries);
  for (uint64_t left = codes_(number), i = 0; i < 6; ++i, left /= kUsccAlphabet.size()) {
    org_code += kUsccAlphabet[left % kUsccAlphabet.size()];
  }
  org_code += OrganizationCodeCheck(org_code);
  std::string code = department_and_category + county + org_code;
  return code + UsccCheck(code);
}

void Companies::SetLife(Random& random, Company* company) const {
  const Person head = people_.Adult(random);
  company->representative = head.index;
  const int32_t first =
      std::min(std::max(head.birth_day + 18 * 366, *DayFromCivil(1992, 1, 1)), kNewcomersSince - 400);
  const bool newcomer = company->role() == kNewcomer;
  const bool has_role = company->role() < kRolesWithCases;
  const int32_t last = has_role ? kNewcomersSince - 1 : kCityDay - 100;
  // Most are young: the later of two draws.
  company->established_day = newcomer ? random.Day(kNewcomersSince, kCityDay - 100)
                                      : std::max(random.Day(first, last), random.Day(first, last));
  const int64_t life = random.Between(0, 99);
  company->status = IsActive(company->index) ? "active"
                    : life < 60              ? "cancelled"
                    : life < 90              ? "revoked"
                                             : "moved_out";
  company->penalised = random.Percent(8);
}

void Companies::SetSize(bool individual, Random& random, Company* company) const {
  const auto candidates = static_cast<int64_t>(shares_[company->index + 1] - shares_[company->index]);
  company->staff = 1 + candidates * kWorkersPercent / 100;
  if (company->role() == kManufacturer) company->staff = std::max(company->staff, kFewestOfLarge);
  company->revenue =
      company->staff * random.Between(80'000, 900'000) * kFenPerYuan + random.Between(0, 999'999);
  const int64_t ten_thousands =
      individual ? random.Between(1, 20) : random.Between(5, 20) * (company->staff + 5);
  company->capital = ten_thousands * 10'000 * kFenPerYuan;
}

std::string Companies::AddressOf(const Company& company) const {
  const Village& village = pools_.villages[company.village];
  Random random(seed_, "company address", company.index);
  return "扬州市" + village.county_name + village.township_name + village.name +
         std::to_string(random.Between(1, 300)) + "号";
}

std::string Companies::PhoneOf(const Company& company) const {
  Random random(seed_, "company phone", company.index);
  if (random.Percent(40)) return "154" + std::to_string(random.Between(10'000'000, 99'999'999));
  return "0514-8" + std::to_string(random.Between(1'000'000, 9'999'999));
}

std::vector<uint64_t> Companies::CandidatesOf(uint64_t index) const {
  std::vector<uint64_t> candidates;
  for (uint64_t at = shares_[index]; at < shares_[index + 1]; ++at) candidates.push_back(staff_(at));
  return candidates;
}

}  // namespace hangou
