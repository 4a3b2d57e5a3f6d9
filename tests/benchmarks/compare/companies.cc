#include "tests/benchmarks/compare/companies.h"

#include <cstdio>
#include <utility>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"
#include "libs/schema/text_codec.h"

namespace hangou {
namespace {

hangou::record::v1::Record RecordOf(const ResourceSchema& schema,
                                    const std::vector<std::pair<std::string, std::string>>& row) {
  hangou::record::v1::Record record;
  for (const auto& [name, text] : row) {
    const int index = schema.IndexOfName(name);
    HANGOU_CHECK(index >= 0, "there is no field " + name);
    HANGOU_CHECK(
        EncodeField(schema.fields()[static_cast<size_t>(index)], text, record.mutable_payload()).ok(),
        "not of its type: " + name);
  }
  return record;
}

}  // namespace

std::string CompanyCodeOf(int64_t number) {
  HANGOU_CHECK(number >= 0 && number < kMostCompanies, "there are not so many companies");
  char first[16];
  std::snprintf(first, sizeof first, "%08lld", static_cast<long long>(number));
  std::string organisation = first;
  organisation += OrganizationCodeCheck(organisation);
  const std::string code = "91321081" + organisation;
  return code + UsccCheck(code);
}

hangou::record::v1::Record EnterpriseRecord(const ResourceSchema& schema, int64_t number, int32_t day) {
  return RecordOf(schema, {{"uscc", CompanyCodeOf(number)},
                           {"name", "仪征第" + std::to_string(number) + "贸易有限公司"},
                           {"enterprise_type", "1130"},
                           {"legal_representative", "张三"},
                           {"address", "真州镇" + std::to_string(number % 999 + 1) + "号"},
                           {"division", "321081"},
                           {"industry", "F5191"},
                           {"registered_capital", "1000000.00"},
                           {"established_on", FormatDay(day)},
                           {"status", "active"},
                           {"updated_at", "2026-01-31T08:00:00Z"}});
}

hangou::record::v1::Record RegistrationRecord(const ResourceSchema& schema, int64_t number, int32_t day) {
  return RecordOf(schema, {{"uscc", CompanyCodeOf(number)},
                           {"name", "仪征第" + std::to_string(number) + "贸易有限公司"},
                           {"registered_on", FormatDay(day)},
                           {"status", "normal"},
                           {"office", "第一税务所"},
                           {"general_taxpayer", "false"}});
}

}  // namespace hangou
