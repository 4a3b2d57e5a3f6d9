#include "libs/base/fault.h"

#include <charconv>
#include <string_view>

namespace hangou {

namespace fault_internal {
std::array<std::atomic<int>, static_cast<size_t>(FaultPoint::kCount)> error_numbers{};
}

bool SetFaultsFromText(const char* text) {
  static constexpr std::string_view kNames[] = {"log_write", "log_sync", "audit_write", "audit_sync",
                                                "store_write"};
  std::string_view rest(text);
  while (!rest.empty()) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos) return false;
    int error_number = 0;
    const std::string_view value = item.substr(equals + 1);
    if (std::from_chars(value.data(), value.data() + value.size(), error_number).ec != std::errc())
      return false;
    bool found = false;
    for (size_t i = 0; i < std::size(kNames); ++i) {
      if (kNames[i] != item.substr(0, equals)) continue;
      fault_internal::error_numbers[i].store(error_number);
      found = true;
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace hangou
