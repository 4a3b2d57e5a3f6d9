#include "tests/benchmarks/compare/residents.h"

#include <array>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"
#include "libs/schema/text_codec.h"

namespace hangou {
namespace {

constexpr int64_t kSerials = 1000;        // of one day of birth
constexpr int32_t kFirstBirth = -10'957;  // 1940-01-01
constexpr std::array<const char*, 8> kNames = {"张晓明", "李梅", "王建国", "赵静",
                                               "陈思远", "周敏", "吴桂英", "徐涛"};

std::string Digits(int64_t number, size_t width) {
  std::string digits = std::to_string(number);
  return digits.insert(0, width > digits.size() ? width - digits.size() : 0, '0');
}

}  // namespace

int32_t BirthDayOf(int64_t number) { return kFirstBirth + static_cast<int32_t>(number / kSerials); }

std::string ResidentIdOf(int64_t number) {
  std::string birth = FormatDay(BirthDayOf(number));
  birth = birth.substr(0, 4) + birth.substr(5, 2) + birth.substr(8, 2);
  const std::string first17 = "321002" + birth + Digits(number % kSerials, 3);
  return first17 + CitizenIdCheck(first17);
}

ResidentRow ResidentRowOf(int64_t number, int version) {
  const auto place = static_cast<size_t>(number);
  return {{"citizen_id", ResidentIdOf(number)},
          {"name", kNames[place % kNames.size()]},
          {"sex", number % 2 == 1 ? "1" : "2"},
          {"ethnic_group", "01"},
          {"birth_date", FormatDay(BirthDayOf(number))},
          {"birth_place", "321002"},
          {"division", "321002"},
          {"address", "扬州市广陵区文昌中路" + std::to_string(number % 999 + 1) + "号"},
          {"marital_status", "20"},
          {"phone", "139" + Digits(number % 100'000'000, 8)},
          {"state", "normal"},
          {"updated_at", "2026-01-" + std::to_string(31 - kNewestVersion + version) + "T08:00:00Z"}};
}

std::vector<hangou::record::v1::Record> ResidentRecords(const ResourceSchema& schema, int64_t first,
                                                        int64_t count, int version) {
  std::vector<hangou::record::v1::Record> records(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    std::string* const payload = records[static_cast<size_t>(i)].mutable_payload();
    for (const auto& [name, text] : ResidentRowOf(first + i, version)) {
      const int index = schema.IndexOfName(name);
      HANGOU_CHECK(index >= 0, "psb.resident has no field " + name);
      HANGOU_CHECK(EncodeField(schema.fields()[static_cast<size_t>(index)], text, payload).ok(),
                   "not of its type: " + name);
    }
  }
  return records;
}

}  // namespace hangou
