#include "libs/log/log_contract.h"

#include "libs/base/temp_folder.h"
#include "libs/log/embedded_log.h"
#include "libs/log/memory_log.h"

namespace hangou {
namespace {

// What a log in the same process keeps beyond the contract: everything durable is at hand at once.
void CheckLocalReaders(Log& log) {
  REQUIRE(log.EnsureTopic("t", 4).ok());
  SECTION("Partitions take turns") {
    for (const int32_t partition : {1, 2, 3}) {
      for (int i = 0; i < 50; ++i) REQUIRE(AppendAndWait(log, "t", partition, {{"a", "v"}}).ok());
    }
    auto reader = log.OpenReader("t", {{1, 0}, {3, 0}}).value();
    const auto first = reader->Poll(50).value();
    REQUIRE(first.size() == 50);
    CHECK(std::count_if(first.begin(), first.end(), [](const auto& r) { return r.partition == 1; }) == 25);
    CHECK(ReadAll(*reader, 1).value().size() == 50);
  }
  SECTION("A reader is notified once, before the append is answered, of its partitions only") {
    auto reader = log.OpenReader("t", {{2, 0}}).value();
    std::atomic<int> calls = 0;
    reader->SetNotify([&calls] { ++calls; });
    REQUIRE(AppendAndWait(log, "t", 2, {{"a", "v"}}).ok());
    CHECK(calls == 1);
    CHECK(reader->Poll(10).value().size() == 1);
    REQUIRE(AppendAndWait(log, "t", 3, {{"a", "v"}}).ok());
    CHECK(calls == 1);
    reader->SetNotify({});
    REQUIRE(AppendAndWait(log, "t", 2, {{"a", "v"}}).ok());
    CHECK(calls == 1);
  }
  SECTION("A candidate leads at once") {
    log_contract::Leadership first, second;
    auto leader = log_contract::Candidate(log, "duty", &first);
    CHECK(first.leads);
    const auto next = log_contract::Candidate(log, "duty", &second);
    CHECK_FALSE(second.leads);
    leader.reset();
    CHECK(second.leads);
  }
}

TEST_CASE("The log in memory keeps the contract") {
  CheckLogContract([] { return std::make_unique<MemoryLog>(); });
}

TEST_CASE("What the log in memory has taken is at hand at once") {
  MemoryLog log;
  CheckLocalReaders(log);
}

TEST_CASE("What the embedded log has taken is at hand at once") {
  const TempFolder folder;
  CheckLocalReaders(*EmbeddedLog::Open(folder.path(), SystemClock()).value());
}

TEST_CASE("The embedded log keeps the contract") {
  const TempFolder folder;
  CheckLogContract([&folder] { return EmbeddedLog::Open(folder.path(), SystemClock()).value(); });
}

TEST_CASE("The embedded log keeps the contract when every read goes to the disk and segments are tiny") {
  const TempFolder folder;
  EmbeddedLogSizes sizes;
  sizes.segment_bytes = 200;
  sizes.tail_bytes = 0;
  CheckLogContract([&] { return EmbeddedLog::Open(folder.path(), SystemClock(), sizes).value(); });
}

TEST_CASE("Appends to the log in memory wait, fail and get lost as a test asks") {
  MemoryLog log;
  REQUIRE(log.EnsureTopic("t", 1).ok());
  SECTION("Held appends are neither durable nor answered, and go in order") {
    log.Hold();
    auto answers = std::make_shared<AppendAnswers>(3);
    for (size_t i = 0; i < 3; ++i)
      log.Append("t", 0, {{std::to_string(i), "v"}}, AppendAnswers::At(answers, i));
    CHECK(answers->count() == 0);
    CHECK(log.held() == 3);
    CHECK(EndOffsetOf(log, "t", 0).value() == 0);
    log.ReleaseSome(1);
    CHECK(answers->count() == 1);
    CHECK(EndOffsetOf(log, "t", 0).value() == 1);
    log.Release();
    CHECK(answers->Wait()[2].value() == 2);
  }
  SECTION("A failed append is lost or kept, and later ones work again") {
    log.FailAppends(MakeError(Reason::kLogUnavailable, "test"));
    CHECK(ReasonOf(AppendAndWait(log, "t", 0, {{"a", "v"}}).status()) == Reason::kLogUnavailable);
    CHECK(EndOffsetOf(log, "t", 0).value() == 0);
    log.FailAppends(MakeError(Reason::kStoreFull, "test"), MemoryLog::OnFailure::kKept);
    CHECK(ReasonOf(AppendAndWait(log, "t", 0, {{"a", "v"}}).status()) == Reason::kStoreFull);
    CHECK(EndOffsetOf(log, "t", 0).value() == 1);
    log.FailAppends(absl::OkStatus());
    CHECK(AppendAndWait(log, "t", 0, {{"a", "v"}}).value() == 1);
  }
  SECTION("A damaged partition answers so") {
    log.DamagePartition("t", 0);
    CHECK(ReasonOf(EndOffsetOf(log, "t", 0).status()) == Reason::kDataLoss);
    CHECK(ReasonOf(log.OpenReader("t", {{0, 0}}).status()) == Reason::kDataLoss);
    CHECK(ReasonOf(AppendAndWait(log, "t", 0, {{"a", "v"}}).status()) == Reason::kDataLoss);
  }
}

}  // namespace
}  // namespace hangou
