#include "libs/linkage/value_form.h"

#include <catch2/catch.hpp>

#include "libs/linkage/division_names.h"
#include "libs/linkage/han_text.h"

namespace hangou {
namespace {

using namespace hangou::linkage::v1;

const FormContext kYangzhou = {"321000", 20'269};

std::string Formed(ValueForm form, std::string_view cell) {
  return ToUtf8(FormValue(form, cell, kYangzhou).text);
}

TEST_CASE("text in any width, case, script and encoding of rare characters is one text") {
  REQUIRE(FoldText("ＡＢｃ　１２") == U"abc 12");
  REQUIRE(FoldText("龍騰國際") == FoldText("龙腾国际"));
  REQUIRE(FoldText("○六") == U"〇六");
  REQUIRE(FoldText("买买提・热合曼") == FoldText("买买提•热合曼"));
  // U+E863, where GBK's time kept U+4DAE; U+E81E, now U+9FB4; a compatibility ideograph.
  REQUIRE(FoldText("\xEE\xA1\xA3") == U"䶮");
  REQUIRE(FoldText("\xEE\xA0\x9E") == U"\x9FB4");
  REQUIRE(FoldText("\xEF\xA4\x80") == U"岂");
  REQUIRE(FoldText("  a\t b\x01 ") == U"a b");
  REQUIRE(FoldText("\xD1\xEF") == U"\xFFFD\xFFFD");
}

TEST_CASE("a company's name splits into region, core and legal form") {
  for (const char* name :
       {"扬州市瑞祥贸易有限公司", "扬州瑞祥贸易有限责任公司", "江苏省扬州市瑞祥贸易有限公司",
        "瑞祥贸易（扬州）有限公司", "扬州瑞祥贸易 有限公司", "揚州瑞祥貿易有限公司"}) {
    CAPTURE(name);
    REQUIRE(Formed(VALUE_FORM_COMPANY_CORE, name) == "瑞祥贸易");
    REQUIRE(Formed(VALUE_FORM_COMPANY_REGION, name) == "3210");
    REQUIRE(Formed(VALUE_FORM_COMPANY_TYPE, name) == "有限");
  }
  REQUIRE(Formed(VALUE_FORM_COMPANY_TYPE, "扬州瑞祥贸易股份有限公司") == "股份");
  REQUIRE(Formed(VALUE_FORM_COMPANY_TYPE, "瑞祥贸易").empty());
  REQUIRE(Formed(VALUE_FORM_COMPANY_REGION, "瑞祥贸易有限公司").empty());
  REQUIRE(Formed(VALUE_FORM_COMPANY_REGION, "仪征瑞祥贸易有限公司") == "3210仪征");
  // A county of elsewhere is no region by its bare name, and what would be left without it is no name.
  REQUIRE(Formed(VALUE_FORM_COMPANY_CORE, "平安贸易有限公司") == "平安贸易");
  REQUIRE(Formed(VALUE_FORM_COMPANY_CORE, "扬州有限公司") == "扬州");
}

TEST_CASE("a renamed county keeps its key, and another county of the name has another") {
  REQUIRE(DivisionKey("321027") == DivisionKey("321003"));
  REQUIRE(DivisionKey("321088") == DivisionKey("321012"));
  REQUIRE(DivisionKey("321003") != DivisionKey("321002"));
  REQUIRE(DivisionKey("320106") != DivisionKey("320302"));
  REQUIRE(DivisionKey("321003001002") == DivisionKey("321003"));
  REQUIRE(DivisionKey("321000") == U"3210");
  REQUIRE(DivisionKey("999999") == U"999999");
}

TEST_CASE("an address splits into division and rest") {
  REQUIRE(Formed(VALUE_FORM_ADDRESS_DIVISION, "江苏省扬州市邗江区竹西街道3栋101室") == "3210邗江");
  REQUIRE(Formed(VALUE_FORM_ADDRESS_DIVISION, "邗江区竹西街道3幢101室") == "3210邗江");
  REQUIRE(Formed(VALUE_FORM_ADDRESS_REST, "扬州市邗江县竹西街道３栋101室") == "竹西街道3幢101室");
}

TEST_CASE("a person's name loses what does not belong to it, and sounds as it sounds") {
  REQUIRE(Formed(VALUE_FORM_PERSON_NAME, "张 三（已故）") == "张三");
  REQUIRE(Formed(VALUE_FORM_PERSON_NAME, "阿依古丽·买买提") ==
          Formed(VALUE_FORM_PERSON_NAME, "阿依古丽．买买提"));
  REQUIRE(Formed(VALUE_FORM_SURNAME, "欧阳文") == "欧阳");
  REQUIRE(Formed(VALUE_FORM_SURNAME, "王文") == "王");
  REQUIRE(Formed(VALUE_FORM_PERSON_SOUND, "王志文") == Formed(VALUE_FORM_PERSON_SOUND, "王智雯"));
  REQUIRE(Formed(VALUE_FORM_PERSON_SOUND, "王志文") != Formed(VALUE_FORM_PERSON_SOUND, "王志国"));
}

TEST_CASE("all spellings of an identifier are one, and what is wrong is not valid") {
  const std::string code = Formed(VALUE_FORM_ORGANISATION_ID, "91321000714092832H");
  REQUIRE(code == "714092832");
  REQUIRE(Formed(VALUE_FORM_ORGANISATION_ID, "71409283-2") == code);
  REQUIRE(Formed(VALUE_FORM_ORGANISATION_ID, "９１３２１０００７１４０９２８３２ｈ") == code);
  REQUIRE(FormValue(VALUE_FORM_ORGANISATION_ID, "321000714092832", kYangzhou).valid);
  REQUIRE(!FormValue(VALUE_FORM_ORGANISATION_ID, "91321000714092833H", kYangzhou).valid);
  REQUIRE(Formed(VALUE_FORM_CITIZEN_ID, "321002198507140016") ==
          Formed(VALUE_FORM_CITIZEN_ID, "321002850714001"));
  REQUIRE(FormValue(VALUE_FORM_CITIZEN_ID, "321002850714001", kYangzhou).valid);
  REQUIRE(!FormValue(VALUE_FORM_CITIZEN_ID, "321002198507140017", kYangzhou).valid);
  REQUIRE(Formed(VALUE_FORM_BIRTH_DATE, "321002198507140016") == "19850714");
  REQUIRE(Formed(VALUE_FORM_BIRTH_DATE, "321002198507140017").empty());
  REQUIRE(FormValue(VALUE_FORM_CITIZEN_ID, "", kYangzhou).text.empty());
}

TEST_CASE("a date is one in all its spellings") {
  for (const char* date : {"1985-07-14", "1985年7月14日", "1985/7/14", "19850714", "１９８５.7.14"}) {
    CAPTURE(date);
    REQUIRE(Formed(VALUE_FORM_DATE, date) == "19850714");
  }
}

TEST_CASE("phones are one with and without country and hyphens") {
  REQUIRE(Formed(VALUE_FORM_PHONE, "+86 138-1234-5678") == Formed(VALUE_FORM_PHONE, "13812345678"));
  REQUIRE(Formed(VALUE_FORM_PHONE, "0514-87654321") == "051487654321");
}

}  // namespace
}  // namespace hangou
