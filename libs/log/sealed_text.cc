#include "libs/log/sealed_text.h"

#include <xxhash.h>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {
namespace {

constexpr size_t kSealedBytes = 4096;  // of such a file at most: it has a few short lines

std::string SumLine(const std::string& lines) {
  std::string bytes;
  AppendBigEndian(&bytes, XXH3_64bits(lines.data(), lines.size()), 8);
  return "sum " + Hex(bytes) + "\n";
}

}  // namespace

absl::Status WriteSealedText(const std::string& path, const std::string& lines) {
  return WriteFileDurably(path, lines + SumLine(lines), 0600);
}

absl::StatusOr<std::string> ReadSealedText(const std::string& path, const std::string& first_line) {
  const auto text = ReadFile(path, kSealedBytes);
  if (text.ok()) {
    const size_t sum = text->rfind("sum ");
    const std::string lines = text->substr(0, sum == std::string::npos ? 0 : sum);
    if (lines.rfind(first_line + "\n", 0) == 0 && text->substr(sum) == SumLine(lines)) return lines;
  }
  return MakeError(Reason::kDataLoss, path + " is missing, damaged or of another version; restore it");
}

}  // namespace hangou
