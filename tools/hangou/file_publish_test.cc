#include "tools/hangou/file_publish.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "libs/base/file.h"
#include "libs/base/temp_folder.h"
#include "libs/client/library_for_test.h"
#include "libs/importer/resource_for_test.h"

namespace hangou {
namespace {

namespace base_library_v1 = hangou::base_library::v1;

// Takes the records by turns: accepted, duplicate, stale, conflict, refused for two reasons.
LibraryForTest::Reaction ByTurns(int, const LibraryForTest::Request& request) {
  LibraryForTest::Response response;
  response.set_request_id(request.request_id());
  for (int i = 0; i < request.records_size(); ++i) {
    base_library_v1::RecordOutcome* outcome = response.add_outcomes();
    outcome->set_outcome(static_cast<base_library_v1::Outcome>(base_library_v1::OUTCOME_ACCEPTED + i % 5));
    if (outcome->outcome() != base_library_v1::OUTCOME_REFUSED) continue;
    for (const std::string field : {"citizen_id", "born"}) {
      auto* violation = outcome->add_violations();
      violation->set_reason(field == "born" ? "FIELD_INVALID" : "CHECK_DIGIT");
      violation->set_field(field);
      violation->set_message("correct it");
    }
  }
  return {response, {}};
}

struct Bench {
  Bench(const std::string& text, LibraryForTest::Script script)
      : library(std::move(script)), in(text), rejected(folder.path() + "/rejected.csv", "name,points") {
    rows = *OpenCsv(in);
    encoder.emplace(*RowEncoder::Make(ResidentForTest(), rows->columns()));
    run.emplace(*encoder, rejected);
  }
  absl::Status Run(const PublishCounts& done = {}) {
    PublisherOptions options;
    options.resource = "resources/psb.resident";
    options.sending = sending;
    Publisher publisher([this](bool) { return library.channel(); }, options, [](const auto&) { return 0; },
                        [this](uint64_t tag, const auto& outcome) { run->OnOutcome(tag, outcome); });
    const auto on_stop = [this](const PublishCounts& counts) {
      stops.push_back(counts);
      return absl::OkStatus();
    };
    const absl::Status status = run->Run(*rows, publisher, done, {[] {}, [] { return false; }, on_stop});
    return status.ok() ? rejected.Close() : status;
  }

  std::string sending = "once";
  std::vector<PublishCounts> stops;
  TempFolder folder;
  LibraryForTest library;
  std::istringstream in;
  RejectedFile rejected;
  std::unique_ptr<RowSource> rows;
  std::optional<RowEncoder> encoder;
  std::optional<FilePublication> run;
};

TEST_CASE("Every row of a file is counted once, and what was not taken stands in the file of refused rows") {
  Bench bench("name,points\na,1\nb,2\nc,3\nd,4\ne,5\nbad,x\nshort\n", ByTurns);
  REQUIRE(bench.Run().ok());
  const PublishCounts& counts = bench.run->counts();
  CHECK(counts.rows == 7);
  CHECK(counts.answered() == 7);
  CHECK(counts.accepted == 1);
  CHECK(counts.duplicate == 1);
  CHECK(counts.stale == 1);
  CHECK(counts.conflict == 1);
  CHECK(counts.refused == 3);
  CHECK(counts.by_reason ==
        std::map<std::string, uint64_t>{
            {"CHECK_DIGIT", 1}, {"FIELD_INVALID", 1}, {"PAYLOAD_MALFORMED", 1}, {"VERSION_CONFLICT", 1}});
  const std::string file = *ReadFile(bench.rejected.path());
  CHECK(file.find("\xEF\xBB\xBF@line,@reason,@field,@message,name,points\n") == 0);
  CHECK(file.find("\n7,FIELD_INVALID,points,") != std::string::npos);
  CHECK(file.find("\n8,PAYLOAD_MALFORMED,,") != std::string::npos);
  CHECK(file.find("\n5,VERSION_CONFLICT,,") != std::string::npos);
  CHECK(file.find("\n6,CHECK_DIGIT,citizen_id,correct it; born: correct it,e,5\n") != std::string::npos);
}

LibraryForTest::Reaction AcceptAll(int, const LibraryForTest::Request& request) {
  return {LibraryForTest::Accepted(request), {}};
}

std::string TextOf(size_t rows, size_t bytes = 1) {
  std::string text = "name,points\n";
  for (size_t i = 0; i < rows; ++i) text += std::string(bytes, 'x') + "," + std::to_string(i) + "\n";
  return text;
}

std::vector<std::string> IdsOf(LibraryForTest& library) {
  std::vector<std::string> ids;
  for (const auto& batch : library.received()) ids.push_back(batch.request_id());
  return ids;
}

TEST_CASE("A file sent twice in one sending has the same request ids, and in another one none of them") {
  const std::string text = TextOf(1000);
  Bench first(text, AcceptAll);
  Bench same(text, AcceptAll);
  Bench other(text, AcceptAll);
  other.sending = "once more";
  for (Bench* bench : {&first, &same, &other}) REQUIRE(bench->Run().ok());
  const auto ids = IdsOf(first.library);
  REQUIRE(ids.size() == 4);
  CHECK(IdsOf(same.library) == ids);
  const auto others = IdsOf(other.library);
  for (size_t i = 0; i < ids.size(); ++i) CHECK(others[i] != ids[i]);
}

TEST_CASE("A run that goes on behind a stop sends the batches of the killed run under their ids") {
  const std::string text = TextOf(kRowsBetweenStops + 1000);
  Bench killed(text, AcceptAll);
  REQUIRE(killed.Run().ok());
  REQUIRE(killed.stops.size() == 1);
  Bench resumed(text, AcceptAll);
  REQUIRE(resumed.Run(killed.stops[0]).ok());
  CHECK(resumed.run->counts().rows == kRowsBetweenStops + 1000);
  const auto all = IdsOf(killed.library);
  const auto rest = IdsOf(resumed.library);
  REQUIRE(rest.size() == 4);
  CHECK(rest == std::vector<std::string>(all.end() - 4, all.end()));
}

TEST_CASE("A file of long rows stops by its bytes, at the same rows when it goes on") {
  constexpr size_t kBytes = 60 << 10;
  const size_t rows = 5 * kBytesBetweenStops / 2 / kBytes;
  const std::string text = TextOf(rows, kBytes);
  Bench first(text, AcceptAll);
  REQUIRE(first.Run().ok());
  REQUIRE(first.stops.size() == 2);
  CHECK(first.stops[0].rows <= kBytesBetweenStops / kBytes + 1);
  Bench resumed(text, AcceptAll);
  REQUIRE(resumed.Run(first.stops[0]).ok());
  REQUIRE(resumed.stops.size() == 1);
  CHECK(resumed.stops[0].rows == first.stops[1].rows);
}

}  // namespace
}  // namespace hangou
