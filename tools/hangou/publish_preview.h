// What a publish would send, without sending it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/hangou/publish_job.h"

namespace hangou {

// Rows that a preview shows as they would be sent.
constexpr size_t kPreviewedRows = 5;

// What a look through a file found.
struct PublishPreview {
  std::string input;                           // how the file is read
  std::vector<ColumnUse> uses;                 // of its columns
  std::vector<std::string> head;               // titles of the fields
  std::vector<std::vector<std::string>> rows;  // the first, by field
  uint64_t checked = 0;
  uint64_t refused = 0;
  // Rows by reason, field and message; of several reasons of a row the first counts.
  std::map<std::vector<std::string>, uint64_t> problems;
};

// The schema of a resource with its code lists, so that all its rules can be checked here.
absl::StatusOr<std::shared_ptr<const ResourceSchema>> SchemaWithCodes(Client& client,
                                                                      const std::string& resource);

// Looks through the first `most_rows` rows of the file; 0: all.
absl::StatusOr<PublishPreview> PreviewJob(const PublishJob& job, std::shared_ptr<const ResourceSchema> schema,
                                          uint64_t most_rows);

// For people, and as one line of JSON.
std::string PreviewText(const PublishPreview& preview, size_t columns);
std::string PreviewJson(const PublishPreview& preview);

}  // namespace hangou
