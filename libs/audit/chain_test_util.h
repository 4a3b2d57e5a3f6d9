// What the tests of the audit chain share.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "libs/audit/chain.h"
#include "libs/base/status.h"

namespace hangou {

// Opens the chain in a folder, which must succeed.
inline std::unique_ptr<AuditChain> MustOpenChain(const std::string& folder) {
  auto chain = AuditChain::Open(folder, "test", SystemClock());
  INFO(chain.status().ToString());
  REQUIRE(chain.ok());
  return std::move(chain).value();
}

// An entry that tells its number in its subject.
inline hangou::audit::v1::Entry NumberedEntry(uint64_t number) {
  hangou::audit::v1::Entry entry;
  entry.set_action(hangou::audit::v1::ACTION_READ);
  entry.set_allowed(true);
  entry.set_purpose("certificate");
  entry.set_subject(std::to_string(number));
  return entry;
}

inline void AppendNumbered(AuditChain& chain, uint64_t first, uint64_t last) {
  for (uint64_t number = first; number <= last; ++number) {
    REQUIRE(chain.AppendAndWait(NumberedEntry(number)).ok());
  }
}

// The content of a stored entry.
inline hangou::audit::v1::Entry Parsed(const StoredAuditEntry& stored) {
  hangou::audit::v1::Entry entry;
  REQUIRE(entry.ParseFromString(stored.entry));
  return entry;
}

// Everything in a chain, verified.
inline std::vector<StoredAuditEntry> ReadAll(const AuditChain& chain) {
  auto entries = chain.Read(1, SIZE_MAX);
  INFO(entries.status().ToString());
  REQUIRE(entries.ok());
  ChainVerifier verifier;
  for (const StoredAuditEntry& entry : *entries) REQUIRE(verifier.Add(entry).ok());
  REQUIRE(verifier.verified() == chain.newest_sequence());
  return std::move(entries).value();
}

inline std::string FileContent(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

inline void SetFileContent(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// Files of a folder whose names end so, in order.
inline std::vector<std::string> FilesEnding(const std::string& folder, std::string_view end) {
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().string().ends_with(end)) files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace hangou
