#include "libs/base_library/references.h"

#include <catch2/catch.hpp>

#include "libs/base_library/group_machine_for_test.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;
using group_machine_test::Harness;
using group_machine_test::Make;
using group_machine_test::Outcomes;

hangou::record::v1::Reference Example() {
  const auto head = Make({.owner = "32100219850714001", .version = 1}, nullptr).envelope.upsert().head();
  return ReferenceTo(head, {7, EntityKind::kOrganisation, "703903783"});
}

Submission Submitted(bool removed, const std::shared_ptr<OutcomeSink>& sink, uint32_t place = 0) {
  Submission submission;
  submission.sink = sink;
  *submission.envelope.mutable_reference() = Example();
  submission.envelope.mutable_reference()->set_removed(removed);
  submission.envelope.mutable_reference()->mutable_head()->set_request_place(place);
  return submission;
}

size_t Rows(Harness& harness) {
  size_t rows = 0;
  REQUIRE(harness.store()
              .Scan(kViewReferences, "", "", [&](std::string_view, std::string_view) { return ++rows > 0; })
              .ok());
  return rows;
}

TEST_CASE("A reference leads from the entity named to the record, by its key alone") {
  Harness harness({0});
  auto sink = std::make_shared<Outcomes>();
  harness.Submit(Submitted(false, sink));
  harness.ApplyAll();
  CHECK(sink->Of(0) == v1::OUTCOME_ACCEPTED);
  std::string prefix = EntityPrefix(1, 0, EntityKind::kOrganisation, "703903783");
  prefix.append("\0\0\0\7", 4);
  std::string rest;
  REQUIRE(harness.store()
              .Scan(kViewReferences, prefix, prefix,
                    [&](std::string_view key, std::string_view) {
                      rest = std::string(key.substr(prefix.size()));
                      return true;
                    })
              .ok());
  const auto record = ParseReferenceKey(rest);
  REQUIRE(record.ok());
  CHECK(record->kind == EntityKind::kPerson);
  CHECK(record->owner_key == "32100219850714001");
  CHECK(record->provider == "psb");
  CHECK(record->record_key.empty());
}

TEST_CASE("A reference that is there is not written again, in flight or applied") {
  Harness harness({0});
  auto sink = std::make_shared<Outcomes>();
  harness.Submit(Submitted(false, sink, 0));
  harness.Submit(Submitted(false, sink, 1));
  CHECK(sink->all().empty());
  harness.ApplyAll();
  harness.Submit(Submitted(false, sink, 2));
  CHECK(sink->Of(0) == v1::OUTCOME_ACCEPTED);
  CHECK(sink->Of(1) == v1::OUTCOME_DUPLICATE);
  CHECK(sink->Of(2) == v1::OUTCOME_DUPLICATE);
  CHECK(Rows(harness) == 1);
  harness.Restart(/*fresh=*/true);
  CHECK(Rows(harness) == 1);
}

TEST_CASE("A removed reference leaves the view and the log, and what is not there has nothing to remove") {
  Harness harness({0});
  auto sink = std::make_shared<Outcomes>();
  harness.Submit(Submitted(true, sink, 0));
  CHECK(sink->Of(0) == v1::OUTCOME_REFUSED);
  harness.Submit(Submitted(false, sink, 1));
  harness.Submit(Submitted(true, sink, 2));  // the first is under way
  CHECK(sink->ReasonOf(2) == "OVERLOADED");
  harness.ApplyAll();
  harness.Submit(Submitted(true, sink, 3));
  harness.Submit(Submitted(false, sink, 4));  // the removal is under way
  CHECK(sink->ReasonOf(4) == "OVERLOADED");
  CHECK_FALSE(sink->Has(3));
  harness.ApplyAll();
  CHECK(sink->Of(3) == v1::OUTCOME_ACCEPTED);
  CHECK(Rows(harness) == 0);
  CHECK(harness.machine().PendingCount() == 0);
  harness.CompactAndRebuild();
  for (const auto& entry : harness.log()[0]) CHECK(entry.key.find("703903783") == std::string::npos);
}

TEST_CASE("A reference or a removal that cannot be appended is told so") {
  Harness harness({0});
  const bool removed = GENERATE(false, true);
  auto sink = std::make_shared<Outcomes>();
  if (removed) {
    harness.Submit(Submitted(false, sink, 0));
    harness.ApplyAll();
  }
  harness.FailNextAppend();
  harness.Submit(Submitted(removed, sink, 1));
  CHECK(sink->ReasonOf(1) == "STORE_FULL");
  CHECK(harness.machine().PendingCount() == 0);
}

}  // namespace
}  // namespace hangou
