// Id of an electronic certificate (电子证照标识, GB/T 36904-2018): "1.2.156.3005.2", type 21 (credit code of the department
// that defines it 18, sequence 3), credit code of the issuer 18, serial, version 3, check 1, with dots between.
#include <algorithm>
#include <array>

#include "libs/identifiers/checks.h"
#include "libs/identifiers/lengths.h"
#include "libs/identifiers/regions.h"

namespace hangou {
namespace {

constexpr std::string_view kRoot = "1.2.156.3005.2.";
constexpr size_t kTypeLength = kUsccLength + 3;
constexpr size_t kVersionLength = 3;
// Serials are the issuer's; the longest kept short enough for a certificate's field.
constexpr size_t kSerialMax = 64;
enum Part { kType, kIssuer, kSerial, kVersion, kCheckPart, kParts };

using Parts = std::array<std::string_view, kParts>;

// False where there are not exactly so many parts.
bool Split(std::string_view text, Parts* parts) {
  for (size_t i = 0; i < parts->size(); ++i) {
    const size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i + 1 == parts->size())) return false;
    (*parts)[i] = text.substr(0, dot);
    text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  }
  return true;
}

bool IsLettersAndDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return IsLetter(c) || (c >= '0' && c <= '9'); });
}

// ISO 7064 MOD 37,36, one character after the other.
class Mod3736 {
 public:
  void Add(std::string_view characters) {
    for (char c : characters) {
      const int sum = (product_ + ValueBase36(c)) % 36;
      product_ = 2 * (sum == 0 ? 36 : sum) % 37;
    }
  }
  char Check() const { return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(37 - product_) % 36]; }

 private:
  int product_ = 36;
};

IdentifierRule FirstFailureOfCertificateId(std::string_view id) {
  if (!id.starts_with(kRoot)) return IdentifierRule::kFormat;
  Parts parts;
  if (!Split(id.substr(kRoot.size()), &parts)) return IdentifierRule::kFormat;
  const bool lengths = parts[kType].size() == kTypeLength && parts[kIssuer].size() == kUsccLength &&
                       !parts[kSerial].empty() && parts[kSerial].size() <= kSerialMax &&
                       parts[kVersion].size() == kVersionLength && parts[kCheckPart].size() == 1;
  if (!lengths) return IdentifierRule::kLength;
  if (!std::all_of(parts.begin(), parts.end(), IsLettersAndDigits)) return IdentifierRule::kCharset;
  Mod3736 sum;
  for (const Part part : {kType, kIssuer, kSerial, kVersion}) sum.Add(parts[part]);
  if (sum.Check() != parts[kCheckPart][0]) return IdentifierRule::kCheck;
  const bool organisations = VerdictOn(parts[kType].substr(0, kUsccLength), CheckUscc).ok() &&
                             VerdictOn(parts[kIssuer], CheckUscc).ok();
  return organisations ? IdentifierRule::kNone : IdentifierRule::kOrgCode;
}

}  // namespace

char CertificateIdCheck(std::string_view characters) {
  Mod3736 sum;
  sum.Add(characters);
  return sum.Check();
}

void CheckCertificateId(IdentifierVerdict* verdict) {
  verdict->rule = FirstFailureOfCertificateId(verdict->normalized);
}

}  // namespace hangou
