// What the contract suite cannot say: crashes, damage, and what is found again after opening.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <thread>

#include "libs/base/fault.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/test_child.h"
#include "libs/store/store.h"

namespace hangou {
namespace {

namespace fs = std::filesystem;

constexpr int kTables = 3;
constexpr size_t kSmallBudgetBytes = 3 << 20;  // views are flushed often
constexpr int kBatchesPerFlush = 20;

// The look-up prefix of the rows below: batches by the hundred.
size_t FirstFive(int table, std::string_view key) { return table < 2 && key.size() >= 5 ? 5 : 0; }

absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& folder, StoreKind kind, int tables = kTables) {
  return OpenRocksStore(folder, tables, kind, MakeStoreBudget(kSmallBudgetBytes), FirstFive);
}

// Batch number `number`: one row in each of the first two tables, and the count in the third.
StoreBatch Numbered(int number) {
  StoreBatch batch;
  const std::string key = std::to_string(1'000'000 + number);
  batch.Put(0, key, std::string(700, static_cast<char>('a' + number % 26)));
  batch.Put(1, key, "");
  batch.Put(2, "count", std::to_string(number));
  return batch;
}

// The number of batches in a store, which must be the first ones, each whole; an error where it is damaged.
absl::StatusOr<int> CountBatches(const Store& store) {
  ASSIGN_OR_RETURN(const std::optional<std::string> count, store.Get(2, "count"));
  for (int table = 0; table < 2; ++table) {
    int number = 0;
    bool as_written = true;
    RETURN_IF_ERROR(store.Scan(table, "", "", [&](std::string_view key, std::string_view value) {
      const StoreBatch batch = Numbered(++number);
      const StoreBatch::Change& change = batch.changes()[static_cast<size_t>(table)];
      as_written = as_written && key == change.key && value == *change.value;
      return true;
    }));
    CHECK(as_written);
    CHECK(number == std::stoi(count.value_or("0")));
    std::vector<std::string> hundreds;
    for (int hundred = 0; hundred <= number / 100; ++hundred)
      hundreds.push_back(std::to_string(10'000 + hundred));
    int found = 0;
    RETURN_IF_ERROR(store.ScanEach(table, hundreds,
                                   [&](size_t, std::string_view, std::string_view) { return ++found > 0; }));
    CHECK(found == number);
  }
  return std::stoi(count.value_or("0"));
}

// A store of `batches` batches, closed. A view is flushed often: it has files in several levels.
void MakeStore(const std::string& folder, StoreKind kind, int batches) {
  auto store = Open(folder, kind);
  REQUIRE(store.ok());
  for (int number = 1; number <= batches; ++number) {
    REQUIRE((*store)->Write(Numbered(number)).ok());
    if (number % kBatchesPerFlush == 0) REQUIRE((*store)->Flush().ok());
  }
  REQUIRE((*store)->Flush().ok());
}

// The first file whose name has this begin and end.
std::string FileLike(const std::string& folder, std::string_view begin, std::string_view end) {
  for (const auto& file : fs::directory_iterator(folder)) {
    const std::string name = file.path().filename();
    if (name.starts_with(begin) && name.ends_with(end) && fs::file_size(file) > 0) return file.path();
  }
  FAIL("no such file");
  return {};
}

// One of the table files.
std::string AnyTable(const std::string& folder, size_t number) {
  std::vector<std::string> tables;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() == ".sst") tables.push_back(file.path());
  }
  REQUIRE_FALSE(tables.empty());
  std::sort(tables.begin(), tables.end());
  return tables[number % tables.size()];
}

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void FlipByte(const std::string& path, size_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 0x40));
}

// The number of batches that a folder opens with, or why it does not.
absl::StatusOr<int> OpenAndCount(const std::string& folder, StoreKind kind) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, Open(folder, kind));
  return CountBatches(*store);
}

TEST_CASE("A closed store is found again, and grows tables") {
  const StoreKind kind = GENERATE(StoreKind::kView, StoreKind::kLocal);
  const TempFolder folder;
  MakeStore(folder.path(), kind, 10);
  auto wider = Open(folder.path(), kind, kTables + 2);
  REQUIRE(wider.ok());
  StoreBatch batch;
  batch.Put(kTables + 1, "new", "row");
  REQUIRE((*wider)->Write(batch).ok());
  wider->reset();
  REQUIRE(OpenAndCount(folder.path(), kind).value() == 10);
  wider = Open(folder.path(), kind, kTables + 2);
  REQUIRE((*wider)->Get(kTables + 1, "new").value() == "row");
}

// Whether a file of the folder has the text.
bool HasBytes(const std::string& folder, const std::string& text) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (Slurp(entry.path()).find(text) != std::string::npos) return true;
  }
  return false;
}

TEST_CASE("The bytes of what was deleted or replaced leave the files with a purge, and nothing else does") {
  const StoreKind kind = GENERATE(StoreKind::kView, StoreKind::kLocal);
  const std::string erased = "Zq7#kW!x", replaced = "pL4$vR?m", stays = "Hd9&tB*c";
  const TempFolder folder;
  const auto store = Open(folder.path(), kind);
  REQUIRE(store.ok());
  StoreBatch batch;
  batch.Put(0, "a1", erased);
  batch.Put(0, "a2", replaced);
  batch.Put(0, "b1", stays);
  REQUIRE((*store)->Write(batch).ok());
  // What is flushed lies in files of its own, below the change that comes.
  REQUIRE((*store)->Purge(0, "a").ok());
  REQUIRE((HasBytes(folder.path(), erased) && HasBytes(folder.path(), replaced)));
  batch.Clear();
  batch.Delete(0, "a1");
  batch.Put(0, "a2", "new");
  REQUIRE((*store)->Write(batch).ok());
  REQUIRE((*store)->Flush().ok());
  CHECK((HasBytes(folder.path(), erased) && HasBytes(folder.path(), replaced)));
  REQUIRE((*store)->Purge(0, "a").ok());
  CHECK_FALSE(HasBytes(folder.path(), erased));
  CHECK_FALSE(HasBytes(folder.path(), replaced));
  CHECK(HasBytes(folder.path(), stays));
  CHECK((*store)->Get(0, "a2").value() == "new");
  CHECK((*store)->Get(0, "b1").value() == stays);
}

TEST_CASE("A view is flushed when it is closed") {
  const TempFolder folder;
  {
    auto store = Open(folder.path(), StoreKind::kView);
    for (int number = 1; number <= 10; ++number) REQUIRE((*store)->Write(Numbered(number)).ok());
  }
  REQUIRE(OpenAndCount(folder.path(), StoreKind::kView).value() == 10);
}

TEST_CASE("A store in use is not opened twice") {
  const TempFolder folder;
  const auto store = Open(folder.path(), StoreKind::kLocal);
  REQUIRE(store.ok());
  REQUIRE(ReasonOf(Open(folder.path(), StoreKind::kLocal).status()) == Reason::kInternal);
}

TEST_CASE("Writes until killed", "[.store_child]") {
  const std::string argument = TestChild::Argument();
  const bool view = argument[0] == 'v';
  auto store = Open(argument.substr(1), view ? StoreKind::kView : StoreKind::kLocal);
  REQUIRE(store.ok());
  for (int number = 1;; ++number) {
    REQUIRE((*store)->Write(Numbered(number)).ok());
    if (view && number % 500 != 0) continue;
    if (view) REQUIRE((*store)->Flush().ok());
    TestChild::Tell(std::to_string(number));
  }
}

// Kills a writer after some of its lines; the last number that it told.
int KillWriter(char kind, const std::string& folder, uint32_t lines) {
  TestChild child("store_child", kind + folder);
  int told = 0;
  for (uint32_t line = 0; line < lines; ++line) told = std::stoi(child.NextLine().value());
  child.Kill();
  while (const auto line = child.NextLine()) told = std::stoi(*line);
  return told;
}

TEST_CASE("After SIGKILL a view is a prefix of what was written, in all tables, with all that was flushed") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 3; ++round) {
    const TempFolder folder;
    const int flushed = KillWriter('v', folder.path(), 1 + random() % 12);
    const auto count = OpenAndCount(folder.path(), StoreKind::kView);
    REQUIRE(count.ok());
    REQUIRE(*count >= flushed);
  }
}

TEST_CASE("After SIGKILL a local store has every acknowledged write") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 3; ++round) {
    const TempFolder folder;
    const int acknowledged = KillWriter('l', folder.path(), 1 + random() % 500);
    const auto count = OpenAndCount(folder.path(), StoreKind::kLocal);
    REQUIRE(count.ok());
    REQUIRE(*count >= acknowledged);
    REQUIRE(*count <= acknowledged + 1);
  }
}

TEST_CASE("A flipped byte of a data block is DATA_LOSS and names the file") {
  const TempFolder folder;
  MakeStore(folder.path(), StoreKind::kView, 300);
  const std::string table = FileLike(folder.path(), "", ".sst");
  FlipByte(table, 100);
  const absl::Status damaged = OpenAndCount(folder.path(), StoreKind::kView).status();
  REQUIRE(ReasonOf(damaged) == Reason::kDataLoss);
  REQUIRE(Message(damaged).find(folder.path()) != std::string_view::npos);
}

TEST_CASE("No flipped byte of a view makes it answer wrongly") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const TempFolder folder;
  MakeStore(folder.path() + "/whole", StoreKind::kView, 300);
  size_t refused = 0;
  for (int round = 0; round < 40; ++round) {
    const std::string copy = folder.path() + "/" + std::to_string(round);
    fs::copy(folder.path() + "/whole", copy);
    const bool manifest = round % 2 == 0;
    const std::string file = manifest ? FileLike(copy, "MANIFEST", "") : AnyTable(copy, random());
    const size_t at = random() % fs::file_size(file);
    CAPTURE(file, at);
    FlipByte(file, at);
    const auto count = OpenAndCount(copy, StoreKind::kView);
    if (!count.ok()) {
      CHECK(ReasonOf(count.status()) == Reason::kDataLoss);
      ++refused;
    }
    fs::remove_all(copy);
  }
  REQUIRE(refused >= 20);  // the others hit padding, or a length at the torn end of the manifest
}

TEST_CASE("A cut or missing file of a store is DATA_LOSS, never an empty store") {
  const StoreKind kind = StoreKind::kView;
  const TempFolder folder;
  MakeStore(folder.path(), kind, 300);
  SECTION("cut table") {
    const std::string file = FileLike(folder.path(), "", ".sst");
    fs::resize_file(file, fs::file_size(file) - 10);
  }
  SECTION("missing table") { fs::remove(FileLike(folder.path(), "", ".sst")); }
  SECTION("missing manifest") { fs::remove(FileLike(folder.path(), "MANIFEST", "")); }
  SECTION("missing CURRENT") { fs::remove(folder.path() + "/CURRENT"); }
  SECTION("CURRENT full of something else") { std::ofstream(folder.path() + "/CURRENT") << "nothing"; }
  for (int attempt = 0; attempt < 2; ++attempt) {
    const absl::Status damaged = OpenAndCount(folder.path(), kind).status();
    CAPTURE(damaged.ToString());
    REQUIRE(ReasonOf(damaged) == Reason::kDataLoss);
    REQUIRE(Message(damaged).find(folder.path()) != std::string_view::npos);
  }
}

// Copies an open local store as a crash would leave it.
std::string CrashedCopy(const TempFolder& folder, int batches) {
  auto store = Open(folder.path() + "/open", StoreKind::kLocal);
  REQUIRE(store.ok());
  for (int number = 1; number <= batches; ++number) REQUIRE((*store)->Write(Numbered(number)).ok());
  fs::copy(folder.path() + "/open", folder.path() + "/copy");
  return folder.path() + "/copy";
}

TEST_CASE("A torn tail of a local store's write-ahead log is cut and the writes before it stay") {
  const TempFolder folder;
  const std::string copy = CrashedCopy(folder, 20);
  const std::string wal = FileLike(copy, "", ".log");
  fs::resize_file(wal, Slurp(wal).size() - 10);
  REQUIRE(OpenAndCount(copy, StoreKind::kLocal).value() == 19);
}

TEST_CASE("Damage inside a local store's write-ahead log is DATA_LOSS, never a shorter store") {
  const TempFolder folder;
  const std::string copy = CrashedCopy(folder, 20);
  FlipByte(FileLike(copy, "", ".log"), 3000);
  REQUIRE(ReasonOf(OpenAndCount(copy, StoreKind::kLocal).status()) == Reason::kDataLoss);
}

TEST_CASE("A full disk met by a flush does not end a view: it takes writes again when there is room") {
  const TempFolder folder;
  auto store = Open(folder.path(), StoreKind::kView);
  REQUIRE(store.ok());
  REQUIRE((*store)->Write(Numbered(1)).ok());
  SetFault(FaultPoint::kStoreWrite, ENOSPC);
  const absl::Status full = (*store)->Flush();
  SetFault(FaultPoint::kStoreWrite, 0);
  REQUIRE(ReasonOf(full) == Reason::kStoreFull);
  absl::Status written = (*store)->Write(Numbered(2));
  absl::Status flushed = (*store)->Flush();
  for (int wait_ms = 0; !(written.ok() && flushed.ok()) && wait_ms < 20'000; wait_ms += 10) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // waits: RocksDB tries once a second
    written = (*store)->Write(Numbered(2));
    flushed = (*store)->Flush();
  }
  REQUIRE(written.ok());
  REQUIRE(flushed.ok());
  store->reset();
  REQUIRE(OpenAndCount(folder.path(), StoreKind::kView).value() == 2);
}

}  // namespace
}  // namespace hangou
