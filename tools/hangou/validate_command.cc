// hangou validate: checks identifiers, here, without an installation.
#include <array>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/flags/flags.h"
#include "libs/identifiers/identifiers.h"
#include "tools/hangou/command.h"

namespace hangou {
namespace {

// Longest line of standard input: no identifier comes near it.
constexpr size_t kLineBytes = 64 << 10;
// What is shown of a line that is longer.
constexpr size_t kShownBytes = 64;
constexpr char kStandardInput[] = "-";

struct ValidateFlags {
  std::string type;
  std::vector<std::string> values;
};

std::string TypeNames() {
  std::string names;
  for (int i = 0; i < kIdentifierTypes; ++i) {
    names += (i == 0 ? "" : " ") + std::string(IdentifierTypeName(static_cast<IdentifierType>(i)));
  }
  return names;
}

// One line of the answer. `rule` is empty for a valid identifier.
std::string LineOf(std::string_view type, std::string_view value, std::string_view normalized,
                   std::string_view rule, std::span<const std::string_view> warnings) {
  const nlohmann::ordered_json json = {
      {"type", type},
      {"value", value},
      {"normalized", normalized},
      {"valid", rule.empty()},
      {"rule", rule},
      {"warnings", std::vector<std::string>(warnings.begin(), warnings.end())}};
  // What is not UTF-8 in a value is shown as U+FFFD.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

// Checks a value and prints its line; true where it is valid.
bool Validate(IdentifierType type, std::string_view value, int32_t today) {
  const IdentifierVerdict verdict = CheckIdentifier(type, value, today);
  Print(LineOf(IdentifierTypeName(type), value, verdict.normalized, RuleName(verdict.rule),
               verdict.warnings()));
  return verdict.ok();
}

// A line TYPE<tab>VALUE. What is none gets a line too, with the rule "type" or "line".
bool ValidateLine(std::string_view line, int32_t today) {
  const size_t tab = line.find('\t');
  const std::string_view type = line.substr(0, tab);
  const std::string_view value = tab == std::string_view::npos ? std::string_view() : line.substr(tab + 1);
  const auto known = IdentifierTypeFromName(type);
  if (known && tab != std::string_view::npos) return Validate(*known, value, today);
  Print(LineOf(type, value, "", known ? "line" : "type", {}));
  return false;
}

// True where every line of standard input is valid. Of a line that is too long the beginning is told, with the rule
// "line", and the next one goes on.
bool ValidateInput(int32_t today) {
  auto buffer = std::make_unique<std::array<char, kLineBytes>>();
  bool all = true;
  for (;;) {
    std::cin.getline(buffer->data(), buffer->size());
    if (std::cin.fail()) {
      if (std::cin.gcount() == 0 || std::cin.eof()) return all;
      std::cin.clear();
      std::cin.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
      Print(LineOf("", std::string_view(buffer->data()).substr(0, kShownBytes), "", "line", {}));
      all = false;
      continue;
    }
    // The count takes in the end of the line, which the last one may lack.
    size_t length = static_cast<size_t>(std::cin.gcount()) - (std::cin.eof() ? 0 : 1);
    if (length > 0 && (*buffer)[length - 1] == '\r') --length;
    if (length > 0) all = ValidateLine({buffer->data(), length}, today) && all;
  }
}

absl::StatusOr<int> Run(const ValidateFlags& flags) {
  const int32_t today = DayInChina(SystemClock().UtcUs());
  if (flags.type == kStandardInput) {
    if (!flags.values.empty()) {
      return MakeError(Reason::kInvalidRequest,
                       "with - the values come from standard input, as TYPE<tab>VALUE");
    }
    return ValidateInput(today) ? kExitDone : kExitPartly;
  }
  const auto type = IdentifierTypeFromName(flags.type);
  if (!type) return MakeError(Reason::kInvalidRequest, "there is no such type; the types are " + TypeNames());
  if (flags.values.empty())
    return MakeError(Reason::kInvalidRequest, "give one or more values behind the type");
  bool all = true;
  for (const std::string& value : flags.values) all = Validate(*type, value, today) && all;
  return all ? kExitDone : kExitPartly;
}

}  // namespace

void AddValidateCommand(Flags app, CommandLine* line) {
  auto flags = std::make_shared<ValidateFlags>();
  const Flags command = app.Sub("validate", "Check identifiers: form, region, date, check digit");
  command
      .Add("TYPE", &flags->type, "type of the identifiers, or - for lines TYPE<tab>VALUE on standard input")
      .Required();
  command.Add("VALUE", &flags->values, "identifiers, in any spelling");
  command.Footer(
      "Prints one JSON object a line: type, value, normalized, valid, rule (the first that fails: length, "
      "charset,\n"
      "format, region, birthdate, category, check, orgcode), warnings. Exit code 3 where one is not valid.\n"
      "Types: " +
      TypeNames() +
      "\n\n"
      "Examples:\n"
      "  hangou validate citizen_id 321002198507140016 '3210 0219 8507 1400 17'\n"
      "  printf 'uscc\\t91321000714092832H\\nplate\\t苏K12345\\n' | hangou validate -");
  command.Callback([flags, line] { line->action = [flags] { return Run(*flags); }; });
}

}  // namespace hangou
