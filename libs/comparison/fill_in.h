// Formulas with the numbers put in: how a person checks what was computed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hangou {

// The text of a name, "price" or "transfer.price"; none where it stays as it is.
using TextOfName = std::function<std::optional<std::string>(std::string_view name)>;

// Writes the texts of names into a formula: "floor(price * rate)" becomes "floor(1000000.00 yuan * 0.03)". Functions,
// quoted texts, and the parameter of at(PARAMETER, DAY), whose value is of another day, stay.
std::string FillIn(std::string_view formula, const TextOfName& text_of);

}  // namespace hangou
