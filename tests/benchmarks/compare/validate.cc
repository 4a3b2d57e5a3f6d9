// The comparison of checking identifiers.
#include <cstdio>
#include <memory>
#include <random>

#include "libs/base/clock.h"
#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "libs/identifiers/identifiers.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/comparisons.h"
#include "tests/benchmarks/compare/residents.h"

namespace hangou {
namespace {

constexpr unsigned kSeed = 1;
// One in so many is wrong, as in the files of departments.
constexpr int64_t kWrongEvery = 20;

struct Item {
  IdentifierType type;
  std::string value;
};

std::string CreditCodeOf(std::mt19937& random) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  std::uniform_int_distribution<size_t> place(0, kAlphabet.size() - 1);
  std::string organisation;
  for (int i = 0; i < 8; ++i) organisation += kAlphabet[place(random)];
  const std::string code = "91321002" + organisation + OrganizationCodeCheck(organisation);
  return code + UsccCheck(code);
}

// Citizen ids and credit codes in turn, in which one digit of some is another.
std::vector<Item> ItemsOf(int64_t count) {
  std::mt19937 random(kSeed);
  std::vector<Item> items;
  for (int64_t i = 0; i < count; ++i) {
    const bool person = i % 2 == 0;
    Item item{person ? IdentifierType::kCitizenId : IdentifierType::kUscc,
              person ? ResidentIdOf(i) : CreditCodeOf(random)};
    if (i % kWrongEvery == 0) item.value[10] = item.value[10] == '1' ? '2' : '1';
    items.push_back(std::move(item));
  }
  return items;
}

struct Checked {
  int64_t valid = 0;
  double seconds = 0;
};

Checked CheckOurs(const std::vector<Item>& items, int32_t today) {
  Checked checked;
  const Stopwatch watch;
  for (const Item& item : items) checked.valid += CheckIdentifier(item.type, item.value, today).ok() ? 1 : 0;
  checked.seconds = watch.Seconds();
  return checked;
}

absl::StatusOr<Checked> CheckTheirs(const std::string& script, const std::string& file) {
  const std::string command = "/usr/bin/python3 -B '" + script + "' '" + file + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  if (pipe == nullptr) return absl::UnavailableError("python3 does not start");
  Checked checked;
  long long valid = 0;
  if (std::fscanf(pipe.get(), "%lld %lf", &valid, &checked.seconds) != 2)
    return absl::UnavailableError("python-stdnum does not answer; it is Debian's package python3-stdnum");
  checked.valid = valid;
  return checked;
}

}  // namespace

absl::Status CompareValidate(const CompareOptions& options) {
  const std::vector<Item> items = ItemsOf(options.records);
  std::string lines;
  for (const Item& item : items)
    lines += std::string(IdentifierTypeName(item.type)) + "\t" + item.value + "\n";
  const TempFolder folder;
  const std::string file = folder.path() + "/identifiers.tsv";
  RETURN_IF_ERROR(WriteFileDurably(file, lines, 0600));
  const int32_t today = DayInChina(SystemClock().UtcUs());
  Comparison comparison("validate.stdnum", "identifiers/s");
  for (int run = 0; run < options.runs; ++run) {
    const Checked ours = CheckOurs(items, today);
    ASSIGN_OR_RETURN(const Checked theirs, CheckTheirs(options.stdnum, file));
    if (ours.valid != theirs.valid) {
      return absl::InternalError("valid here " + std::to_string(ours.valid) + ", there " +
                                 std::to_string(theirs.valid));
    }
    const auto count = static_cast<double>(items.size());
    comparison.Add(count / ours.seconds, count / theirs.seconds);
  }
  std::printf("%s\n", comparison.ResultLine().c_str());
  return absl::OkStatus();
}

}  // namespace hangou
