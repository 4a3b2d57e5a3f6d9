#include "libs/log/log_contract.h"

#include "libs/base/temp_folder.h"
#include "libs/log/embedded_log.h"
#include "libs/log/memory_log.h"

namespace hangou {
namespace {

TEST_CASE("The log in memory keeps the contract") {
  CheckLogContract([] { return std::make_unique<MemoryLog>(); });
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
    CHECK(log.EndOffset("t", 0).value() == 0);
    log.ReleaseSome(1);
    CHECK(answers->count() == 1);
    CHECK(log.EndOffset("t", 0).value() == 1);
    log.Release();
    CHECK(answers->Wait()[2].value() == 2);
  }
  SECTION("A failed append is lost or kept, and later ones work again") {
    log.FailAppends(MakeError(Reason::kLogUnavailable, "test"));
    CHECK(ReasonOf(AppendAndWait(log, "t", 0, {{"a", "v"}}).status()) == Reason::kLogUnavailable);
    CHECK(log.EndOffset("t", 0).value() == 0);
    log.FailAppends(MakeError(Reason::kStoreFull, "test"), MemoryLog::OnFailure::kKept);
    CHECK(ReasonOf(AppendAndWait(log, "t", 0, {{"a", "v"}}).status()) == Reason::kStoreFull);
    CHECK(log.EndOffset("t", 0).value() == 1);
    log.FailAppends(absl::OkStatus());
    CHECK(AppendAndWait(log, "t", 0, {{"a", "v"}}).value() == 1);
  }
  SECTION("A damaged partition answers so") {
    log.DamagePartition("t", 0);
    CHECK(ReasonOf(log.EndOffset("t", 0).status()) == Reason::kDataLoss);
    CHECK(ReasonOf(log.OpenReader("t", {{0, 0}}).status()) == Reason::kDataLoss);
    CHECK(ReasonOf(AppendAndWait(log, "t", 0, {{"a", "v"}}).status()) == Reason::kDataLoss);
  }
}

}  // namespace
}  // namespace hangou
