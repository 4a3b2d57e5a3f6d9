// libFuzzer: the first byte chooses a part of a workbook, or all of it; the others are what stands there.
#include "libs/base/status.h"
#include "tests/fuzz/importer_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string wrong =
      hangou::fuzz::CheckPart(data[0], std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  HANGOU_CHECK(wrong.empty(), wrong);
  return 0;
}
