#include "libs/base_library/quality.h"

#include <algorithm>
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/base/text.h"

namespace hangou {

namespace v1 = hangou::base_library::v1;

namespace {

constexpr int64_t kQualityFlushUs = kUsPerSecond;

void SetTime(int64_t us, google::protobuf::Timestamp* time) {
  time->set_seconds(us / kUsPerSecond);
  time->set_nanos(static_cast<int32_t>(us % kUsPerSecond * 1000));
}

void CountRefusal(const hangou::record::v1::Violation& violation, v1::GetQualityResponse::Day* day) {
  for (auto& refusal : *day->mutable_refusals()) {
    if (refusal.reason() == violation.reason() && refusal.field() == violation.field()) {
      refusal.set_records(refusal.records() + 1);
      return;
    }
  }
  if (static_cast<size_t>(day->refusals_size()) == kQualityRules) return;
  auto* refusal = day->add_refusals();
  refusal->set_reason(violation.reason());
  refusal->set_field(violation.field());
  refusal->set_records(1);
}

// Refused for the moment only: the publisher sends it again, and what becomes of it is counted then.
bool IsSentAgain(const v1::RecordOutcome& outcome) {
  if (outcome.outcome() != v1::OUTCOME_REFUSED || outcome.violations().empty()) return false;
  const auto reason = ReasonFromName(outcome.violations(0).reason());
  return reason && ReasonCode(*reason) == absl::StatusCode::kUnavailable;
}

}  // namespace

QualityBook::QualityBook(std::string library, Store& store, int count_table, int quarantine_table,
                         const Clock& clock)
    : library_(std::move(library)),
      store_(store),
      count_table_(count_table),
      quarantine_table_(quarantine_table),
      clock_(clock) {
  Load();
}

std::string QualityBook::Prefix(const std::string& department, const std::string& resource) const {
  std::string prefix = library_;
  prefix.append(1, '\0').append(department).append(1, '\0').append(resource).append(1, '\0');
  return prefix;
}

std::string QualityBook::CountRowKey(const std::string& department, const std::string& resource,
                                     int32_t day) const {
  std::string key = Prefix(department, resource);
  AppendBigEndian(&key, static_cast<uint32_t>(day), 4);
  return key;
}

QualityBook::~QualityBook() { Flush().IgnoreError(); }

void QualityBook::Load() {
  MutexLock lock(mutex_);
  const std::string own = library_ + '\0';
  const auto split = [&](std::string_view key, ResourceKey* resource) {
    key.remove_prefix(own.size());
    const size_t first = key.find('\0');
    const size_t second = key.find('\0', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return false;
    *resource = {std::string(key.substr(0, first)), std::string(key.substr(first + 1, second - first - 1))};
    return true;
  };
  ResourceKey resource;
  v1::GetQualityResponse::Day day;
  const auto count = [&](std::string_view key, std::string_view value) HANGOU_REQUIRES(mutex_) {
    if (split(key, &resource) && day.ParseFromArray(value.data(), static_cast<int>(value.size())))
      counts_[{resource.first, resource.second, day.day()}] = day;
    return true;
  };
  const auto quarantine = [&](std::string_view key, std::string_view) HANGOU_REQUIRES(mutex_) {
    if (split(key, &resource)) ++quarantined_[resource];
    return true;
  };
  // Without its former counts it counts from now on.
  store_.Scan(count_table_, own, own, count).IgnoreError();
  store_.Scan(quarantine_table_, own, own, quarantine).IgnoreError();
}

void QualityBook::Count(const std::string& department, const std::string& resource,
                        const v1::PublishRequest* request, const v1::PublishResponse& response) {
  const int64_t now_us = clock_.UtcUs();
  const CountKey key(department, resource, DayInChina(now_us));
  MutexLock lock(mutex_);
  bool refused = false;
  for (const v1::RecordOutcome& outcome : response.outcomes()) {
    if (IsSentAgain(outcome)) continue;
    CountOne(key, outcome);
    if (outcome.outcome() == v1::OUTCOME_ACCEPTED) last_accepted_us_[{department, resource}] = now_us;
    refused |= outcome.outcome() == v1::OUTCOME_REFUSED;
  }
  changed_.insert(key);
  if (refused && request != nullptr) Quarantine({department, resource}, now_us, *request, response);
  const bool due = clock_.BootUs() - flushed_boot_us_ > kQualityFlushUs;
  if (due || pending_bytes_ > kQuarantinePendingBytes) FlushLocked().IgnoreError();
}

void QualityBook::CountOne(const CountKey& key, const v1::RecordOutcome& outcome) {
  v1::GetQualityResponse::Day& day = counts_[key];
  day.set_resource(std::get<1>(key));
  day.set_day(std::get<2>(key));
  switch (outcome.outcome()) {
    case v1::OUTCOME_ACCEPTED:
      return day.set_accepted(day.accepted() + 1);
    case v1::OUTCOME_DUPLICATE:
      return day.set_duplicate(day.duplicate() + 1);
    case v1::OUTCOME_STALE:
      return day.set_stale(day.stale() + 1);
    case v1::OUTCOME_CONFLICT:
      return day.set_conflict(day.conflict() + 1);
    default:
      day.set_refused(day.refused() + 1);
      for (const auto& violation : outcome.violations()) CountRefusal(violation, &day);
  }
}

void QualityBook::Quarantine(const ResourceKey& key, int64_t now_us, const v1::PublishRequest& request,
                             const v1::PublishResponse& response) {
  for (int i = 0; i < response.outcomes_size() && i < request.records_size(); ++i) {
    if (response.outcomes(i).outcome() != v1::OUTCOME_REFUSED || IsSentAgain(response.outcomes(i))) continue;
    v1::ListQuarantineResponse::Item item;
    SetTime(now_us, item.mutable_refuse_time());
    item.set_request_id(request.request_id());
    item.set_place(static_cast<uint32_t>(i));
    if (request.records(i).payload().size() <= limits::kRecordBytes)
      item.set_payload(request.records(i).payload());
    *item.mutable_violations() = response.outcomes(i).violations();
    std::string row = Prefix(key.first, key.second);
    AppendBigEndian(&row, static_cast<uint64_t>(now_us), 8);
    AppendBigEndian(&row, ++sequence_, 4);
    std::string value = item.SerializeAsString();
    pending_bytes_ += row.size() + value.size();
    pending_.Put(quarantine_table_, std::move(row), std::move(value));
    ++quarantined_[key];
  }
}

absl::Status QualityBook::Flush() {
  MutexLock lock(mutex_);
  return FlushLocked();
}

absl::Status QualityBook::FlushLocked() {
  flushed_boot_us_ = clock_.BootUs();
  StoreBatch batch = std::exchange(pending_, {});
  pending_bytes_ = 0;
  for (const CountKey& key : changed_) {
    const auto& [department, resource, day] = key;
    batch.Put(count_table_, CountRowKey(department, resource, day), counts_[key].SerializeAsString());
  }
  if (batch.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(Expire(&batch));
  RETURN_IF_ERROR(store_.Write(batch));
  changed_.clear();
  return absl::OkStatus();
}

absl::Status QualityBook::Expire(StoreBatch* batch) {
  const int64_t now_us = clock_.UtcUs();
  const int32_t oldest_day = DayInChina(now_us) - kQualityDays;
  std::erase_if(counts_, [&](const auto& count) {
    const auto& [department, resource, day] = count.first;
    if (day >= oldest_day) return false;
    batch->Delete(count_table_, CountRowKey(department, resource, day));
    return true;
  });
  const int64_t oldest_us = now_us - kQuarantineDays * kUsPerDay;
  for (auto& [key, rows] : quarantined_) {
    const std::string prefix = Prefix(key.first, key.second);
    std::vector<std::string> gone;
    RETURN_IF_ERROR(
        store_.Scan(quarantine_table_, prefix, prefix, [&](std::string_view row, std::string_view) {
          const bool old = static_cast<int64_t>(ReadBigEndian(row.substr(prefix.size(), 8))) < oldest_us;
          if (!old && rows <= gone.size() + kQuarantineRecords) return false;
          gone.emplace_back(row);
          return true;
        }));
    rows -= std::min(rows, gone.size());
    for (std::string& row : gone) batch->Delete(quarantine_table_, std::move(row));
  }
  return absl::OkStatus();
}

std::vector<v1::GetQualityResponse::Day> QualityBook::Days(const std::string& department,
                                                           const std::string& resource, int32_t days) const {
  const int32_t today = DayInChina(clock_.UtcUs());
  std::vector<v1::GetQualityResponse::Day> found;
  MutexLock lock(mutex_);
  for (int32_t day = today; day > today - days; --day) {
    const auto count = counts_.find({department, resource, day});
    if (count != counts_.end()) found.push_back(count->second);
  }
  return found;
}

int64_t QualityBook::LastAcceptedUs(const std::string& department, const std::string& resource) const {
  MutexLock lock(mutex_);
  const auto last = last_accepted_us_.find({department, resource});
  if (last != last_accepted_us_.end()) return last->second;
  // From before the start the day is known: its end.
  for (auto count = counts_.rbegin(); count != counts_.rend(); ++count) {
    const auto& [of_department, of_resource, day] = count->first;
    if (of_department == department && of_resource == resource && count->second.accepted() > 0)
      return std::min(clock_.UtcUs(), ChinaDayStartUs(day + 1));
  }
  return 0;
}

absl::StatusOr<std::string> QualityBook::ListQuarantine(const std::string& department,
                                                        const std::string& resource, const std::string& after,
                                                        size_t at_most,
                                                        v1::ListQuarantineResponse* response) {
  RETURN_IF_ERROR(Flush());
  const std::string prefix = Prefix(department, resource);
  const std::string from = after.empty() ? prefix : prefix + after + '\0';
  std::string last;
  bool more = false;
  size_t bytes = 0;
  RETURN_IF_ERROR(
      store_.Scan(quarantine_table_, from, prefix, [&](std::string_view key, std::string_view value) {
        more = static_cast<size_t>(response->items_size()) == at_most || bytes > limits::kReplyBytes;
        if (more) return false;
        // A damaged one is of no use to anyone.
        auto* item = response->add_items();
        if (!item->ParseFromArray(value.data(), static_cast<int>(value.size())))
          response->mutable_items()->RemoveLast();
        bytes += value.size();
        last = std::string(key.substr(prefix.size()));
        return true;
      }));
  return more ? last : std::string();
}

absl::Status QualityBook::ClearQuarantine(const std::string& department, const std::string& resource) {
  MutexLock lock(mutex_);
  RETURN_IF_ERROR(FlushLocked());
  const std::string prefix = Prefix(department, resource);
  StoreBatch batch;
  RETURN_IF_ERROR(store_.Scan(quarantine_table_, prefix, prefix, [&](std::string_view key, std::string_view) {
    batch.Delete(quarantine_table_, std::string(key));
    return true;
  }));
  if (!batch.empty()) RETURN_IF_ERROR(store_.Write(batch));
  quarantined_.erase({department, resource});
  return absl::OkStatus();
}

int64_t UpdateDueUs(const std::string& update_cycle, int64_t last_us) {
  static const std::map<std::string, int32_t> kDays = {{"real_time", 1}, {"daily", 1},      {"weekly", 7},
                                                       {"monthly", 31},  {"quarterly", 92}, {"yearly", 366}};
  const auto days = kDays.find(update_cycle);
  if (days == kDays.end() || last_us == 0) return 0;
  // The end of the day on which the period ends.
  return ChinaDayStartUs(DayInChina(last_us) + days->second + 1);
}

}  // namespace hangou
