#include "libs/base_library/past.h"

#include <catch2/catch.hpp>
#include <optional>
#include <random>

#include "libs/base_library/group_machine_for_test.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;
using group_machine_test::Harness;
using group_machine_test::kNowUs;
using group_machine_test::Make;
using group_machine_test::Outcomes;
using hangou::record::v1::Deletion;
using hangou::record::v1::StoredRecord;

const std::string kOwner = "32100219850714001";

Submission TakeBack(Deletion::Kind kind) {
  Submission submission = Make({.owner = kOwner, .version = 1, .deletion = true}, nullptr);
  submission.envelope.mutable_deletion()->set_kind(kind);
  return submission;
}

Submission Withdrawal(uint64_t version, uint64_t content) {
  Submission submission = Make({.owner = kOwner, .version = version, .content = content}, nullptr);
  submission.envelope.mutable_upsert()->set_withdrawn_revision(1);
  return submission;
}

// Submits and applies; the outcome.
v1::Outcome Do(Harness& harness, Submission submission, int64_t now_us = kNowUs) {
  auto sink = std::make_shared<Outcomes>();
  submission.sink = sink;
  harness.Submit(std::move(submission), now_us);
  harness.ApplyAll();
  REQUIRE(sink->Has(0));
  return sink->Of(0);
}

v1::Outcome Publish(Harness& harness, uint64_t version, uint64_t content, int64_t now_us = kNowUs) {
  return Do(harness, Make({.owner = kOwner, .version = version, .content = content}, nullptr), now_us);
}

std::string KeyOfOwner() {
  return RecordKey(0, Make({.owner = kOwner, .version = 1}, nullptr).envelope.upsert().head());
}

std::optional<StoredRecord> Newest(Harness& harness) {
  const auto row = harness.store().Get(kViewRecords, KeyOfOwner());
  REQUIRE(row.ok());
  if (!*row) return std::nullopt;
  StoredRecord state;
  REQUIRE(state.ParseFromString(**row));
  return state;
}

// The content served as of an instant; none where nothing is.
std::optional<std::string> ContentAt(Harness& harness, int64_t at_us) {
  auto state = Newest(harness);
  if (!state) return std::nullopt;
  PastRecord past{KeyOfOwner(), *state};
  REQUIRE(PutBackAll(harness.store(), at_us, {&past}).ok());
  if (!past.found || !IsValidOn(past.state, /*day=*/100'000)) return std::nullopt;
  return past.state.upsert().payload();
}

bool LogHolds(Harness& harness, std::string_view bytes) {
  for (const auto& entry : harness.log()[0]) {
    if (entry.key.find(bytes) != std::string::npos) return true;
    if (entry.value && entry.value->find(bytes) != std::string::npos) return true;
  }
  return false;
}

TEST_CASE("A withdrawn content gives way to the one before it, as if it had never been") {
  Harness harness({0});
  CHECK(Publish(harness, 1, 10, kNowUs + 1) == v1::OUTCOME_ACCEPTED);
  CHECK(Publish(harness, 2, 20, kNowUs + 2) == v1::OUTCOME_ACCEPTED);
  CHECK(Do(harness, Withdrawal(1, 10)) == v1::OUTCOME_STALE);
  CHECK(Do(harness, Withdrawal(2, 20), kNowUs + 3) == v1::OUTCOME_ACCEPTED);
  CHECK(ContentAt(harness, kNowUs + 9) == "10");
  CHECK(ContentAt(harness, kNowUs + 2) == "10");
  // The version that was withdrawn is free again, for what is right.
  CHECK(Publish(harness, 2, 21, kNowUs + 4) == v1::OUTCOME_ACCEPTED);
  CHECK(ContentAt(harness, kNowUs + 9) == "21");
  CHECK(ContentAt(harness, kNowUs + 3) == "10");
}

TEST_CASE("Where nothing was before, a withdrawal recalls") {
  Harness harness({0});
  Publish(harness, 1, 10);
  CHECK(Do(harness, Withdrawal(1, 10)) == v1::OUTCOME_ACCEPTED);
  CHECK_FALSE(ContentAt(harness, kNowUs + 9));
  REQUIRE(Newest(harness));
  CHECK(IsRecalled(*Newest(harness)));
  CHECK(Publish(harness, 1, 11) == v1::OUTCOME_ACCEPTED);
  CHECK(ContentAt(harness, kNowUs + 9) == "11");
}

TEST_CASE("What is recalled is served at no instant, and kept") {
  Harness harness({0});
  Publish(harness, 1, 10, kNowUs + 1);
  Publish(harness, 2, 20, kNowUs + 2);
  CHECK(Do(harness, TakeBack(Deletion::KIND_RECALL), kNowUs + 3) == v1::OUTCOME_ACCEPTED);
  CHECK(Do(harness, TakeBack(Deletion::KIND_RECALL), kNowUs + 4) == v1::OUTCOME_DUPLICATE);
  for (const int64_t at : {1, 2, 3, 9}) CHECK_FALSE(ContentAt(harness, kNowUs + at));
  CHECK(Newest(harness)->upsert().payload() == "20");
  Publish(harness, 3, 30, kNowUs + 5);
  CHECK(ContentAt(harness, kNowUs + 9) == "30");
  CHECK_FALSE(ContentAt(harness, kNowUs + 4));
}

// A deletion as of a day that is still to come.
Submission LaterDeletion(uint64_t version) {
  Submission deletion = Make({.owner = kOwner, .version = version, .deletion = true}, nullptr);
  deletion.envelope.mutable_deletion()->set_valid_until_day(200'000);
  return deletion;
}

TEST_CASE(
    "Until its day a deletion leaves what it was of: not what is recalled, nor what was taken back since") {
  Harness harness({0});
  Publish(harness, 1, 10, kNowUs + 1);
  if (GENERATE(false, true)) {
    CHECK(Do(harness, TakeBack(Deletion::KIND_RECALL), kNowUs + 2) == v1::OUTCOME_ACCEPTED);
    CHECK(Do(harness, LaterDeletion(2), kNowUs + 3) == v1::OUTCOME_ACCEPTED);
    CHECK_FALSE(ContentAt(harness, kNowUs + 9));
    return;
  }
  CHECK(Do(harness, LaterDeletion(2), kNowUs + 2) == v1::OUTCOME_ACCEPTED);
  CHECK(ContentAt(harness, kNowUs + 9) == "10");
  CHECK(Publish(harness, 3, 20, kNowUs + 3) == v1::OUTCOME_ACCEPTED);
  CHECK(Do(harness, Withdrawal(3, 20), kNowUs + 4) == v1::OUTCOME_ACCEPTED);
  CHECK(ContentAt(harness, kNowUs + 9) == "10");
  harness.CompactAndRebuild();
  CHECK(ContentAt(harness, kNowUs + 9) == "10");
}

TEST_CASE("What is erased is in no table and, when its day is over, in no entry of the log") {
  Harness harness({0});
  Publish(harness, 1, 10'000'001);
  Publish(harness, 2, 10'000'002);
  CHECK(Do(harness, TakeBack(Deletion::KIND_ERASE), kNowUs + 1) == v1::OUTCOME_ACCEPTED);
  CHECK_FALSE(Newest(harness));
  REQUIRE(harness.store()
              .Scan(kViewHistory, "", "",
                    [](std::string_view, std::string_view) {
                      FAIL("a former state is left");
                      return true;
                    })
              .ok());
  CHECK(Do(harness, TakeBack(Deletion::KIND_ERASE)) == v1::OUTCOME_REFUSED);
  const bool again = GENERATE(false, true);
  if (again) CHECK(Publish(harness, 1, 7) == v1::OUTCOME_ACCEPTED);
  harness.EndErasures(kNowUs + 2);
  // Who comes late is told that something went, and how far.
  const auto& told = harness.log()[0].back();
  hangou::record::v1::Envelope ended;
  REQUIRE(ended.ParseFromString(*told.value));
  CHECK(told.key.starts_with(EndedErasuresKey(ended.erasures_ended().resource_number(), 0)));
  CHECK(
      ParseLogKey(harness.log()[0].at(static_cast<size_t>(ended.erasures_ended().last_offset())).key).kind ==
      ParsedLogKey::kErasure);
  harness.CompactAndRebuild();
  CHECK_FALSE(LogHolds(harness, "1000000"));
  CHECK(LogHolds(harness, kOwner) == again);
  CHECK(ContentAt(harness, kNowUs + 9) == (again ? std::optional<std::string>("7") : std::nullopt));
}

// The model: every state of one record with its instant, in order.
struct ModelState {
  int64_t at_us;
  std::optional<uint64_t> content;  // none: deleted
  uint64_t version;
  bool withdrawn = false;
  bool recall = false;
};

class PastModel {
 public:
  void Publish(int64_t at_us, uint64_t version, uint64_t content) {
    if (!states_.empty() && !states_.back().recall && version <= states_.back().version) return;
    if (!states_.empty() && version < states_.back().version) return;
    states_.push_back({at_us, content, version});
  }
  void Delete(int64_t at_us, uint64_t version) {
    if (!states_.empty() && !states_.back().recall && version <= states_.back().version) return;
    if (!states_.empty() && version < states_.back().version) return;
    states_.push_back({at_us, std::nullopt, version});
  }
  void Recall(int64_t at_us) {
    if (states_.empty() || states_.back().recall) return;
    states_.push_back({at_us, std::nullopt, states_.back().version, false, true});
  }
  void Erase() { states_.clear(); }
  void Withdraw(int64_t at_us, uint64_t version, uint64_t content) {
    if (states_.empty() || states_.back().recall || states_.back().version != version ||
        states_.back().content != std::optional(content)) {
      return;
    }
    ModelState before{at_us, std::nullopt, version, false, true};
    for (size_t i = states_.size() - 1; i-- > 0;) {
      if (states_[i].withdrawn || states_[i].content == std::optional(content)) continue;
      before = states_[i];
      before.at_us = at_us;
      break;
    }
    states_.back().withdrawn = true;
    states_.push_back(before);
  }
  std::optional<std::string> At(int64_t at_us) const {
    for (size_t i = states_.size(); i-- > 0;) {
      if (states_[i].recall) return std::nullopt;
      if (states_[i].withdrawn || states_[i].at_us > at_us) continue;
      if (!states_[i].content) return std::nullopt;
      return std::to_string(*states_[i].content);
    }
    return std::nullopt;
  }
  size_t size() const { return states_.size(); }

 private:
  std::vector<ModelState> states_;
};

TEST_CASE("Whatever is done to a record, every instant shows what the list of its states shows") {
  std::mt19937 random(GENERATE(range(1u, 41u)));
  const auto roll = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  Harness harness({0});
  PastModel model;
  uint64_t version = 1;  // 0 would be by arrival
  uint64_t content = 0;
  int64_t clock = 0;
  for (int step = 0; step < 40; ++step) {
    const int64_t at = kNowUs + ++clock;
    switch (roll(9)) {
      case 0: {
        Submission deletion = Make({.owner = kOwner, .version = ++version, .deletion = true}, nullptr);
        model.Delete(at, version);
        Do(harness, std::move(deletion), at);
        break;
      }
      case 1:
        model.Recall(at);
        Do(harness, TakeBack(Deletion::KIND_RECALL), at);
        break;
      case 2:
        if (roll(3) != 0) break;
        model.Erase();
        Do(harness, TakeBack(Deletion::KIND_ERASE), at);
        break;
      case 3:
      case 4:
        model.Withdraw(at, version, content);
        Do(harness, Withdrawal(version, content), at);
        break;
      case 5:
        harness.Restart(/*fresh=*/roll(1) == 0);
        break;
      case 6:
        harness.EndErasures(at);
        harness.CompactAndRebuild();
        break;
      default:
        version += static_cast<uint64_t>(roll(2));
        content = static_cast<uint64_t>(roll(3)) + 100;
        model.Publish(at, version, content);
        Publish(harness, version, content, at);
    }
    for (int64_t instant = 0; instant <= clock; ++instant) {
      INFO("step " << step << ", instant " << instant << ": "
                   << ContentAt(harness, kNowUs + instant).value_or("-") << " and "
                   << model.At(kNowUs + instant).value_or("-"));
      REQUIRE(ContentAt(harness, kNowUs + instant) == model.At(kNowUs + instant));
    }
  }
}

}  // namespace
}  // namespace hangou
