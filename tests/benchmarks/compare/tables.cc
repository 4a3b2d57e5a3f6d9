// A rule over two tables beside DuckDB and ClickHouse on the same rows, with the memory that it takes; from rows as
// they come; from a cold disk; and over ten times as many rows.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <thread>

#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/columnar/projection.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/comparisons.h"
#include "tests/benchmarks/compare/table_peer.h"
#include "tests/benchmarks/compare/table_runs.h"

namespace hangou {
namespace {

// Of a growth: the smaller run has so many times fewer rows.
constexpr int32_t kGrowth = 10;
constexpr size_t kDiskReadBytes = 1 << 20;
// As many as the service takes in one go.
constexpr size_t kTurnRows = 4'096;

struct BothSides {
  Segments left;
  Segments right;

  int64_t bytes() const {
    int64_t sum = 0;
    for (const Segments* side : {&left, &right}) {
      for (const auto& segment : *side) sum += segment->bytes();
    }
    return sum;
  }
};

absl::StatusOr<BothSides> WriteSides(const std::string& folder, bool anti, int64_t rows, int live) {
  BothSides sides;
  ASSIGN_OR_RETURN(sides.left, WriteSide(folder + "/left", false, anti, rows, live));
  ASSIGN_OR_RETURN(sides.right, WriteSide(folder + "/right", true, anti, rows, live));
  return sides;
}

absl::Status CheckSame(const TableAnswer& ours, const TableAnswer& theirs) {
  if (ours.keys == theirs.keys && ours.amount == theirs.amount) return absl::OkStatus();
  return absl::InternalError("found here " + std::to_string(ours.keys) + ", there " +
                             std::to_string(theirs.keys));
}

absl::Status CompareQuestion(const CompareOptions& options, TablePeer& peer, const std::string& folder,
                             const std::string& kind, int live, const std::vector<std::string>& peers) {
  const bool anti = kind == kAntiRule;
  ASSIGN_OR_RETURN(const BothSides sides, WriteSides(folder, anti, options.records, live));
  const auto rule = RuleOfTables(kind);
  ASSIGN_OR_RETURN(const TableAnswer warm, RunTables(*rule, sides.left, sides.right));
  std::printf("%s, %d segments a side: %lld keys found, %.1f bytes per row on disk\n", kind.c_str(), live,
              static_cast<long long>(warm.keys),
              static_cast<double>(sides.bytes()) / (2.0 * options.records));
  for (const std::string& other : peers) {
    const std::string suffix = "_" + kind + (live > 1 ? "_live" : "");
    Comparison comparison("compare." + other + suffix, "rows/s");
    std::vector<double> our_mib, peer_mib;
    for (int run = 0; run < options.runs; ++run) {
      ASSIGN_OR_RETURN(const TableAnswer ours, RunTables(*rule, sides.left, sides.right));
      ASSIGN_OR_RETURN(const TableAnswer theirs, peer.Ask(other + "_" + kind));
      RETURN_IF_ERROR(CheckSame(ours, theirs));
      comparison.Add(2.0 * options.records / ours.seconds, 2.0 * options.records / theirs.seconds);
      our_mib.push_back(ours.peak_mib);
      peer_mib.push_back(theirs.peak_mib);
    }
    std::printf("%s\n", comparison.ResultLine().c_str());
    std::printf("%s\n",
                LessIsBetterLine("compare." + other + "_memory" + suffix, our_mib, peer_mib, "MiB").c_str());
  }
  return absl::OkStatus();
}

// A row as it comes.
struct ArrivedRow {
  uint64_t id;
  int64_t amount;
  std::string key;  // with the end of its part
};

std::vector<ArrivedRow> RowsInOrderOfArrival(bool right, int64_t count) {
  std::vector<ArrivedRow> rows;
  rows.reserve(static_cast<size_t>(count));
  for (int64_t row = 0; row < count; ++row) {
    if (right && !IsOnTheRight(row)) continue;
    rows.push_back(
        {static_cast<uint64_t>(row), AmountOnSide(row, right), EntityText(row / kRowsPerEntity) + '\0'});
  }
  std::mt19937_64 random(right ? 2 : 1);
  std::shuffle(rows.begin(), rows.end(), random);
  return rows;
}

absl::Status Feed(Projection* projection, const std::vector<ArrivedRow>& rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    const ArrivedRow& row = rows[i];
    projection->Put(row.key, row.key, row.id, {{true, row.amount, {}}}, true);
    if (i % kTurnRows == 0) RETURN_IF_ERROR(projection->WriteGrown());
  }
  return absl::OkStatus();
}

// Rows in memory to projections, a thread for each side as the service has one for each library, and one run.
absl::StatusOr<TableAnswer> BuildAndRun(const std::string& folder, const std::vector<ArrivedRow>& left,
                                        const std::vector<ArrivedRow>& right) {
  Projection left_rows(folder + "/left", {{"amount", false}}, kPartitionsOfTables);
  Projection right_rows(folder + "/right", {{"amount", false}}, kPartitionsOfTables);
  const Stopwatch watch;
  absl::Status right_fed;
  std::thread feeder([&] { right_fed = Feed(&right_rows, right); });
  const absl::Status left_fed = Feed(&left_rows, left);
  feeder.join();
  RETURN_IF_ERROR(left_fed);
  RETURN_IF_ERROR(right_fed);
  ASSIGN_OR_RETURN(const Segments left_view, left_rows.Read());
  ASSIGN_OR_RETURN(const Segments right_view, right_rows.Read());
  const double built = watch.Seconds();
  ASSIGN_OR_RETURN(TableAnswer answer, RunTables(*RuleOfTables(kSumRule), left_view, right_view));
  std::printf("built in %.2f s, %zu and %zu segments; first run %.2f s\n", built, left_view.size(),
              right_view.size(), answer.seconds);
  answer.seconds = watch.Seconds();
  return answer;
}

std::vector<std::string> FilesBelow(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

// What the system has of the files in memory goes: of all files where it is permitted, else of these.
absl::Status DropFromMemory(const std::vector<std::string>& files) {
  ::sync();
  std::ofstream("/proc/sys/vm/drop_caches") << "1";
  for (const std::string& file : files) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return ErrnoError(errno, "open " + file);
    const int failed = ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
    ::close(descriptor);
    if (failed != 0) return ErrnoError(failed, "drop " + file);
  }
  return absl::OkStatus();
}

// Bytes that this process has had from disks so far.
double BytesFromDisk() {
  std::ifstream file("/proc/self/io");
  std::string word;
  double bytes = 0;
  while (file >> word) {
    if (word == "read_bytes:") file >> bytes;
  }
  return bytes;
}

// Reads the files from end to end with as many threads as a run has; the seconds.
absl::StatusOr<double> ReadAll(const std::vector<std::string>& files) {
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    std::vector<char> bytes(kDiskReadBytes);
    for (size_t i = next++; i < files.size(); i = next++) {
      const int descriptor = ::open(files[i].c_str(), O_RDONLY | O_CLOEXEC);
      ssize_t got = descriptor < 0 ? -1 : 1;
      while (got > 0) got = ::read(descriptor, bytes.data(), bytes.size());
      if (got < 0) failed = true;
      if (descriptor >= 0) ::close(descriptor);
    }
  };
  const Stopwatch watch;
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < kRunThreads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (failed) return absl::InternalError("a segment cannot be read");
  return watch.Seconds();
}

// The rate of a warm run over so many rows a side.
absl::StatusOr<double> WarmRate(const std::string& folder, int64_t rows) {
  const auto rule = RuleOfTables(kSumRule);
  ASSIGN_OR_RETURN(const BothSides sides, WriteSides(folder, false, rows, 1));
  RETURN_IF_ERROR(RunTables(*rule, sides.left, sides.right).status());
  ASSIGN_OR_RETURN(const TableAnswer answer, RunTables(*rule, sides.left, sides.right));
  std::printf("%lld rows: %.3f s, peak %.0f MiB\n", static_cast<long long>(2 * rows), answer.seconds,
              answer.peak_mib);
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  return 2.0 * static_cast<double>(rows) / answer.seconds;
}

}  // namespace

absl::Status CompareTables(const CompareOptions& options) {
  const TempFolder folder;
  ASSIGN_OR_RETURN(const auto peer,
                   TablePeer::Start(options.duckdb, {std::to_string(options.records)}, folder.path()));
  for (const char* kind : {kSumRule, kAntiRule}) {
    RETURN_IF_ERROR(CompareQuestion(options, *peer, folder.path() + "/" + kind, kind, 1,
                                    {"duckdb_sorted", "duckdb_text"}));
  }
  return CompareQuestion(options, *peer, folder.path() + "/live", kSumRule, 10, {"duckdb_sorted"});
}

absl::Status CompareClickhouse(const CompareOptions& options) {
  const TempFolder folder;
  ASSIGN_OR_RETURN(const auto peer,
                   TablePeer::Start(options.clickhouse, {std::to_string(options.records)}, folder.path()));
  for (const char* kind : {kSumRule, kAntiRule}) {
    RETURN_IF_ERROR(CompareQuestion(options, *peer, folder.path() + "/" + kind, kind, 1, {"clickhouse"}));
  }
  return absl::OkStatus();
}

absl::Status CompareTotal(const CompareOptions& options) {
  const TempFolder folder;
  ASSIGN_OR_RETURN(const auto peer,
                   TablePeer::Start(options.duckdb, {std::to_string(options.records)}, folder.path()));
  const auto left = RowsInOrderOfArrival(false, options.records);
  const auto right = RowsInOrderOfArrival(true, options.records);
  Comparison comparison("compare.duckdb_total", "rows/s");
  for (int run = 0; run < options.runs; ++run) {
    ASSIGN_OR_RETURN(const TableAnswer ours,
                     BuildAndRun(folder.path() + "/" + std::to_string(run), left, right));
    ASSIGN_OR_RETURN(const TableAnswer theirs, peer->Ask("duckdb_text_total"));
    RETURN_IF_ERROR(CheckSame(ours, theirs));
    comparison.Add(2.0 * options.records / ours.seconds, 2.0 * options.records / theirs.seconds);
  }
  std::printf("%s\n", comparison.ResultLine().c_str());
  return absl::OkStatus();
}

absl::Status CompareCold(const CompareOptions& options) {
  const TempFolder folder;
  const auto rule = RuleOfTables(kSumRule);
  ASSIGN_OR_RETURN(const BothSides sides, WriteSides(folder.path(), false, options.records, 1));
  const std::vector<std::string> files = FilesBelow(folder.path());
  Comparison comparison("compare.cold", "bytes/s");
  for (int run = 0; run < options.runs; ++run) {
    RETURN_IF_ERROR(DropFromMemory(files));
    double before = BytesFromDisk();
    ASSIGN_OR_RETURN(const TableAnswer ours, RunTables(*rule, sides.left, sides.right));
    // A run leaves files that it has no use for.
    const double our_bytes = BytesFromDisk() - before;
    RETURN_IF_ERROR(DropFromMemory(files));
    before = BytesFromDisk();
    ASSIGN_OR_RETURN(const double seconds, ReadAll(files));
    const double disk_bytes = BytesFromDisk() - before;
    if (our_bytes == 0 || disk_bytes == 0)
      return absl::FailedPreconditionError("what was read came from memory: put TMPDIR on a disk");
    std::printf("cold: %.3f s for %.0f MiB; the disk alone: %.3f s for %.0f MiB\n", ours.seconds,
                our_bytes / kDiskReadBytes, seconds, disk_bytes / kDiskReadBytes);
    comparison.Add(our_bytes / ours.seconds, disk_bytes / seconds);
  }
  std::printf("%s\n", comparison.ResultLine().c_str());
  return absl::OkStatus();
}

absl::Status CompareGrowth(const CompareOptions& options) {
  Comparison comparison("compare.growth", "rows/s");
  for (int run = 0; run < options.runs; ++run) {
    const TempFolder folder;
    ASSIGN_OR_RETURN(const double few, WarmRate(folder.path() + "/few", options.records / kGrowth));
    ASSIGN_OR_RETURN(const double many, WarmRate(folder.path() + "/many", options.records));
    comparison.Add(many, few);
  }
  std::printf("%s\n", comparison.ResultLine().c_str());
  return absl::OkStatus();
}

}  // namespace hangou
