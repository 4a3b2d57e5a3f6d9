#include "tools/hangou/apply_result.h"

#include <nlohmann/json.hpp>

#include "tools/hangou/table.h"
#include "tools/hangou/words.h"

namespace hangou {

using hangou::catalog::v1::ApplyResponse;
using hangou::catalog::v1::ObjectResult;

namespace {

std::string StateWord(const ObjectResult& result) {
  return Word(ObjectResult::State_Name(result.state()), "STATE_");
}

nlohmann::ordered_json AppliedJson(const ApplyResponse& response) {
  nlohmann::ordered_json json;
  json["results"] = nlohmann::ordered_json::array();
  for (const ObjectResult& result : response.results()) {
    nlohmann::ordered_json object = {
        {"kind", KindWord(result.kind())}, {"name", result.name()}, {"state", StateWord(result)}};
    if (!result.note().empty()) object["note"] = result.note();
    json["results"].push_back(std::move(object));
  }
  json["epoch"] = response.epoch();
  json["effective"] = response.effective();
  json["effective_after_ms"] = response.effective_after_ms();
  if (!response.waiting_change().empty()) json["waiting_change"] = response.waiting_change();
  return json;
}

std::string EpochText(const ApplyResponse& response) {
  std::string text = "epoch " + std::to_string(response.epoch());
  if (response.effective())
    return text + ", EFFECTIVE after " + std::to_string(response.effective_after_ms()) + " ms\n";
  return text + ", not yet EFFECTIVE: a service has not confirmed it, and its lease has not run out\n";
}

}  // namespace

void PrintApplied(const Globals& globals, const ApplyResponse& response, bool validate_only) {
  if (globals.json()) {
    Print(AppliedJson(response).dump() + "\n");
    return;
  }
  Table table({"KIND", "NAME", "STATE", "NOTE"});
  bool applied = false;
  for (const ObjectResult& result : response.results()) {
    applied = applied || result.state() == ObjectResult::STATE_APPLIED;
    table.AddRow({KindWord(result.kind()), result.name(), StateWord(result), result.note()});
  }
  Print(table.ToText());
  if (validate_only) {
    Print("checked only: nothing was applied\n");
    return;
  }
  const std::string epoch = "epoch " + std::to_string(response.epoch());
  Print(applied ? EpochText(response) : epoch + ", nothing else is in force than before\n");
  if (!response.waiting_change().empty()) {
    Print("change " + response.waiting_change() + " waits for a second manager, who runs: hangou approve " +
          response.waiting_change() + "\n");
  }
}

}  // namespace hangou
