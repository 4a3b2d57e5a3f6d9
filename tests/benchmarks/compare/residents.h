// The records that comparisons are made with: residents of nobody's city, all different, without an end.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hangou/record/v1/record.pb.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

inline constexpr char kResidents[] = "resources/psb.resident";

// Versions that there are of each, from 0 on.
inline constexpr int kResidentVersions = 4;
inline constexpr int kNewestVersion = kResidentVersions - 1;

// Most residents that can be told apart.
inline constexpr int64_t kMostResidents = 20'000'000;

// Field names of psb.resident and their texts, for every number below kMostResidents another resident.
using ResidentRow = std::vector<std::pair<std::string, std::string>>;
// A later version of one is updated on a later day.
ResidentRow ResidentRowOf(int64_t number, int version = kNewestVersion);
// Their day of birth, in days since 1970-01-01.
int32_t BirthDayOf(int64_t number);
// The citizen id of that resident.
std::string ResidentIdOf(int64_t number);

// The records of so many residents, from `first` on, as a publisher hands them in.
std::vector<hangou::record::v1::Record> ResidentRecords(const ResourceSchema& schema, int64_t first,
                                                        int64_t count, int version = kNewestVersion);

}  // namespace hangou
