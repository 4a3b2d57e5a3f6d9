// Faults of the machine: full disks, damaged files, a failing disk. Nothing acknowledged is lost, nothing is guessed.
#include "libs/base/fault.h"

#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/test_child.h"
#include "services/standalone/installation.h"
#include "tests/integration/city.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;
namespace fs = std::filesystem;

const char kResidents[] = "psb.resident";

// Files below a folder whose name ends so, the largest first.
std::vector<fs::path> FilesBelow(const std::string& folder, const std::string& ending) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().string().ends_with(ending)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return fs::file_size(a) > fs::file_size(b); });
  return files;
}

// The newest segment of the population's record topic.
fs::path PopulationSegment(const City& city) {
  std::vector<fs::path> files;
  for (const auto& file : FilesBelow(InstallationPaths{city.data()}.log(), "")) {
    if (file.string().find("hangou.population.records") != std::string::npos && fs::file_size(file) > 1000) {
      files.push_back(file);
    }
  }
  REQUIRE_FALSE(files.empty());
  return files.front();
}

void FlipByte(const fs::path& file, std::uintmax_t at) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(stream.get() ^ 0x40);
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(byte);
}

// Publishes `count` residents one by one.
void PublishResidents(City& city, int count, const std::string& prefix) {
  for (int i = 0; i < count; ++i) {
    const auto answer =
        city.Publish("psb", kResidents, {city.Payload(kResidents, Resident(CitizenId(i), "张三"))},
                     prefix + std::to_string(i));
    REQUIRE(answer.outcomes_size() == 1);
  }
}

int CountReadable(City& city, int count) {
  int readable = 0;
  for (int i = 0; i < count; ++i) {
    const auto read = city.Get("civil", kResidents, CitizenId(i), "household_check");
    readable += read.ok() && read->records_size() == 1;
  }
  return readable;
}

TEST_CASE(
    "While the disk of the log is full, records are refused with STORE_FULL; with room again they go in") {
  City city;
  const std::string payload = city.Payload(kResidents, Resident(CitizenId(1), "张三"));
  SetFault(FaultPoint::kLogWrite, ENOSPC);
  const auto refused = city.Publish("psb", kResidents, {payload}, "r1");
  SetFault(FaultPoint::kLogWrite, 0);
  REQUIRE(refused.outcomes_size() == 1);
  CHECK(refused.outcomes(0).outcome() == v1::OUTCOME_REFUSED);
  CHECK(refused.outcomes(0).violations(0).reason() == "STORE_FULL");
  CHECK(city.Publish("psb", kResidents, {payload}, "r1").outcomes(0).outcome() == v1::OUTCOME_ACCEPTED);
}

TEST_CASE("While the disk of the audit is full, nothing is shared; with room again it is") {
  City city;
  PublishResidents(city, 1, "r");
  SetFault(FaultPoint::kAuditWrite, ENOSPC);
  const auto refused = city.Get("civil", kResidents, CitizenId(0), "household_check");
  SetFault(FaultPoint::kAuditWrite, 0);
  CHECK(ReasonOf(refused.status()) == Reason::kAuditUnavailable);
  CHECK(CountReadable(city, 1) == 1);
}

TEST_CASE("While the disk of the views is full, what was appended is applied as soon as there is room") {
  City city;
  SetFault(FaultPoint::kStoreWrite, ENOSPC);
  std::thread room([] {
    // Room comes while the publisher waits.
    std::this_thread::sleep_for(std::chrono::milliseconds(500));  // waits: the disk is full for a while
    SetFault(FaultPoint::kStoreWrite, 0);
  });
  city.Publish("psb", kResidents, {city.Payload(kResidents, Resident(CitizenId(0), "张三"))}, "r1");
  room.join();
  CHECK(Eventually([&] { return CountReadable(city, 1) == 1; }));
}

TEST_CASE("A corrupt view is rebuilt from the log") {
  City city;
  PublishResidents(city, 40, "r");
  city.Stop();
  int damaged = 0;
  for (const char* ending : {".sst", "CURRENT"}) {
    for (const fs::path& file : FilesBelow(InstallationPaths{city.data()}.view("population"), ending)) {
      FlipByte(file, fs::file_size(file) / 2);
      ++damaged;
    }
  }
  REQUIRE(damaged > 0);
  REQUIRE(city.Start().ok());
  CHECK(Eventually([&] { return CountReadable(city, 40) == 40; }, 60'000));
  CHECK(city.standalone().degraded().empty());
}

TEST_CASE("The torn tail of the log is cut, and every record before it stays") {
  City city;
  PublishResidents(city, 10, "r");
  city.Stop();
  const fs::path segment = PopulationSegment(city);
  const auto content = ReadFile(segment.string());
  REQUIRE(content.ok());
  // The beginning of a block that was never finished.
  std::ofstream(segment, std::ios::app | std::ios::binary) << content->substr(0, 45);
  REQUIRE(city.Start().ok());
  CHECK(city.standalone().degraded().empty());
  CHECK(CountReadable(city, 10) == 10);
}

TEST_CASE("Damage before the tail: the partition refuses to start and says where, and nothing is cut") {
  City city;
  PublishResidents(city, 60, "r");
  city.Stop();
  const fs::path segment = PopulationSegment(city);
  const auto size = fs::file_size(segment);
  FlipByte(segment, size / 2);
  fs::remove_all(InstallationPaths{city.data()}.view("population"));
  REQUIRE(city.Start().ok());
  const auto degraded = city.standalone().degraded();
  REQUIRE_FALSE(degraded.empty());
  CHECK(degraded[0].find("population") != std::string::npos);
  CHECK(degraded[0].find(segment.filename().string()) != std::string::npos);
  CHECK(fs::file_size(segment) >= size);
  // The other libraries and groups go on.
  CHECK(CountReadable(city, 60) > 0);
  CHECK(CountReadable(city, 60) < 60);
  CHECK(city.Publish("tax", "tax.declaration",
                     {city.Payload("tax.declaration", {{"uscc", Uscc(1)}, {"period", "2024-01"}})}, "t1", 1)
            .outcomes(0)
            .outcome() == v1::OUTCOME_ACCEPTED);
}

TEST_CASE("A child whose disk fails to sync", "[.failing_sync]") {
  // It dies without cleaning up: its folders go below the parent's.
  REQUIRE(::setenv("TMPDIR", TestChild::Argument().c_str(), 1) == 0);
  City city;
  const std::string payload = city.Payload(kResidents, Resident(CitizenId(1), "张三"));
  TestChild::Tell("ready");
  SetFault(FaultPoint::kLogSync, EIO);
  const auto answer = city.Publish("psb", kResidents, {payload}, "r1");
  TestChild::Tell("answered");
}

TEST_CASE("When the log cannot be synced, the process stops and nothing is acknowledged") {
  const TempFolder folder;
  TestChild child("failing_sync", folder.path());
  CHECK(child.NextLine() == "ready");
  CHECK(child.NextLine() == std::nullopt);
  CHECK(child.Wait() == SIGABRT);
}

}  // namespace
}  // namespace hangou
