// libFuzzer: the first byte chooses a schema, the others are the payload.
#include <array>
#include <memory>

#include "tests/fuzz/walker_check.h"

namespace {

constexpr size_t kSubjects = 16;

hangou::fuzz::Subject& SubjectOf(uint8_t seed) {
  static std::array<std::unique_ptr<hangou::fuzz::Subject>, kSubjects> subjects;
  auto& subject = subjects[seed % kSubjects];
  if (subject == nullptr) subject = std::make_unique<hangou::fuzz::Subject>(seed % kSubjects);
  return *subject;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view payload(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string wrong = hangou::fuzz::CheckWalk(SubjectOf(data[0]), payload);
  HANGOU_CHECK(wrong.empty(), wrong);
  return 0;
}
