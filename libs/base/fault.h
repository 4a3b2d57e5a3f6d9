// Fault points: places where a test can make the machine fail. One relaxed load where none is set.
#pragma once

#include <array>
#include <atomic>

namespace hangou {

// The places that can fail.
enum class FaultPoint { kLogWrite, kLogSync, kAuditWrite, kAuditSync, kStoreWrite, kCount };

namespace fault_internal {
extern std::array<std::atomic<int>, static_cast<size_t>(FaultPoint::kCount)> error_numbers;
}

// The errno that a place shall fail with; 0 where it shall not.
inline int FaultAt(FaultPoint point) {
  return fault_internal::error_numbers[static_cast<size_t>(point)].load(std::memory_order_relaxed);
}

// Makes a place fail with an errno, or work again with 0. For tests.
inline void SetFault(FaultPoint point, int error_number) {
  fault_internal::error_numbers[static_cast<size_t>(point)].store(error_number);
}

// Reads HANGOU_FAULT ("log_sync=5,audit_write=28": place=errno) so that a test can make a process fail.
// Returns false where the text is not understood.
bool SetFaultsFromText(const char* text);

}  // namespace hangou
