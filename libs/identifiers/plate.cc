// Number plate (号牌号码, GA 36): province, letter of the registrar, and 5 characters, of which the last may say what the
// vehicle is for; new-energy vehicles have 6. There is no I and no O. The dot behind the letter is dropped.
#include <algorithm>

#include "libs/identifiers/checks.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr std::string_view kPlateProvinces = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
// Trailer, driving school, police, Hong Kong, Macao.
constexpr std::string_view kPurposes = "挂学警港澳";
constexpr std::string_view kMiddleDot = "·";
constexpr size_t kHanBytes = 3;  // of one of these characters in UTF-8
constexpr size_t kPlateSerial = 5;
constexpr size_t kNewEnergySerial = 6;
constexpr size_t kHead = kHanBytes + 1;
constexpr std::string_view kNewEnergyLetters = "ABCDEFGHJK";

// Whole characters only: `character` has kHanBytes bytes.
bool IsOneOf(std::string_view characters, std::string_view character) {
  for (size_t i = 0; i < characters.size(); i += kHanBytes) {
    if (characters.substr(i, kHanBytes) == character) return true;
  }
  return false;
}

bool IsPlateLetter(char c) { return IsLetter(c) && c != 'I' && c != 'O'; }
bool IsPlateCharacter(char c) { return IsPlateLetter(c) || (c >= '0' && c <= '9'); }
bool IsNewEnergyLetter(char c) { return kNewEnergyLetters.find(c) != std::string_view::npos; }

// Small ones: letter, character, 4 digits; large ones: 5 digits, letter.
bool IsNewEnergySerial(std::string_view serial) {
  const bool small =
      IsNewEnergyLetter(serial[0]) && IsPlateCharacter(serial[1]) && IsAllDigits(serial.substr(2));
  const bool large = IsAllDigits(serial.substr(0, kPlateSerial)) && IsNewEnergyLetter(serial[kPlateSerial]);
  return small || large;
}

IdentifierRule FirstFailureOfPlate(std::string_view plate) {
  if (plate.size() < kHead + kPlateSerial) return IdentifierRule::kLength;
  if (!IsOneOf(kPlateProvinces, plate.substr(0, kHanBytes))) return IdentifierRule::kRegion;
  if (!IsPlateLetter(plate[kHanBytes])) return IdentifierRule::kCharset;
  std::string_view serial = plate.substr(kHead);
  const bool has_purpose = serial.size() == kPlateSerial - 1 + kHanBytes &&
                           IsOneOf(kPurposes, serial.substr(kPlateSerial - 1, kHanBytes));
  if (has_purpose) serial = serial.substr(0, kPlateSerial - 1);
  if (!std::all_of(serial.begin(), serial.end(), IsPlateCharacter)) return IdentifierRule::kCharset;
  if (has_purpose || serial.size() == kPlateSerial) return IdentifierRule::kNone;
  if (serial.size() != kNewEnergySerial) return IdentifierRule::kLength;
  return IsNewEnergySerial(serial) ? IdentifierRule::kNone : IdentifierRule::kFormat;
}

}  // namespace

void CheckPlate(IdentifierVerdict* verdict) {
  const std::string_view given = verdict->normalized;
  if (given.substr(std::min(kHead, given.size())).starts_with(kMiddleDot)) {
    IdentifierText plain(given.substr(0, kHead));
    plain.Append(given.substr(kHead + kMiddleDot.size()));
    verdict->normalized = plain;
  }
  verdict->rule = FirstFailureOfPlate(verdict->normalized);
}

}  // namespace hangou
