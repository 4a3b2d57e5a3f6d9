// Two registers of the same city that do not share an identifier one can trust, with the truth beside them: what a
// linkage is measured by.
#pragma once

#include "absl/status/status.h"
#include "tools/citygen/city.h"

namespace hangou {

// Writes people_a.csv, people_b.csv and people_truth.csv (columns left and right: ids of rows), and the same of
// companies. Each register has four fifths of the city. Rows of b lack an identifier more often than not, and carry the
// errors of departments' files: transposed digits, ids of 15 digits, O for 0, full-width forms, former division codes,
// names without their legal form, with another region before them or in traditional characters, characters that sound
// alike, stand in a private area or are wrong, other addresses, phones and leaders; beside companies stand others of
// the same leader in the same place. Options count as for GenerateCity; the same bytes for
// the same options and data.
absl::Status GenerateLinkageSet(const CityOptions& options, CityReport* report);

}  // namespace hangou
