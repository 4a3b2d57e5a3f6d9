// Projections over restarts of their process: what is taken up, what is made anew, and what is removed.
#include "services/comparison/projections.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <thread>

#include "libs/base/file.h"
#include "libs/base/temp_folder.h"
#include "services/comparison/records_for_test.h"

namespace hangou {
namespace {

using comparison_test::NotedByPerson;
using comparison_test::NotedLog;
using comparison_test::NotedResidents;

constexpr int64_t kWaitMs = 60'000;
constexpr size_t kSmallBudgetBytes = 8 << 20;

// A log that notes where its readers begin.
class WatchedLog final : public Log {
 public:
  explicit WatchedLog(Log& log) : log_(log) {}
  const std::string& log_id() const override { return log_.log_id(); }
  absl::Status EnsureTopic(const std::string& topic, int32_t partitions) override {
    return log_.EnsureTopic(topic, partitions);
  }
  void Append(const std::string& topic, int32_t partition, std::vector<LogEntry> entries,
              AppendDone done) override {
    log_.Append(topic, partition, std::move(entries), std::move(done));
  }
  absl::StatusOr<std::map<int32_t, int64_t>> EndOffsets(const std::string& topic,
                                                        const std::vector<int32_t>& partitions) override {
    return log_.EndOffsets(topic, partitions);
  }
  absl::StatusOr<std::unique_ptr<LogReader>> OpenReader(const std::string& topic,
                                                        std::map<int32_t, int64_t> from,
                                                        ReadPace pace) override {
    {
      MutexLock lock(mutex_);
      begun_.push_back(from.at(0));
    }
    return log_.OpenReader(topic, std::move(from), pace);
  }
  std::unique_ptr<Candidacy> Campaign(const std::string& name,
                                      std::function<void(bool leads)> changed) override {
    return log_.Campaign(name, std::move(changed));
  }
  // Offsets of partition 0 at which readers have begun.
  std::vector<int64_t> begun() const {
    MutexLock lock(mutex_);
    return begun_;
  }

 private:
  Log& log_;
  mutable Mutex mutex_;
  std::vector<int64_t> begun_ HANGOU_GUARDED_BY(mutex_);
};

// A process of comparison that wants one projection: of records that the department provides itself.
class RestartedProcess {
 public:
  RestartedProcess(NotedLog& records, const std::string& folder,
                   const hangou::catalog::v1::Resource& resource = NotedResidents())
      : log_(records.log()) {
    Install(resource, 1);
    auto opened = Projections::Open({log_,
                                     policy_,
                                     SystemClock(),
                                     MakeStoreBudget(kSmallBudgetBytes),
                                     folder,
                                     comparison_test::kTestPartitions,
                                     {},
                                     {}});
    INFO(opened.status());
    REQUIRE(opened.ok());
    projections_ = *std::move(opened);
    projections_->WantOnly({NotedByPerson()});
  }
  void Install(const hangou::catalog::v1::Resource& resource, uint64_t epoch) {
    PolicyObjects objects;
    objects.departments["psb"].set_name("psb");
    objects.purposes["check"].set_name("check");
    objects.purposes["check"].add_departments("psb");
    if (resource.fields_size() > 0) objects.resources[resource.name()] = resource;
    policy_.Install(PolicySnapshot::Compile(objects, epoch).value());
    policy_.Renew(SystemClock().BootUs(), epoch, 1'000'000);
  }
  Projections& projections() { return *projections_; }
  std::vector<int64_t> begun() const { return log_.begun(); }
  // What a run reads.
  absl::StatusOr<comparison_test::NotedRows> Rows() {
    ASSIGN_OR_RETURN(const auto fed, projections_->Await(NotedByPerson(), kWaitMs));
    const auto view = fed->rows().Read();
    if (!view.ok()) return projections_->AfterRun(view.status(), {NotedByPerson()}, {});
    auto rows = comparison_test::RowsOf(*view, fed->rows().partitions());
    if (!rows.ok()) return projections_->AfterRun(rows.status(), {NotedByPerson()}, {*view});
    return rows;
  }

 private:
  WatchedLog log_;
  PolicyHolder policy_{SystemClock()};
  std::unique_ptr<Projections> projections_;
};

// A column of the only segment that there is.
std::string OnlyColumn(const std::string& folder) {
  std::string found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename() != "column_note") continue;
    REQUIRE(found.empty());
    found = entry.path();
  }
  REQUIRE_FALSE(found.empty());
  return found;
}

// Asks until it holds; false where it does not in time. Nothing tells when files are gone.
bool Within(const std::function<bool()>& holds) {
  const int64_t deadline_us = SystemClock().BootUs() + kWaitMs * kUsPerMs;
  while (!holds()) {
    if (SystemClock().BootUs() > deadline_us) return false;
    std::this_thread::yield();
  }
  return true;
}

// Folders of projections.
int Folders(const std::string& folder) {
  int folders = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    folders += entry.path().filename() == "kept" ? 0 : 1;
  return folders;
}

// Records, read once by a process that has stopped.
struct StoppedProcess {
  StoppedProcess() {
    for (int record = 0; record < 10; ++record)
      records.Publish(record, record % 4, "note " + std::to_string(record));
    RestartedProcess process(records, path);
    REQUIRE(*process.Rows() == records.rows());
    CHECK(process.begun() == std::vector<int64_t>{0});
  }
  TempFolder folder;
  const std::string path = folder.path() + "/view";
  NotedLog records;
};

}  // namespace

TEST_CASE("After a restart projections go on from where they were") {
  StoppedProcess stopped;
  stopped.records.Publish(0, 3, "moved meanwhile");
  RestartedProcess again(stopped.records, stopped.path);
  CHECK(*again.Rows() == stopped.records.rows());
  CHECK(again.begun() == std::vector<int64_t>{5});
}

TEST_CASE(
    "A byte that is wrong in a segment is told by the run that meets it, and the next one has all rows") {
  StoppedProcess stopped;
  const std::string column = OnlyColumn(stopped.path);
  std::string bytes = *ReadFile(column);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  REQUIRE(WriteFileDurably(column, bytes, 0600).ok());
  RestartedProcess again(stopped.records, stopped.path);
  const absl::Status damaged = again.Rows().status();
  CHECK(ReasonOf(damaged) == Reason::kDataLoss);
  CHECK(std::string(Message(damaged)).find("psb.resident") != std::string::npos);
  CHECK(std::string(Message(damaged)).find("made anew") != std::string::npos);
  // It may be that the damaged one is not taken away yet.
  auto rows = again.Rows();
  CHECK(Within([&] {
    rows = again.Rows();
    return rows.ok();
  }));
  REQUIRE(rows.ok());
  CHECK(*rows == stopped.records.rows());
  CHECK(again.begun() == std::vector<int64_t>{5, 0});
}

TEST_CASE("A segment that is missing or too short at the start is made anew before anybody reads") {
  const bool is_missing = GENERATE(true, false);
  StoppedProcess stopped;
  const std::string column = OnlyColumn(stopped.path);
  if (is_missing) {
    std::filesystem::remove_all(std::filesystem::path(column).parent_path());
  } else {
    std::filesystem::resize_file(column, 1);
  }
  RestartedProcess again(stopped.records, stopped.path);
  CHECK(*again.Rows() == stopped.records.rows());
  CHECK(again.begun() == std::vector<int64_t>{0});
  CHECK(Folders(stopped.path) == 1);
}

TEST_CASE("Of a log that ends before what was taken everything is read again") {
  StoppedProcess stopped;
  NotedLog restored;
  restored.Publish(1, 2, "restored");
  RestartedProcess again(restored, stopped.path);
  CHECK(*again.Rows() == restored.rows());
  CHECK(again.begun() == std::vector<int64_t>{0});
}

TEST_CASE(
    "Where a field has another type its rows are made anew, where the schema has one more they are not") {
  StoppedProcess stopped;
  auto resource = NotedResidents();
  resource.set_schema_revision(2);
  schema_test::AddField(&resource, "phone", hangou::catalog::v1::FIELD_TYPE_TEXT);
  {
    RestartedProcess more(stopped.records, stopped.path, resource);
    CHECK(*more.Rows() == stopped.records.rows());
    CHECK(more.begun() == std::vector<int64_t>{5});
  }
  resource.set_schema_revision(3);
  schema_test::FieldOfName(&resource, "note")->set_type(hangou::catalog::v1::FIELD_TYPE_USCC);
  RestartedProcess other(stopped.records, stopped.path, resource);
  CHECK(other.projections().Await(NotedByPerson(), kWaitMs).ok());
  CHECK(other.begun() == std::vector<int64_t>{0});
}

TEST_CASE("What the policy no longer allows, and what no rule reads, leaves with its files") {
  const bool is_withdrawn = GENERATE(true, false);
  StoppedProcess stopped;
  REQUIRE(Folders(stopped.path) == 1);
  auto gone = NotedResidents();
  if (is_withdrawn) gone.clear_fields();  // there is no such resource any more
  RestartedProcess again(stopped.records, stopped.path, gone);
  if (!is_withdrawn) {
    REQUIRE(again.Rows().ok());
    again.projections().WantOnly({});
  }
  CHECK(Within([&] { return Folders(stopped.path) == 0; }));
}

TEST_CASE("Where the store of keys is damaged everything is made anew") {
  StoppedProcess stopped;
  std::filesystem::remove(stopped.path + "/kept/CURRENT");
  RestartedProcess again(stopped.records, stopped.path);
  CHECK(*again.Rows() == stopped.records.rows());
  CHECK(again.begun() == std::vector<int64_t>{0});
}

}  // namespace hangou
