// Companies of nobody's city, all different, for comparisons of what is followed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hangou/record/v1/record.pb.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

inline constexpr char kEnterprises[] = "resources/scjg.enterprise";
inline constexpr char kRegistrations[] = "resources/tax.registration";

// Most companies that can be told apart.
inline constexpr int64_t kMostCompanies = 90'000'000;

// The unified social credit code of that company.
std::string CompanyCodeOf(int64_t number);
// Its record of scjg.enterprise: it was established on that day (days since 1970-01-01).
hangou::record::v1::Record EnterpriseRecord(const ResourceSchema& schema, int64_t number, int32_t day);
// Its record of tax.registration, of the same day.
hangou::record::v1::Record RegistrationRecord(const ResourceSchema& schema, int64_t number, int32_t day);

}  // namespace hangou
