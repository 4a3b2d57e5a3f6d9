// Real-estate unit number (不动产单元代码, GB/T 37346-2019): county 6, cadastral district 3, sub-district 3, feature of the
// parcel 2, its number 5, feature of the fixture 1, unit 8. It is shown in four groups ("321002 001001 GB00001
// F00010001").
#include "libs/identifiers/checks.h"
#include "libs/identifiers/lengths.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr size_t kParcelFeatureAt = 12;
constexpr size_t kParcelNumberAt = 14;
constexpr size_t kParcelNumberLength = 5;
constexpr size_t kRealEstateUnitLength = 28;
constexpr size_t kFixtureAt = 19;
constexpr size_t kUnitAt = 20;
constexpr std::string_view kNoParcel = "00000";
constexpr std::string_view kNoUnit = "00000000";

// Who owns the land: G the state, J a collective, Z undetermined. Of what kind the right is: A ownership by a
// collective, B to build (S above, X below the ground), C a homestead, D arable land, E forest, F grassland, H the sea,
// G an uninhabited island, W undetermined, Y other. Newer editions may add letters: these are the tables.
constexpr std::string_view kOwners = "GJZ";
constexpr std::string_view kRights = "ABSXCDEFHGWY";
constexpr std::string_view kRightsOfCollectives = "AC";
constexpr char kCollective = 'J';
// F building, L forest, Q other, W none.
constexpr std::string_view kFixtures = "FLQW";
constexpr char kNoFixture = 'W';

bool Has(std::string_view table, char c) { return table.find(c) != std::string_view::npos; }

bool HasUnitCharset(std::string_view id) {
  return IsAllDigits(id.substr(0, kParcelFeatureAt)) && IsLetter(id[kParcelFeatureAt]) &&
         IsLetter(id[kParcelFeatureAt + 1]) && IsAllDigits(id.substr(kParcelNumberAt, kParcelNumberLength)) &&
         IsLetter(id[kFixtureAt]) && IsAllDigits(id.substr(kUnitAt));
}

bool HasFeatures(std::string_view id) {
  const char owner = id[kParcelFeatureAt];
  const char right = id[kParcelFeatureAt + 1];
  return Has(kOwners, owner) && Has(kRights, right) && Has(kFixtures, id[kFixtureAt]) &&
         (!Has(kRightsOfCollectives, right) || owner == kCollective);
}

// A parcel has a number, and a parcel without fixtures is one unit.
bool HasNumbers(std::string_view id) {
  const bool whole_parcel = id.substr(kUnitAt) == kNoUnit;
  return id.substr(kParcelNumberAt, kParcelNumberLength) != kNoParcel &&
         (id[kFixtureAt] == kNoFixture) == whole_parcel;
}

}  // namespace

void CheckRealEstateUnit(IdentifierVerdict* verdict) {
  const std::string_view id = verdict->normalized;
  if (id.size() != kRealEstateUnitLength) {
    verdict->rule = IdentifierRule::kLength;
  } else if (!HasUnitCharset(id)) {
    verdict->rule = IdentifierRule::kCharset;
  } else if (!IsProvince(id)) {
    verdict->rule = IdentifierRule::kRegion;
  } else if (!HasFeatures(id)) {
    verdict->rule = IdentifierRule::kCategory;
  } else if (!HasNumbers(id)) {
    verdict->rule = IdentifierRule::kFormat;
  } else if (!IsKnownRegion(id.substr(0, kRegionLength))) {
    verdict->Warn(kRegionUnknown);
  }
}

}  // namespace hangou
