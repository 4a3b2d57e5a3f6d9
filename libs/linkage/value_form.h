// Values as they are compared: what a cell of a table becomes under the form that a rule declares.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hangou/linkage/v1/linkage.pb.h"

namespace hangou {

// A value under a form.
struct FormedValue {
  std::u32string text;  // empty: missing
  bool valid = false;   // of an identifier: its check is right
};

// What forms depend on, beside the value.
struct FormContext {
  std::string home_division;  // code, may be empty
  int32_t today = 0;          // day number (UTC+8): births lie before it
};

// Turns the text of a cell into the value of a form. Thread-safe.
FormedValue FormValue(hangou::linkage::v1::ValueForm form, std::string_view cell, const FormContext& context);

// True where values of the form are identifiers.
bool IsIdentifierForm(hangou::linkage::v1::ValueForm form);

}  // namespace hangou
