// Flags of every command that reads a department's file.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/flags/flags.h"
#include "tools/hangou/publish_job.h"

namespace hangou {

// Which file, of which resource, and how it is read.
struct FileFlags {
  std::string resource;
  std::string file;
  std::string encoding;
  std::string sheet;
  std::string mapping;
};

// Adds RESOURCE, FILE, --mapping, --encoding and --sheet. `flags` lives until the command line is parsed.
void AddFileFlags(Flags command, FileFlags* flags);
// The job of reading that file. INVALID_REQUEST where the mapping is wrong.
absl::StatusOr<PublishJob> JobOf(const FileFlags& flags);

}  // namespace hangou
