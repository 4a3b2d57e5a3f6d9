#include "libs/base_library/survey.h"

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/base_library/past.h"
#include "libs/base_library/view_tables.h"

namespace hangou {

using hangou::record::v1::StoredRecord;

std::string SurveyCursor::Encode() const {
  std::string text;
  AppendBigEndian(&text, phase, 4);
  AppendBigEndian(&text, static_cast<uint32_t>(partition), 4);
  for (const int64_t count : {records, absent, deleted})
    AppendBigEndian(&text, static_cast<uint64_t>(count), 8);
  return text + after_key;
}

SurveyCursor SurveyCursor::Decode(std::string_view text) {
  HANGOU_CHECK(text.size() >= 32, "a sealed cursor of another length");
  SurveyCursor cursor;
  cursor.phase = static_cast<uint32_t>(ReadBigEndian(text.substr(0, 4)));
  cursor.partition = static_cast<int32_t>(ReadBigEndian(text.substr(4, 4)));
  cursor.records = static_cast<int64_t>(ReadBigEndian(text.substr(8, 8)));
  cursor.absent = static_cast<int64_t>(ReadBigEndian(text.substr(16, 8)));
  cursor.deleted = static_cast<int64_t>(ReadBigEndian(text.substr(24, 8)));
  cursor.after_key = std::string(text.substr(32));
  return cursor;
}

int32_t ResourceSurvey::partitions() const { return library_.options_.partitions; }

double ResourceSurvey::Progress(const SurveyCursor& cursor) const {
  return static_cast<double>(cursor.partition) / static_cast<double>(partitions());
}

absl::Status ResourceSurvey::Walk(SurveyCursor* cursor,
                                  const std::function<bool(const StoredRecord&)>& visit) {
  size_t rows = 0;
  StoredRecord state;
  while (!AtEnd(*cursor)) {
    ASSIGN_OR_RETURN(const auto copy, library_.CopyOf(cursor->partition));
    const std::string prefix = ResourcePrefix(resource_number_, cursor->partition);
    const std::string from = cursor->after_key.empty() ? prefix : cursor->after_key + '\0';
    bool damaged = false;
    bool stopped = false;
    RETURN_IF_ERROR(copy->Scan(kViewRecords, from, prefix, [&](std::string_view key, std::string_view value) {
      cursor->after_key = std::string(key);
      damaged = !state.ParseFromArray(value.data(), static_cast<int>(value.size()));
      if (damaged) return false;
      stopped = ++rows == kSurveyRows;
      if (HeadOf(state).provider() == provider_ && !visit(state)) stopped = true;
      return !stopped;
    }));
    if (damaged) {
      library_.GroupOf(cursor->partition).ReportDamage();
      return DamagedRecord();
    }
    if (stopped) return absl::OkStatus();
    ++cursor->partition;
    cursor->after_key.clear();
  }
  return absl::OkStatus();
}

void ResourceSurvey::WhenCurrent(Library& library, Library::Done done) {
  std::vector<int32_t> all;
  for (int32_t p = 0; p < library.options_.partitions; ++p) all.push_back(p);
  const std::string topic = RecordTopic(library.name());
  const auto ends = library.context_.log.EndOffsets(topic, all);
  if (!ends.ok()) return done(ends.status());
  hangou::record::v1::AccessContext context;
  for (const auto& [partition, end] : *ends) {
    if (end <= library.GroupOf(partition).AppliedEnd(partition)) continue;
    auto* position = context.add_after();
    position->set_log_id(library.context_.log.log_id());
    position->set_topic(topic);
    position->set_partition(partition);
    position->set_offset(end - 1);
  }
  library.WaitForPositions(context, std::move(done));
}

}  // namespace hangou
