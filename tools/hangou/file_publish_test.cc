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
  absl::Status Run() {
    PublisherOptions options;
    options.resource = "resources/psb.resident";
    Publisher publisher([this](bool) { return library.channel(); }, options, [](const auto&) { return 0; },
                        [this](uint64_t tag, const auto& outcome) { run->OnOutcome(tag, outcome); });
    const absl::Status status = run->Run(
        *rows, publisher, {}, {[] {}, [] { return false; }, [](const auto&) { return absl::OkStatus(); }});
    return status.ok() ? rejected.Close() : status;
  }

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
  CHECK(file.find("@line,@reason,@field,@message,name,points\n") == 0);
  CHECK(file.find("\n7,FIELD_INVALID,points,") != std::string::npos);
  CHECK(file.find("\n8,PAYLOAD_MALFORMED,,") != std::string::npos);
  CHECK(file.find("\n5,VERSION_CONFLICT,,") != std::string::npos);
  CHECK(file.find("\n6,CHECK_DIGIT,citizen_id,correct it; born: correct it,e,5\n") != std::string::npos);
}

TEST_CASE("A file published twice sends the same request ids") {
  std::string text = "name,points\n";
  for (int i = 0; i < 1000; ++i) text += "row," + std::to_string(i) + "\n";
  const auto accept = [](int, const LibraryForTest::Request& request) {
    return LibraryForTest::Reaction{LibraryForTest::Accepted(request), {}};
  };
  Bench first(text, accept);
  Bench second(text, accept);
  REQUIRE(first.Run().ok());
  REQUIRE(second.Run().ok());
  const auto one = first.library.received();
  const auto two = second.library.received();
  REQUIRE(one.size() == 4);
  REQUIRE(two.size() == 4);
  for (size_t i = 0; i < one.size(); ++i) CHECK(one[i].request_id() == two[i].request_id());
}

}  // namespace
}  // namespace hangou
