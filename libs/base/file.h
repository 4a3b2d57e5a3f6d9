// Files, as far as several libraries need them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hangou {

// The whole content of a file of at most `max_bytes` bytes.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_bytes = 64 << 20);
// Replaces a file as a whole and durably: written beside, fsynced, renamed, folder fsynced. `mode` is its
// permission bits, 0600 for secrets.
absl::Status WriteFileDurably(const std::string& path, std::string_view content, int mode);
// Makes what was created or renamed in a folder durable.
absl::Status SyncFolder(const std::string& path);
// Makes a folder that has only files durable with their content. It is not named durably until the one above is
// synced.
absl::Status SyncFiles(const std::string& path);
// Creates a folder and those above it, with mode 0700 where new.
absl::Status MakeFolders(const std::string& path);
// Lets this process open up to `wanted` files, or as many as the system allows; returns how many that is.
int64_t RaiseOpenFileLimit(int64_t wanted);

}  // namespace hangou
