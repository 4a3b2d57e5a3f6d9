#include "tools/citygen/linkage_set.h"

#include <algorithm>
#include <array>
#include <memory>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "tools/citygen/defects.h"
#include "tools/citygen/model.h"

namespace hangou {
namespace {

// Percent of rows.
constexpr int64_t kInRegister = 80;
constexpr int64_t kWithoutId = 55;
constexpr int64_t kDamagedId = 50;  // of those that have one
constexpr int64_t kDamagedName = 25;
constexpr int64_t kOtherSpelling = 40;
constexpr int64_t kOtherPhone = 50;
constexpr int64_t kOtherAddress = 30;
constexpr int64_t kFormerDivision = 10;
constexpr int64_t kOtherBirthDate = 15;
constexpr int64_t kSharedPhone = 30;
constexpr int64_t kOtherLeader = 15;
constexpr int64_t kOtherCharacter = 12;
constexpr int64_t kRenamed = 4;
constexpr int64_t kSibling = 8;  // of companies: another one of the same leader in the same place

using TextPairOfSet = std::array<std::string_view, 2>;
// Characters of names and addresses in their traditional form.
constexpr TextPairOfSet kTraditional[] = {{"国", "國"}, {"华", "華"}, {"贸", "貿"}, {"龙", "龍"},
                                          {"兴", "興"}, {"业", "業"}, {"东", "東"}, {"云", "雲"},
                                          {"广", "廣"}, {"庆", "慶"}, {"陈", "陳"}, {"张", "張"},
                                          {"刘", "劉"}, {"赵", "趙"}, {"吴", "吳"}};
// Ways to write an address.
constexpr TextPairOfSet kAddressWays[] = {
    {"幢", "栋"}, {"扬州市", ""}, {"扬州市", "江苏省扬州市"}, {"村", ""}};
constexpr std::string_view kRegionWays[] = {"江苏省扬州市", "扬州市", "扬州", "江苏扬州", ""};

// A row of a register: what is known of one person or company.
struct RegisterRow {
  std::string name;
  std::string code;
  std::string birth_date;  // of people
  std::string leader;      // of companies
  std::string phone;
  std::string address;
  std::string division;
};

bool ReplaceFirst(std::string* text, std::string_view from, std::string_view to) {
  const size_t at = text->find(from);
  if (at == std::string::npos) return false;
  text->replace(at, from.size(), to);
  return true;
}

void DamageText(Defect defect, ColumnKind kind, CellRole role, std::string* text) {
  RowCells row{{*text}, {role}};
  if (DamageCell(defect, Column{"", kind, false, 0}, 0, &row)) *text = row.cells[0];
}

void DamageId(Random& random, std::string* id) {
  constexpr Defect kDefects[] = {Defect::kTransposed, Defect::kCheckDigit, Defect::kLetterO,
                                 Defect::kFifteenDigitId, Defect::kFullWidth};
  DamageText(random.Pick(kDefects), ColumnKind::kId, CellRole::kPlain, id);
}

void DamagePersonName(Random& random, std::string* name) {
  constexpr Defect kDefects[] = {Defect::kHomophone, Defect::kHomophone, Defect::kPrivateCharacter};
  if (random.Percent(kDamagedName))
    DamageText(random.Pick(kDefects), ColumnKind::kText, CellRole::kPersonName, name);
  if (random.Percent(kDamagedName)) {
    for (const auto& [simplified, traditional] : kTraditional) ReplaceFirst(name, simplified, traditional);
  }
}

void DamageCompanyName(Random& random, std::string* name) {
  if (random.Percent(kDamagedName))
    DamageText(Defect::kMissingSuffix, ColumnKind::kText, CellRole::kCompanyName, name);
  if (random.Percent(kOtherSpelling) && name->starts_with("扬州"))
    ReplaceFirst(name, "扬州", random.Pick(kRegionWays));
  if (random.Percent(kOtherSpelling) && !ReplaceFirst(name, "股份有限公司", "股份公司"))
    ReplaceFirst(name, "有限公司", random.Percent(50) ? "有限责任公司" : "公司");
  if (random.Percent(kDamagedName)) {
    for (const auto& [simplified, traditional] : kTraditional) ReplaceFirst(name, simplified, traditional);
  }
}

// One character of the text, which has three bytes each, is another one of it, or lost.
void DamageCharacter(Random& random, std::string* text) {
  constexpr size_t kHan = 3;
  const size_t count = text->size() / kHan;
  const auto any = [&] {
    return kHan * static_cast<size_t>(random.Between(0, static_cast<int64_t>(count) - 1));
  };
  const size_t at = any();
  const std::string other = random.Percent(50) ? text->substr(any(), kHan) : "";
  text->replace(at, kHan, other);
}

// What another department's clerks made of it.
RegisterRow Retold(Random& random, const RegisterRow& row, const RegisterRow& other, bool person) {
  RegisterRow told = row;
  if (random.Percent(kWithoutId)) {
    told.code.clear();
  } else if (random.Percent(kDamagedId)) {
    DamageId(random, &told.code);
  }
  if (person) {
    DamagePersonName(random, &told.name);
  } else {
    if (random.Percent(kRenamed)) told.name = other.name;
    if (random.Percent(kOtherLeader)) told.leader = other.leader;
    if (random.Percent(kOtherCharacter)) DamageCharacter(random, &told.name);
    DamageCompanyName(random, &told.name);
    DamagePersonName(random, &told.leader);
  }
  if (!told.birth_date.empty() && random.Percent(kOtherBirthDate)) {
    // Day and month written wrong, or not known.
    const size_t at = random.Percent(50) ? told.birth_date.size() - 1 : 6;
    told.birth_date[at] = static_cast<char>('0' + random.Between(0, 9));
  }
  if (random.Percent(kOtherPhone))
    told.phone = random.Percent(50) ? "" : "1" + std::to_string(random.Between(3'000'000'000, 9'999'999'999));
  if (random.Percent(kOtherAddress)) told.address = other.address;
  if (random.Percent(kOtherSpelling)) {
    const auto& [from, to] = random.Pick(kAddressWays);
    ReplaceFirst(&told.address, from, to);
  }
  if (random.Percent(kFormerDivision))
    DamageText(Defect::kOldRegionCode, ColumnKind::kDivision, CellRole::kPlain, &told.division);
  return told;
}

RegisterRow RowOfPerson(const City& city, uint64_t index) {
  const Person person = city.people.At(index);
  Random random(city.seed, "linkage phone", index);
  Random of_house(city.seed, "linkage phone", person.head);
  const bool shared = random.Percent(kSharedPhone);
  const int64_t number = (shared ? of_house : random).Between(3'000'000'000, 9'999'999'999);
  return {person.name,
          person.citizen_id,
          FormatDay(person.birth_day),
          "",
          "1" + std::to_string(number),
          city.people.AddressOf(person),
          city.VillageOf(person).county};
}

RegisterRow RowOfCompany(const City& city, uint64_t index) {
  const Company company = city.companies.At(index);
  return {company.name,
          company.uscc,
          "",
          city.people.At(company.representative).name,
          city.companies.PhoneOf(company),
          city.companies.AddressOf(company),
          city.VillageOf(company).county};
}

// The two registers of one kind of entity.
class RegisterWriter {
 public:
  RegisterWriter(const City& city, const CityOptions& options, bool people)
      : city_(city), folder_(options.out_folder), people_(people) {}

  absl::Status Write(CityReport* report) {
    const uint64_t count = people_ ? city_.people.count() : city_.companies.count();
    // The rows of b stand in another order, and their ids tell nothing.
    const Shuffle order(city_.seed, count);
    RETURN_IF_ERROR(Open());
    for (uint64_t index = 0; index < count; ++index) {
      if (Is("a", index)) WriteRow(&a_, "A" + std::to_string(index), RowOf(index));
      const uint64_t told = order(index);
      if (!Is("b", told)) continue;
      Random random(city_.seed, people_ ? "linkage person" : "linkage company", told);
      const uint64_t elsewhere = static_cast<uint64_t>(random.Between(0, static_cast<int64_t>(count) - 1));
      const std::string id = "B" + std::to_string(index);
      WriteRow(&b_, id, Retold(random, RowOf(told), RowOf(elsewhere), people_));
      if (!people_ && random.Percent(kSibling)) {
        RegisterRow sibling = RowOf(told);
        sibling.name = RowOf(elsewhere).name;
        sibling.code.clear();
        WriteRow(&b_, "S" + std::to_string(index), sibling);
      }
      if (Is("a", told)) truth_ << 'A' << told << ',' << id << '\n';
    }
    report->tables += 3;
    report->rows += rows_;
    for (std::ofstream* file : {&a_, &b_, &truth_}) {
      report->bytes += static_cast<uint64_t>(file->tellp());
      RETURN_IF_ERROR(FinishFile(file));
    }
    return absl::OkStatus();
  }

 private:
  bool Is(std::string_view which, uint64_t index) const {
    return Random(city_.seed, std::string("linkage register ") + std::string(which), index)
        .Percent(kInRegister);
  }
  RegisterRow RowOf(uint64_t index) const {
    return people_ ? RowOfPerson(city_, index) : RowOfCompany(city_, index);
  }
  absl::Status Open() {
    const std::string stem = folder_ + (people_ ? "/people_" : "/companies_");
    RETURN_IF_ERROR(CreateFile(stem + "a.csv", &a_));
    RETURN_IF_ERROR(CreateFile(stem + "b.csv", &b_));
    RETURN_IF_ERROR(CreateFile(stem + "truth.csv", &truth_));
    for (std::ofstream* file : {&a_, &b_})
      *file << "id,name,code," << (people_ ? "birth_date" : "representative") << ",phone,address,division\n";
    truth_ << "left,right\n";
    return absl::OkStatus();
  }
  void WriteRow(std::ofstream* out, const std::string& id, const RegisterRow& row) {
    ++rows_;
    *out << id << ',' << row.name << ',' << row.code << ',' << row.birth_date << row.leader << ','
         << row.phone << ',' << row.address << ',' << row.division << '\n';
  }

  const City& city_;
  const std::string folder_;
  const bool people_;
  std::ofstream a_, b_, truth_;
  uint64_t rows_ = 0;
};

}  // namespace

absl::Status GenerateLinkageSet(const CityOptions& options, CityReport* report) {
  RETURN_IF_ERROR(CheckCityOptions(options));
  ASSIGN_OR_RETURN(Pools pools, LoadPools(options.data_folder));
  RETURN_IF_ERROR(MakeFolders(options.out_folder));
  const auto city =
      std::make_unique<City>(options.seed, std::move(pools), options.people, CompaniesOf(options));
  RETURN_IF_ERROR(RegisterWriter(*city, options, true).Write(report));
  return RegisterWriter(*city, options, false).Write(report);
}

}  // namespace hangou
