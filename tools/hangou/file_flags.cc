#include "tools/hangou/file_flags.h"

#include "libs/base/status.h"

namespace hangou {

void AddFileFlags(Flags command, FileFlags* flags) {
  command.Add("RESOURCE", &flags->resource, "resource, such as psb.resident").Required();
  command.Add("FILE", &flags->file, "file.csv, file.ndjson, file.xlsx, or - for standard input").Required();
  command.Add("--mapping", &flags->mapping, "mapping.yaml: which column is which field, units, values");
  command.Add("--sheet", &flags->sheet, "sheet of a workbook; the first");
  command.Add("--encoding", &flags->encoding, "encoding of a text file; told by its content")
      .OneOf({"utf-8", "utf-16le", "utf-16be", "gb18030"});
}

absl::StatusOr<PublishJob> JobOf(const FileFlags& flags) {
  PublishJob job;
  job.resource = FullResourceName(flags.resource);
  job.input.path = flags.file;
  job.input.sheet = flags.sheet;
  if (!flags.encoding.empty()) job.input.encoding = TextEncodingFromName(flags.encoding);
  if (!flags.mapping.empty()) RETURN_IF_ERROR(AddMapping(flags.mapping, &job));
  return job;
}

}  // namespace hangou
