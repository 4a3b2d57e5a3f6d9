// Resources from a seed, for the checks of the walker.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "hangou/catalog/v1/objects.pb.h"
#include "libs/base/limits.h"

namespace hangou::fuzz {

using Random = std::mt19937_64;

// Uniform in [low, high].
inline int64_t Uniform(Random& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

// The one code list of these resources.
inline std::shared_ptr<const std::unordered_set<std::string>> CodeList(const std::string&) {
  static const auto kCodes = std::make_shared<const std::unordered_set<std::string>>(
      std::unordered_set<std::string>{"0", "1", "2", "9"});
  return kCodes;
}

// A resource that compiles: a citizen id and 0 to 24 fields of any type, with numbers anywhere in their range.
inline hangou::catalog::v1::Resource RandomResource(uint64_t seed) {
  namespace v1 = hangou::catalog::v1;
  Random random(seed);
  v1::Resource resource;
  resource.set_name("resources/psb.random");
  resource.set_number(1);
  resource.set_schema_revision(1);
  resource.set_library("population");
  resource.set_responsible("psb");
  resource.add_providers("psb");
  resource.set_sharing(v1::SHARING_TYPE_CONDITIONAL);
  resource.set_versioning(v1::VERSIONING_ARRIVAL);
  resource.set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  resource.set_owner_field("f0");
  // Small numbers have tags of one byte, large ones of two.
  const int64_t highest = Uniform(random, 0, 1) == 0 ? 30 : limits::kFieldNumber;
  std::unordered_set<uint32_t> numbers;
  const auto count = static_cast<size_t>(Uniform(random, 1, 25));
  while (numbers.size() < count) {
    const auto number = static_cast<uint32_t>(Uniform(random, 1, highest));
    if (!numbers.insert(number).second) continue;
    v1::Field* field = resource.add_fields();
    field->set_name("f" + std::to_string(numbers.size() - 1));
    field->set_number(number);
    // FieldType_MAX is FIELD_TYPE_GEOMETRY: every type there is.
    field->set_type(numbers.size() == 1 ? v1::FIELD_TYPE_CITIZEN_ID
                                        : static_cast<v1::FieldType>(Uniform(random, 1, v1::FieldType_MAX)));
    if (field->type() == v1::FIELD_TYPE_CODE) field->set_code_list("codes");
    if (field->type() == v1::FIELD_TYPE_DECIMAL)
      field->set_scale(static_cast<uint32_t>(Uniform(random, 0, 9)));
  }
  return resource;
}

}  // namespace hangou::fuzz
