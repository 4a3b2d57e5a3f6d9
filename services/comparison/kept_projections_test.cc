// What is kept of projections is never ahead of or behind itself, at whatever moment the process ends.
#include "services/comparison/kept_projections.h"

#include <cerrno>
#include <filesystem>
#include <random>

#include "libs/base/clock.h"
#include "libs/base/fault.h"
#include "libs/base/file.h"
#include "libs/base/temp_folder.h"
#include "services/comparison/record_tail.h"
#include "services/comparison/records_for_test.h"

namespace hangou {
namespace {

using comparison_test::kTestLibrary;
using comparison_test::kTestPartitions;
using comparison_test::NotedByPerson;
using comparison_test::NotedLog;
using comparison_test::NotedRows;

constexpr size_t kTestBudgetBytes = 8 << 20;
constexpr int kRowPartitions = 3;
constexpr auto kErase = hangou::record::v1::Deletion::KIND_ERASE;

// Sizes and times of all files below a folder.
using FileTimes = std::map<std::string, std::pair<uintmax_t, std::filesystem::file_time_type>>;
FileTimes TimesOf(const std::string& folder) {
  FileTimes times;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    const uintmax_t size = entry.is_regular_file(error) ? entry.file_size(error) : 0;
    times[entry.path()] = {size, entry.last_write_time(error)};
  }
  return times;
}

// A process that keeps one projection in a folder, as far as one can be ended at any moment.
class KeepingProcess {
 public:
  KeepingProcess(NotedLog& records, const std::string& folder) : folder_(folder) {
    auto kept = KeptProjections::Open(folder, MakeStoreBudget(kTestBudgetBytes));
    INFO(kept.status());
    REQUIRE(kept.ok());
    kept_ = *std::move(kept);
    hangou::columnar::v1::LogPlace place;
    absl::StatusOr<std::shared_ptr<FedProjection>> fed;
    if (const auto* found = kept_->Find(NotedByPerson()); found != nullptr) {
      place = found->manifest.place();
      fed = FedProjection::Reopen(found->manifest, records.schema(), kept_->FolderOf(found->number),
                                  kept_->store(), found->number, clock_);
      kept_->TakeOver(NotedByPerson());
      was_kept_ = true;
    } else {
      const uint32_t number = kept_->NextNumber();
      fed = FedProjection::Make(NotedByPerson(), records.schema(), false, kept_->FolderOf(number),
                                kRowPartitions, kept_->store(), number, clock_);
    }
    INFO(fed.status());
    REQUIRE(fed.ok());
    fed_ = *std::move(fed);
    REQUIRE(fed_->OnErased([this](uint64_t record) { erased_.insert(record); }).ok());
    tail_ = std::make_unique<RecordTail>(
        records.log(), kTestLibrary, kTestPartitions, std::vector<std::shared_ptr<FedProjection>>{fed_},
        [] {}, place);
  }

  bool was_kept() const { return was_kept_; }
  FedProjection& fed() { return *fed_; }
  RecordTail& tail() { return *tail_; }
  KeptProjections& kept() { return *kept_; }
  const std::set<uint64_t>& erased() const { return erased_; }
  absl::Status Checkpoint() { return tail_->Checkpoint(kept_->store()); }
  // Writes segments as a checkpoint does, and ends before the rest.
  void BeginCheckpoint() {
    StoreBatch dropped;
    REQUIRE(fed_->AddTo({}, &dropped).ok());
  }
  void PumpAll() {
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more) more = tail_->Pump();
    INFO(more.status());
    REQUIRE(more.ok());
    REQUIRE(fed_->broken().ok());
  }
  NotedRows Rows() {
    const auto view = fed_->rows().Read();
    REQUIRE(view.ok());
    auto rows = comparison_test::RowsOf(*view, kRowPartitions);
    INFO(rows.status());
    REQUIRE(rows.ok());
    return *std::move(rows);
  }
  // The folder as it would be found if the process had ended now.
  void CopyTo(const std::string& folder) const {
    // The store's threads go on meanwhile: a copy is one of a moment only where nothing has changed during it.
    for (int tries = 0; tries < 1'000; ++tries) {
      std::error_code error;
      std::filesystem::remove_all(folder, error);
      const FileTimes before = TimesOf(folder_);
      std::filesystem::copy(folder_, folder, std::filesystem::copy_options::recursive, error);
      if (!error && before == TimesOf(folder_)) return;
    }
    FAIL("the store does not rest");
  }

 private:
  const std::string folder_;
  ManualClock clock_{schema_test::kNowUs};
  std::unique_ptr<KeptProjections> kept_;
  std::shared_ptr<FedProjection> fed_;
  std::unique_ptr<RecordTail> tail_;
  std::set<uint64_t> erased_;
  bool was_kept_ = false;
};

// What `folder` has of a text, in all its files.
bool HasBytes(const std::string& folder, const std::string& text) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::string name = entry.path().string();
    const auto content = ReadFile(name);
    if (content.ok() && content->find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("A projection that was ended at any moment has the rows of the log when it has read on") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](unsigned most) { return static_cast<int>(random() % most); };
  int goes_on = 0;
  for (int round = 0; round < 12; ++round) {
    TempFolder folder;
    NotedLog records;
    int copies = 0;
    auto process = std::make_unique<KeepingProcess>(records, folder.path() + "/0");
    for (int step = 0; step < 250; ++step) {
      const int record = below(25);
      switch (below(12)) {
        case 0:
          records.Delete(record, kErase);
          break;
        case 1:
          records.Delete(record, hangou::record::v1::Deletion::KIND_RECALL);
          break;
        case 2:
        case 3:
          REQUIRE(process->tail().Pump().ok());
          break;
        case 4:
          REQUIRE(process->fed().rows().Read().ok());
          break;
        case 5:
          REQUIRE(process->Checkpoint().ok());
          break;
        case 6:
          if (below(3) == 0) REQUIRE(process->fed().Purge().ok());
          break;
        case 7: {
          if (below(4) != 0) break;
          if (below(3) == 0) process->BeginCheckpoint();
          if (below(3) == 0) {
            SetFault(FaultPoint::kStoreWrite, ENOSPC);
            (void)process->Checkpoint();
            SetFault(FaultPoint::kStoreWrite, 0);
          }
          const std::string next = folder.path() + "/" + std::to_string(++copies);
          process->CopyTo(next);
          process = std::make_unique<KeepingProcess>(records, next);
          goes_on += process->was_kept() ? 1 : 0;
          break;
        }
        default:
          records.Publish(record, below(6), "note " + std::to_string(step));
      }
    }
    process->PumpAll();
    REQUIRE(process->Rows() == records.rows());
    REQUIRE(process->Checkpoint().ok());
    const std::string last = folder.path() + "/last";
    process->CopyTo(last);
    KeepingProcess again(records, last);
    REQUIRE(again.was_kept());
    REQUIRE(again.Rows() == records.rows());
  }
  CHECK(goes_on > 0);
}

TEST_CASE("What is kept goes on from where it was, and is told its erasures again") {
  TempFolder folder;
  NotedLog records;
  records.Publish(1, 1, "stays");
  records.Publish(2, 2, "goes");
  records.Delete(2, kErase);
  std::set<uint64_t> erased;
  {
    KeepingProcess process(records, folder.path() + "/p");
    process.PumpAll();
    erased = process.erased();
    REQUIRE(erased.size() == 1);
    REQUIRE(process.Checkpoint().ok());
    CHECK_FALSE(process.tail().has_changed());
  }
  KeepingProcess again(records, folder.path() + "/p");
  CHECK(again.was_kept());
  CHECK(again.tail().next() == std::map<int32_t, int64_t>{{0, 2}, {1, 1}});
  CHECK(again.erased() == erased);
  CHECK(again.fed().has_erased());
  CHECK(again.Rows() == records.rows());
  // It does not count as passed before the log was found to have that.
  CHECK_FALSE(again.tail().HasPassed({{0, 2}}));
  again.PumpAll();
  CHECK(again.tail().HasPassed({{0, 2}}));
}

TEST_CASE("The bytes of an erased record leave the segments with a purge and the checkpoint behind it") {
  TempFolder folder;
  NotedLog records;
  records.Publish(1, 1, "stays");
  records.Publish(2, 2, "a note to be erased");
  KeepingProcess process(records, folder.path() + "/p");
  process.PumpAll();
  REQUIRE(process.Checkpoint().ok());
  const std::string segments = process.kept().FolderOf(process.fed().number());
  REQUIRE(HasBytes(segments, "a note to be erased"));
  records.Delete(2, kErase);
  process.PumpAll();
  REQUIRE(process.fed().Purge().ok());
  // Until the new names are durable, the old ones must be there.
  CHECK(HasBytes(segments, "a note to be erased"));
  REQUIRE(process.Checkpoint().ok());
  CHECK_FALSE(HasBytes(segments, "a note to be erased"));
  CHECK(process.Rows() == records.rows());
}

TEST_CASE("The key of an erased record leaves the disk when its deletion is kept") {
  TempFolder folder;
  NotedLog records;
  records.Publish(1, 1, "stays");
  records.Publish(2, 2, "goes");
  KeepingProcess process(records, folder.path() + "/p");
  const auto keys = [&] {
    std::set<std::string> all;
    REQUIRE(process.kept()
                .store()
                .Scan(kKeptKeys, {}, {},
                      [&](std::string_view, std::string_view key) {
                        all.emplace(key);
                        return true;
                      })
                .ok());
    return all;
  };
  process.PumpAll();
  REQUIRE(process.Checkpoint().ok());
  std::set<std::string> gone = keys();
  records.Delete(2, kErase);
  process.PumpAll();
  REQUIRE(process.fed().Purge().ok());
  // What is not kept yet is not purged.
  REQUIRE(process.fed().PurgeKeys().ok());
  CHECK(process.fed().has_erased());
  REQUIRE(process.Checkpoint().ok());
  for (const std::string& key : keys()) gone.erase(key);
  REQUIRE(gone.size() == 1);
  CHECK(HasBytes(folder.path(), *gone.begin()));
  REQUIRE(process.fed().PurgeKeys().ok());
  CHECK_FALSE(process.fed().has_erased());
  CHECK_FALSE(HasBytes(folder.path(), *gone.begin()));
  CHECK(HasBytes(folder.path(), *keys().begin()));
}

TEST_CASE("On a full disk nothing is lost, and it goes on when there is room") {
  TempFolder folder;
  NotedLog records;
  records.Publish(1, 1, "before");
  const std::string path = folder.path() + "/p";
  {
    KeepingProcess process(records, path);
    process.PumpAll();
    REQUIRE(process.Checkpoint().ok());
    records.Publish(1, 2, "moved");
    records.Publish(2, 3, "new");
    process.PumpAll();
    SetFault(FaultPoint::kStoreWrite, ENOSPC);
    const absl::Status full = process.Checkpoint();
    const absl::Status unread = process.fed().rows().Read().status();
    SetFault(FaultPoint::kStoreWrite, 0);
    CHECK(ReasonOf(full) == Reason::kStoreFull);
    CHECK(std::string(Message(full)).find(path) != std::string::npos);
    CHECK(ReasonOf(unread) == Reason::kStoreFull);
    CHECK(process.Rows() == records.rows());
    process.CopyTo(folder.path() + "/full");
    REQUIRE(process.Checkpoint().ok());
  }
  for (const char* name : {"/p", "/full"}) {
    KeepingProcess again(records, folder.path() + name);
    CHECK(again.was_kept());
    again.PumpAll();
    CHECK(again.Rows() == records.rows());
  }
}

TEST_CASE("What misses events of erasures, or has taken more than the log has, is broken") {
  TempFolder folder;
  NotedLog records;
  records.Publish(2, 2, "is erased while it is away");
  {
    KeepingProcess process(records, folder.path() + "/p");
    process.PumpAll();
    REQUIRE(process.Checkpoint().ok());
    // Events that it has passed may end.
    records.EndErasures(2, records.End(2) - 1);
    process.PumpAll();
  }
  SECTION("events are gone that came behind what it has taken") {
    records.EndErasures(2, records.End(2) - 1);
    KeepingProcess again(records, folder.path() + "/p");
    REQUIRE(again.tail().Pump().ok());
    CHECK(ReasonOf(again.fed().broken()) == Reason::kPositionUnknown);
  }
  SECTION("the log is another one, and shorter") {
    NotedLog shorter;
    KeepingProcess again(shorter, folder.path() + "/p");
    CHECK(ReasonOf(again.tail().Pump().status()) == Reason::kPositionUnknown);
    CHECK(again.fed().is_broken());
    CHECK_FALSE(again.tail().HasPassed({{0, 0}, {1, 0}}));
  }
}

TEST_CASE("What is removed leaves no file and no key, and what nobody names is removed at the start") {
  TempFolder folder;
  NotedLog records;
  for (int record = 0; record < 20; ++record) records.Publish(record, record % 7, "row");
  const std::string path = folder.path() + "/p";
  {
    KeepingProcess process(records, path);
    process.PumpAll();
    REQUIRE(process.Checkpoint().ok());
  }
  std::filesystem::create_directories(path + "/77/1");
  auto kept = *KeptProjections::Open(path, MakeStoreBudget(kTestBudgetBytes));
  CHECK_FALSE(std::filesystem::exists(path + "/77"));
  REQUIRE(kept->Find(NotedByPerson()) != nullptr);
  CHECK(std::filesystem::exists(kept->FolderOf(1)));
  CHECK_FALSE(kept->RemoveOthers({NotedByPerson()}));
  CHECK(kept->RemoveOthers({}));
  CHECK_FALSE(std::filesystem::exists(kept->FolderOf(1)));
  while (*kept->RemoveSome()) {
  }
  int rows = 0;
  for (int table = 0; table < kKeptTables; ++table) {
    REQUIRE(kept->store()
                .Scan(table, "", "", [&](std::string_view, std::string_view) { return ++rows > 0; })
                .ok());
  }
  CHECK(rows == 0);
  CHECK(kept->NextNumber() > 1);
}

}  // namespace hangou
