// Which office works on a clue: by the division that it belongs to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "hangou/comparison/v1/rule.pb.h"

namespace hangou {

// The division (GB/T 2260) that a text tells: a division code itself, the first six digits of a parcel (GB/T 37346) or
// a citizen id, the registration authority of a credit code. Empty where it tells none. `today`: days since 1970-01-01.
std::string DivisionOf(std::string_view text, int32_t today);
// The office of a division: that with the longest beginning of its code; empty where there is none.
std::string OfficeOf(const std::vector<hangou::comparison::v1::TaxOffice>& offices,
                     std::string_view division);
// Whether offices go together: names, titles, divisions that only one has. INVALID_OBJECT.
absl::Status CheckOffices(const std::vector<hangou::comparison::v1::TaxOffice>& offices);

}  // namespace hangou
