#include "tools/citygen/gaps.h"

#include "libs/base/status.h"
#include "tools/citygen/defects.h"

namespace hangou {
namespace {

absl::Status WriteParameters(const std::string& folder) {
  std::ofstream out;
  RETURN_IF_ERROR(CreateFile(folder + "/parameters.csv", &out));
  out << "parameter,rules,value,unit,valid_from,valid_to,legal_basis\n";
  for (const Parameter& parameter : Parameters()) {
    out << parameter.name << ',' << parameter.rules << ',' << parameter.value << ',' << parameter.unit << ','
        << parameter.valid_from << ",," << parameter.legal_basis << '\n';
  }
  return FinishFile(&out);
}

int64_t ValueOf(std::string_view name) {
  for (const Parameter& parameter : Parameters()) {
    if (parameter.name == name) return parameter.value;
  }
  HANGOU_CHECK(false, "no such parameter");
  return 0;
}

}  // namespace

absl::Status Gaps::Open(const std::string& folder) {
  RETURN_IF_ERROR(WriteParameters(folder));
  RETURN_IF_ERROR(CreateFile(folder + "/gaps.csv", &out_));
  out_ << "rule,kind,subject,key,period,amount_fen,rates\n";
  return absl::OkStatus();
}

void Gaps::Add(const Gap& gap, std::initializer_list<std::string_view> rates) {
  if (gap.plant == Plant::kNone) return;
  out_ << RuleName(gap.rule) << (gap.plant == Plant::kHit ? ",hit," : ",near_miss,") << gap.subject << ','
       << gap.key << ',' << gap.period << ',' << gap.amount << ',';
  bool first = true;
  for (const std::string_view name : rates) {
    out_ << (first ? "" : ";") << name << '=' << ValueOf(name);
    first = false;
  }
  out_ << '\n';
}

absl::Status Gaps::Close() { return FinishFile(&out_); }

}  // namespace hangou
