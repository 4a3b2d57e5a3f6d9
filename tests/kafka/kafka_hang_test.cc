// The Kafka log at a broker that hangs for so long that timeouts end what was under way.
#include "tests/kafka/outage_for_test.h"

namespace hangou {
namespace {

TEST_CASE("A broker that hangs for longer than a request waits loses and doubles nothing") {
  Outage outage;
  outage.TakeAway(SIGSTOP);
  const int64_t kept = outage.appender->kept();
  std::this_thread::sleep_for(std::chrono::seconds(20));  // waits: for our own timeouts while nobody answers
  CHECK(outage.appender->kept() <= kept + 20);
  outage.broker.Signal(SIGCONT);
  outage.Check();
}

TEST_CASE("A broker that stays away fails appends, and no leader stays in office") {
  Outage outage;
  outage.appender->Stop();
  log_contract::Leadership leadership;
  const auto candidate = log_contract::Candidate(*outage.log, "duty", &leadership);
  REQUIRE(WaitUntil([&leadership] { return leadership.leads.load(); }));
  outage.TakeAway(SIGSTOP);
  CHECK(WaitUntil([&leadership] { return !leadership.leads; }));
  const auto answer = AppendAndWait(*outage.log, "t", 0, {{"k", "v"}});
  CHECK(ReasonOf(answer.status()) == Reason::kLogUnavailable);
  CHECK(ReasonOf(outage.log->EndOffsets("t", {0}).status()) == Reason::kLogUnavailable);
  CHECK(outage.reader->Poll(1'000'000).ok());
  outage.broker.Signal(SIGCONT);
  CHECK(WaitUntil([&leadership] { return leadership.leads.load(); }));
  CHECK(WaitUntil([&outage] { return AppendAndWait(*outage.log, "t", 0, {{"k", "v"}}).ok(); }));
}

}  // namespace
}  // namespace hangou
