// One file and how it is published: what `hangou publish` and the agent share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/client/client.h"
#include "libs/importer/mapping.h"
#include "libs/importer/row_encoder.h"
#include "libs/importer/table_input.h"
#include "tools/hangou/file_publish.h"

namespace hangou {

// What is published, and how.
struct PublishJob {
  std::string resource;  // full name
  InputOptions input;
  ImportMapping mapping;
  std::string mapping_text;  // as it was read: part of what a resumed run is bound to
  std::string request_prefix = "hangou";
  std::string rejected;     // path; empty: beside the file
  uint64_t generation = 0;  // of every row; 0: as the rows state it
};

// What came of it.
struct PublishResult {
  PublishCounts counts;
  uint64_t resumed_rows = 0;  // of the counts: done by an earlier run
  std::string rejected;       // path of the file of refused rows; empty where none is refused
  absl::Status status;        // an error ends the run early
};

// Reads the mapping file into the job, and takes from it the usual encoding and sheet. INVALID_REQUEST
// where it is wrong, or for another resource.
absl::Status AddMapping(const std::string& path, PublishJob* job);

// A file opened, and an encoder that suits its columns.
struct OpenedJob {
  std::unique_ptr<TableInput> input;
  std::shared_ptr<const RowEncoder> encoder;
};
absl::StatusOr<OpenedJob> OpenJob(const PublishJob& job, std::shared_ptr<const ResourceSchema> schema);

// Called behind each row with the rows so far and the part of the file that is read.
using OnPublishProgress = std::function<void(uint64_t rows, double part)>;

// Publishes a file, from where an earlier run of the same was interrupted. Where `stop` says so, it ends with the
// rows done so far remembered, and DRAINING. An error before the first row is returned as such.
absl::StatusOr<PublishResult> RunPublishJob(Client& client, const PublishJob& job,
                                            const OnPublishProgress& progress,
                                            const std::function<bool()>& stop);

}  // namespace hangou
