// libFuzzer: the first byte chooses an encoding, the others are a file of text.
#include "libs/base/status.h"
#include "tests/fuzz/importer_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string wrong =
      hangou::fuzz::CheckTextFile(static_cast<hangou::TextEncoding>(data[0] % 4), bytes);
  HANGOU_CHECK(wrong.empty(), wrong);
  return 0;
}
