#include "tools/hangou/reconciliation.h"

#include <xxhash.h>

#include <tuple>

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace hangou {

namespace base_library_v1 = hangou::base_library::v1;

namespace {

// The newest version of a record that the file has.
struct NewestRow {
  uint64_t generation = 0;
  uint64_t version = 0;
  uint64_t hash_low = 0;
  uint64_t hash_high = 0;
  const RecordBucket* bucket = nullptr;
};

int64_t EventUs(const hangou::record::v1::Record& record) {
  if (!record.has_event_time()) return 0;
  return record.event_time().seconds() * kUsPerSecond + record.event_time().nanos() / 1000;
}

// Collects the rows of a file.
class SourceReader {
 public:
  explicit SourceReader(std::shared_ptr<const ResourceSchema> schema) : schema_(std::move(schema)) {}

  absl::Status Add(const RowEncoder& encoder, const Row& row) {
    ++totals_.rows;
    hangou::record::v1::Record record;
    RowProblem problem;
    if (!encoder.Encode(row, &record, &problem)) return Refuse(problem.reason);
    AdmittedRecord admitted;
    if (!AdmitPayload(*schema_, record.payload(), SystemClock().UtcUs(), &slices_, &admitted, &violations_))
      return Refuse(std::string(ReasonName(violations_[0].reason)));
    NewestRow newest{record.generation(),
                     admitted.field_version != 0 ? admitted.field_version : record.source_version(),
                     admitted.content_hash_low, admitted.content_hash_high,
                     &*buckets_.insert(BucketOf(*schema_, slices_, EventUs(record))).first};
    const auto [place, fresh] = rows_.try_emplace(IdentityOf(admitted), newest);
    if (!fresh) {
      ++totals_.repeated;
      const auto order = [](const NewestRow& r) { return std::tuple(r.generation, r.version); };
      if (order(newest) >= order(place->second)) place->second = newest;
    }
    if (rows_.size() <= kReconciledRecords) return absl::OkStatus();
    return MakeError(Reason::kBatchTooLarge,
                     "the file has more than 20,000,000 records; reconcile it in parts, by division");
  }

  SourceTotals Take() {
    for (const auto& [identity, row] : rows_) totals_.buckets[*row.bucket].Add(row.hash_low, row.hash_high);
    return std::move(totals_);
  }

 private:
  absl::Status Refuse(const std::string& reason) {
    ++totals_.refused;
    ++totals_.by_reason[reason];
    return absl::OkStatus();
  }

  const std::shared_ptr<const ResourceSchema> schema_;
  SourceTotals totals_;
  std::set<RecordBucket> buckets_;
  std::unordered_map<uint64_t, NewestRow> rows_;
  std::vector<FieldSlice> slices_;
  std::vector<FieldViolation> violations_;
};

}  // namespace

uint64_t IdentityOf(const AdmittedRecord& record) {
  const std::string identity = record.owner_key + '\0' + record.record_key;
  return XXH3_64bits(identity.data(), identity.size());
}

absl::StatusOr<SourceTotals> ReadSource(const PublishJob& job, std::shared_ptr<const ResourceSchema> schema,
                                        const OnPublishProgress& progress) {
  ASSIGN_OR_RETURN(const OpenedJob opened, OpenJob(job, schema));
  SourceReader reader(std::move(schema));
  Row row;
  for (uint64_t rows = 1;; ++rows) {
    ASSIGN_OR_RETURN(const bool some, opened.input->rows().Next(&row));
    if (!some) return reader.Take();
    RETURN_IF_ERROR(reader.Add(*opened.encoder, row));
    progress(rows, opened.input->PartRead());
  }
}

absl::StatusOr<StoredTotals> ReadStored(Client& client, const std::string& resource,
                                        const OnPublishProgress& progress) {
  StoredTotals totals;
  std::map<std::tuple<std::string, std::string, std::string>, int64_t> broken;
  base_library_v1::ReconcileRequest request;
  request.set_resource(resource);
  uint64_t records = 0;
  do {
    ASSIGN_OR_RETURN(const auto page, client.Reconcile(request));
    for (const auto& line : page.buckets()) {
      BucketTotals& bucket = totals.buckets[{line.day(), line.division()}];
      bucket.records += line.records();
      bucket.digest_low += line.digest_low();
      bucket.digest_high += line.digest_high();
      records += static_cast<uint64_t>(line.records());
    }
    totals.deleted += page.deleted();
    totals.recalled += page.recalled();
    for (const auto& rule : page.broken_rules())
      broken[{rule.reason(), rule.field(), rule.message()}] += rule.records();
    progress(records, page.progress());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  for (const auto& [rule, count] : broken) {
    base_library_v1::ReconcileResponse::BrokenRule line;
    line.set_reason(std::get<0>(rule));
    line.set_field(std::get<1>(rule));
    line.set_message(std::get<2>(rule));
    line.set_records(count);
    totals.broken_rules.push_back(std::move(line));
  }
  return totals;
}

std::vector<BucketDifference> Differences(const SourceTotals& source, const StoredTotals& stored) {
  std::vector<BucketDifference> differences;
  const auto totals_of = [](const auto& buckets, const RecordBucket& bucket) {
    const auto found = buckets.find(bucket);
    return found == buckets.end() ? BucketTotals{} : found->second;
  };
  std::set<RecordBucket> all;
  for (const auto& [bucket, totals] : source.buckets) all.insert(bucket);
  for (const auto& [bucket, totals] : stored.buckets) all.insert(bucket);
  for (const RecordBucket& bucket : all) {
    const BucketTotals a = totals_of(source.buckets, bucket);
    const BucketTotals b = totals_of(stored.buckets, bucket);
    if (a != b) differences.push_back({bucket, a.records, b.records});
  }
  return differences;
}

}  // namespace hangou
