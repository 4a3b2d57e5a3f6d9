// Examples of every type of identifier, from its standard and from use, with the verdict of each.
#include <catch2/catch.hpp>

#include "libs/base/text.h"
#include "libs/identifiers/generate_for_test.h"
#include "libs/identifiers/identifiers.h"

namespace hangou {
namespace {

const int32_t kExamplesDay = *ParseDay("2026-11-22");

struct Example {
  const char* text;
  const char* rule = "";     // that fails; empty: valid
  const char* warning = "";  // the first one
};

void CheckExamples(IdentifierType type, std::initializer_list<Example> examples) {
  for (const Example& example : examples) {
    const IdentifierVerdict verdict = CheckIdentifier(type, example.text, kExamplesDay);
    INFO(IdentifierTypeName(type) << " " << example.text);
    CHECK(std::string(RuleName(verdict.rule)) == example.rule);
    CHECK(identifier_test::WarningOf(verdict) == example.warning);
  }
}

std::string Normal(IdentifierType type, std::string_view raw) {
  return CheckIdentifier(type, raw, kExamplesDay).normalized.str();
}

}  // namespace

TEST_CASE("Names of types lead back to them") {
  for (int i = 0; i < kIdentifierTypes; ++i) {
    const auto type = static_cast<IdentifierType>(i);
    CHECK(IdentifierTypeFromName(IdentifierTypeName(type)) == type);
  }
  CHECK_FALSE(IdentifierTypeFromName("citizen id"));
  CHECK_FALSE(IdentifierTypeFromName(""));
}

TEST_CASE("Text longer than any identifier fails by its length, whatever the type") {
  const std::string longest(kIdentifierBytes, '1');
  for (int i = 0; i < kIdentifierTypes; ++i) {
    for (const std::string& text : {longest, longest + "1", longest + longest}) {
      CHECK_FALSE(CheckIdentifier(static_cast<IdentifierType>(i), text, kExamplesDay).ok());
    }
  }
}

TEST_CASE("Organisation codes") {
  CheckExamples(IdentifierType::kOrganizationCode, {{"71526726-X"},
                                                    {"799655058"},
                                                    {"192203821"},
                                                    {"D2143569-X"},
                                                    {"40170530-0"},
                                                    {"d2143569x"},
                                                    {"799655059", "check"},
                                                    {"71526726-0", "check"},
                                                    {"1922O3821", "check"},
                                                    {"79965505", "length"},
                                                    {"7996550580", "length"},
                                                    {"79965505A", "charset"},
                                                    {"7996550.8", "charset"},
                                                    {"", "length"}});
  CHECK(Normal(IdentifierType::kOrganizationCode, "71526726-x") == "71526726X");
}

TEST_CASE("Business registration numbers") {
  CheckExamples(IdentifierType::kRegistrationNumber, {{"321000000012341"},
                                                      {"321002600123454"},
                                                      {"100000000043293"},
                                                      {"321000000012342", "check"},
                                                      {"32100000001234", "length"},
                                                      {"32100000001234A", "charset"},
                                                      {"990000000012341", "region"},
                                                      {"", "length"}});
  const std::string unknown = "32999900001234";
  CheckExamples(IdentifierType::kRegistrationNumber,
                {{(unknown + RegistrationNumberCheck(unknown)).c_str(), "", "region unknown"}});
}

TEST_CASE("Taxpayer ids in each of their forms") {
  CheckExamples(IdentifierType::kTaxpayerId, {{"91321000714092832H"},    // credit code
                                              {"321002198507140016"},    // natural person
                                              {"32100219850714001620"},  // individual business
                                              {"11010549123100217"},     // with an id of the 1989 edition
                                              {"E1234567820"},           // with a passport
                                              {"321002714092832"},       // of before 2015
                                              {"L91321000714092832H", "", "temporary taxpayer"},
                                              {"L321002198507140016", "", "temporary taxpayer"},
                                              {"91330100799655058A", "check"},
                                              {"321002198507140017", "check"},
                                              {"32100219850714001720", "check"},
                                              {"321002714092833", "orgcode"},
                                              {"990002714092832", "region"},
                                              {"32100A714092832", "charset"},
                                              {"L", "length"},
                                              {"12", "length"},
                                              {"", "length"}});
  CHECK(Normal(IdentifierType::kTaxpayerId, "110105491231002 17") == "11010549123100217");
}

TEST_CASE("Industry codes with and without their letter, at every level") {
  CheckExamples(IdentifierType::kIndustry, {{"C3611"},
                                            {"0111"},
                                            {"F5132"},
                                            {"c36"},
                                            {"36"},
                                            {"361"},
                                            {"C"},
                                            {"T9700"},
                                            {"9800", "category"},
                                            {"A1311", "category"},
                                            {"C1364", "category", "class of the 2011 edition"},
                                            {"4041", "category", "class of the 2011 edition"},
                                            {"U", "category"},
                                            {"C99", "category"},
                                            {"011A", "charset"},
                                            {"3", "length"},
                                            {"C3", "length"},
                                            {"36111", "length"},
                                            {"", "length"}});
}

TEST_CASE("Real-estate unit numbers") {
  CheckExamples(IdentifierType::kRealEstateUnit, {{"321002 001001 GB00001 F00010001"},
                                                  {"321002001001JC00012W00000000"},
                                                  {"321002001001GH00001W00000000"},
                                                  {"329999001001GB00001F00010001", "", "region unknown"},
                                                  {"321002001001GB00001F0001000", "length"},
                                                  {"321002001001G100001F00010001", "charset"},
                                                  {"32100200100AGB00001F00010001", "charset"},
                                                  {"990002001001GB00001F00010001", "region"},
                                                  {"321002001001GC00001W00000000", "category"},
                                                  {"321002001001QB00001F00010001", "category"},
                                                  {"321002001001GZ00001F00010001", "category"},
                                                  {"321002001001GB00001X00010001", "category"},
                                                  {"321002001001GB00000F00010001", "format"},
                                                  {"321002001001GB00001W00010001", "format"},
                                                  {"321002001001GB00001F00000000", "format"}});
}

TEST_CASE("Bank cards: Luhn binds UnionPay's, and is a warning for others") {
  CheckExamples(IdentifierType::kBankCard, {{"6222021100000000007"},
                                            {"6217000012345678907"},
                                            {"6228480000000000018"},
                                            {"4111111111111111"},
                                            {"6222 0211 0000 0000 007"},
                                            {"4111111111111112", "", "check digit is not Luhn's"},
                                            {"6222021100000000008", "check"},
                                            {"41111111111", "length"},
                                            {"62220211000000000070", "length"},
                                            {"4111111111111I11", "charset"},
                                            {"", "length"}});
}

TEST_CASE("Telephone numbers, mobile and with their area") {
  CheckExamples(IdentifierType::kPhone, {{"13901234567"},
                                         {"199-0123-4567"},
                                         {"+86 139 0123 4567"},
                                         {"0514-87654321"},
                                         {"010-65123456"},
                                         {"02512345678", "format"},
                                         {"02582345678"},
                                         {"0514-7654321"},
                                         {"12901234567", "format"},
                                         {"0514-17654321", "format"},
                                         {"0114-87654321", "format"},
                                         {"1390123456", "length"},
                                         {"139012345678", "length"},
                                         {"1390123456A", "charset"},
                                         {"", "length"}});
  CHECK(Normal(IdentifierType::kPhone, "＋86 139-0123-4567") == "13901234567");
}

TEST_CASE("Number plates of petrol and of new-energy vehicles") {
  CheckExamples(IdentifierType::kPlate, {{"苏K12345"},
                                         {"苏K·A123B"},
                                         {"苏k a123b"},
                                         {"苏K1234挂"},
                                         {"粤Z1234港"},
                                         {"苏KD12345"},
                                         {"苏KDF2345"},
                                         {"苏K12345D"},
                                         {"苏K1234I", "charset"},
                                         {"苏O12345", "charset"},
                                         {"苏K1234车", "charset"},
                                         {"国K12345", "region"},
                                         {"苏KI12345", "charset"},
                                         {"苏KL12345", "format"},
                                         {"苏K123456", "format"},
                                         {"苏K1234567", "length"},
                                         {"苏K1234", "length"},
                                         {"", "length"}});
  CHECK(Normal(IdentifierType::kPlate, "苏k·12345") == "苏K12345");
}

TEST_CASE("Vehicle identification numbers: a wrong check digit is a warning") {
  CheckExamples(IdentifierType::kVin, {{"1HGCM82633A004352"},
                                       {"1M8GDM9AXKP042788"},
                                       {"11111111111111111"},
                                       {"1m8gdm9axkp042788"},
                                       {"1HGCM82643A004352", "", "check digit differs"},
                                       {"1HGCM82633A00435", "length"},
                                       {"1HGCM82633O004352", "charset"},
                                       {"1HGCM82633I004352", "charset"},
                                       {"IHGCM82633A004352", "charset"},
                                       {"", "length"}});
}

TEST_CASE("Certificate ids: their parts, check character and organisations") {
  const std::string type = "12440600MB2C07549J001";
  const std::string issuer = "91321000714092832H";
  const std::string serial = "20260000000001";
  const auto id = [](const std::string& t, const std::string& i, const std::string& s, char check) {
    return "1.2.156.3005.2." + t + "." + i + "." + s + ".001." + check;
  };
  const char check = CertificateIdCheck(type + issuer + serial + "001");
  const std::string valid = id(type, issuer, serial, check);
  const std::string foreign = "91321000714092832J";  // a wrong check character inside
  CheckExamples(
      IdentifierType::kCertificateId,
      {{valid.c_str()},
       {id(type, issuer, serial, check == '0' ? '1' : '0').c_str(), "check"},
       {id(type, foreign, serial, CertificateIdCheck(type + foreign + serial + "001")).c_str(), "orgcode"},
       {id(type, issuer, "", check).c_str(), "length"},
       {id(type.substr(1), issuer, serial, check).c_str(), "length"},
       {id(type, issuer, "2026中", check).c_str(), "charset"},
       {("9" + valid).c_str(), "format"},
       {valid.substr(0, valid.size() - 2).c_str(), "format"},
       {(valid + ".1").c_str(), "format"},
       {"", "format"}});
}

TEST_CASE("Passports and travel permits") {
  CheckExamples(IdentifierType::kPassport, {{"E12345678"},
                                            {"EA1234567"},
                                            {"g12345678"},
                                            {"EI1234567", "charset"},
                                            {"EO1234567", "charset"},
                                            {"GA1234567", "charset"},
                                            {"123456789", "charset"},
                                            {"X12345678", "category"},
                                            {"E1234567", "length"},
                                            {"", "length"}});
  CheckExamples(IdentifierType::kTravelPermit, {{"H12345678"},
                                                {"M1234567800"},
                                                {"12345678"},
                                                {"1234567801"},
                                                {"T12345678", "category"},
                                                {"H1234567", "length"},
                                                {"H123456789", "length"},
                                                {"H1234567A", "charset"},
                                                {"", "length"}});
}

}  // namespace hangou
