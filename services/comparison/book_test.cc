#include "services/comparison/book.h"

#include <catch2/catch.hpp>

#include "libs/log/memory_log.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr int64_t kTestMs = 30'000;

v1::ComparisonEvent OfTax(v1::ComparisonEvent event) {
  event.set_department("tax");
  return event;
}

// What a run found: one clue, in two parts.
std::vector<v1::ComparisonEvent> FoundBy(int run, const std::string& rule) {
  std::vector<v1::ComparisonEvent> events;
  for (uint32_t part = 0; part < 2; ++part) {
    v1::RunFindings* const findings = events.emplace_back().mutable_findings();
    findings->set_run("runs/" + std::to_string(run));
    findings->set_rule(rule);
    findings->set_part(part);
    findings->add_clues(part + 1);
    findings->add_amounts(run);
    events.back() = OfTax(events.back());
  }
  return events;
}

v1::ComparisonEvent EvidenceOf(const std::string& clue, const std::string& run, uint64_t record) {
  v1::ComparisonEvent event;
  event.mutable_evidence()->set_clue(clue);
  event.mutable_evidence()->set_run(run);
  v1::EvidenceSide* const side = event.mutable_evidence()->add_sides();
  side->set_resource("tax.deed");
  side->add_rows()->set_record(record);
  return OfTax(std::move(event));
}

}  // namespace

TEST_CASE("Of each rule the findings of the last runs are kept, also over a restart") {
  MemoryLog log;
  ComparisonBook book(log);
  REQUIRE(book.Open().ok());
  const int runs = static_cast<int>(kKeptRuns) + 3;
  REQUIRE(book.Write(FoundBy(1, "rules/other"), kTestMs).ok());
  for (int run = 2; run < 2 + runs; ++run) REQUIRE(book.Write(FoundBy(run, "rules/t"), kTestMs).ok());
  ComparisonBook again(log);
  REQUIRE(again.Open().ok());
  for (const ComparisonBook* of : {&book, &again}) {
    CHECK(of->KeptRuns("tax").size() == kKeptRuns + 1);
    CHECK(of->Findings("tax", 1) == std::map<uint64_t, int64_t>{{1, 1}, {2, 1}});
    CHECK_FALSE(of->Findings("tax", 4));
    CHECK(of->Findings("tax", 5) == std::map<uint64_t, int64_t>{{1, 5}, {2, 5}});
    CHECK_FALSE(of->Findings("scjg", 5));
  }
}

TEST_CASE("The newest evidence of a clue is read back until it is taken away") {
  MemoryLog log;
  ComparisonBook book(log);
  REQUIRE(book.Open().ok());
  const std::string clue = ClueName(0xab);
  // Many batches, so that the places of the later ones are counted from their first.
  std::vector<v1::ComparisonEvent> events;
  for (uint64_t i = 0; i < 700; ++i) events.push_back(EvidenceOf(ClueName(1'000 + i), "runs/1", i));
  events.push_back(EvidenceOf(clue, "runs/1", 7));
  REQUIRE(book.Write(events, kTestMs).ok());
  REQUIRE(book.Write({EvidenceOf(clue, "runs/2", 8)}, kTestMs).ok());
  ComparisonBook again(log);
  REQUIRE(again.Open().ok());
  for (const ComparisonBook* of : {&book, &again}) {
    const auto evidence = of->Evidence("tax", clue);
    REQUIRE(evidence.ok());
    REQUIRE(*evidence);
    CHECK((*evidence)->run() == "runs/2");
    CHECK((*of->Evidence("tax", ClueName(1'699)))->sides(0).rows(0).record() == 699);
    CHECK(of->CluesOfRecord("tax", "tax.deed", 8) == std::vector<std::string>{clue, ClueName(1'008)});
    CHECK(of->CluesOfRecord("tax", "nrp.transfer", 8).empty());
    CHECK_FALSE(*of->Evidence("scjg", clue));
  }
  v1::ComparisonEvent gone;
  gone.mutable_evidence()->set_clue(clue);
  REQUIRE(book.Write({OfTax(std::move(gone))}, kTestMs).ok());
  ComparisonBook after(log);
  REQUIRE(after.Open().ok());
  for (const ComparisonBook* of : {&book, &after}) {
    CHECK_FALSE(*of->Evidence("tax", clue));
    CHECK_FALSE(of->HasEvidence("tax", clue));
  }
}

TEST_CASE("Evidence that was gathered before an erasure is recognised") {
  MemoryLog log;
  ComparisonBook book(log);
  const v1::ClueEvidence evidence = EvidenceOf(ClueName(1), "runs/1", 7).evidence();
  CHECK_FALSE(book.NoteErased("tax", "tax.deed", 7));
  const size_t noted = book.erased_count();
  CHECK(book.WasErasedSince(noted - 1, evidence));
  CHECK_FALSE(book.WasErasedSince(noted, evidence));
  book.NoteErased("tax", "nrp.transfer", 7);
  CHECK_FALSE(book.WasErasedSince(noted, evidence));
}

}  // namespace hangou
