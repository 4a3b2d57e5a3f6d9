// Rates, thresholds and lags with their dates of validity.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/rule.pb.h"
#include "libs/comparison/value.h"

namespace hangou {

// Values of one parameter: more than any rate has had.
constexpr int kParameterValues = 2'000;

// A parameter, compiled. Immutable.
class CompiledParameter {
 public:
  // INVALID_OBJECT with what contradicts itself: unit, scale, dates, values that overlap.
  static absl::StatusOr<CompiledParameter> Compile(
      const hangou::comparison::v1::ComparisonParameter& declared);

  const std::string& name() const { return name_; }
  // A number in base units: of yuan with two digits it is a whole number of fen.
  const ValueType& type() const { return type_; }
  // True where values are told apart by a code.
  bool has_codes() const { return has_codes_; }
  // The value on a day, none where there is none.
  std::optional<int64_t> ValueOn(int32_t day, std::string_view code) const;

 private:
  struct Dated {
    int32_t from;
    int32_t until;  // the last day
    int64_t value;
  };

  absl::Status AddValue(const hangou::comparison::v1::ParameterValue& declared, int scale, int64_t factor);

  std::string name_;
  ValueType type_;
  bool has_codes_ = false;
  std::map<std::string, std::vector<Dated>, std::less<>> values_;  // by code, in the order of days
};

// All parameters, in the order of their names.
using ParameterSet = std::vector<CompiledParameter>;

}  // namespace hangou
