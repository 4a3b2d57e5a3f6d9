// A folder for one test, removed with everything in it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "libs/base/status.h"

namespace hangou {

// Makes a fresh folder below ${TMPDIR:-/tmp} and removes it at the end of its scope. For tests. Crashes where
// none can be made.
class TempFolder {
 public:
  TempFolder() {
    const char* base = ::getenv("TMPDIR");
    path_ = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/hangou-test-XXXXXX";
    HANGOU_CHECK(::mkdtemp(path_.data()) != nullptr, "cannot make a folder below TMPDIR");
  }
  ~TempFolder() {
    std::error_code ignored;  // what cannot be removed is not this test's failure
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  // Absolute path, without a slash at its end.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace hangou
