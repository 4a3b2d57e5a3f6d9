// libFuzzer: the first byte chooses a field, the others are its text, and the first eight of them a number.
#include <cstring>

#include "libs/base/status.h"
#include "tests/fuzz/text_codec_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string wrong = hangou::fuzz::CheckText(data[0], text);
  HANGOU_CHECK(wrong.empty(), wrong);
  int64_t value = 0;
  std::memcpy(&value, text.data(), std::min(text.size(), sizeof(value)));
  wrong = hangou::fuzz::CheckScalar(data[0], value);
  HANGOU_CHECK(wrong.empty(), wrong);
  return 0;
}
