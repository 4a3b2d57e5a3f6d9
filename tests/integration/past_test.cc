// The past: what was known, what is taken back, and by whom a record is found.
#include <catch2/catch.hpp>
#include <filesystem>

#include "hangou/base_library/v1/base_library.pb.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/base/text.h"
#include "libs/client/topic_subscriptions.h"
#include "services/standalone/installation.h"
#include "tests/integration/city.h"
#include "tests/integration/open_subscription.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;
namespace exchange = hangou::exchange::v1;
namespace fs = std::filesystem;

const std::string kResidents = "resources/psb.resident";

// A transfer of a place, with its parties.
constexpr char kTransfers[] = R"(
kind: Resource
name: resources/psb.transfer
title: 转移登记
library: population
responsible: psb
providers: [psb]
sharing: unconditional
versioning: arrival
owner_kind: person
owner_field: seller
record_key_fields: [contract]
roles:
  - {name: buyer, title: 受让人, kind: person, field: buyer}
  - {name: agency, title: 中介, kind: organisation, field: agency}
cross_rules:
  - {name: two_parties, title: 转让人与受让人不得相同, kind: different, field: seller, other: buyer}
fields:
  - {name: seller, title: 转让人, type: citizen_id, required: true}
  - {name: buyer, title: 受让人, type: citizen_id, required: true}
  - {name: agency, title: 中介, type: uscc}
  - {name: contract, title: 合同号, type: text, required: true, max_length: 32}
  - {name: price, title: 价款, type: money}
)";

v1::Outcome PublishResident(City& city, int person, const std::string& name, int version) {
  const auto answer =
      city.Publish("psb", kResidents, {city.Payload(kResidents, Resident(CitizenId(person), name, version))},
                   "p" + std::to_string(person) + "-" + std::to_string(version) + "-" + Hex(name));
  REQUIRE(answer.outcomes_size() == 1);
  return answer.outcomes(0).outcome();
}

void SetAsOf(int64_t us, hangou::record::v1::AccessContext* context) {
  context->mutable_as_of()->set_seconds(us / kUsPerSecond);
  context->mutable_as_of()->set_nanos(static_cast<int32_t>(us % kUsPerSecond * 1000));
}

// The name of a resident as of an instant, "" where there is none.
std::string NameAt(City& city, int person, int64_t us) {
  v1::GetRequest request;
  request.set_resource(kResidents);
  request.mutable_owner()->set_id(CitizenId(person));
  request.mutable_context()->set_purpose("household_check");
  if (us != 0) SetAsOf(us, request.mutable_context());
  const auto response = city.As("civil", "consumer").Get(request);
  INFO(Message(response.status()));
  REQUIRE(response.ok());
  return response->records_size() == 0 ? "" : city.Fields(kResidents, response->records(0))["name"];
}

// An instant behind all that was answered before, and before all that comes.
int64_t Between() {
  const int64_t us = SystemClock().UtcUs();
  REQUIRE(Eventually([&] { return SystemClock().UtcUs() > us; }));
  return us;
}

v1::GetHistoryResponse HistoryOf(City& city, const std::string& department, int person,
                                 int64_t as_of_us = 0) {
  v1::GetHistoryRequest request;
  if (as_of_us != 0) SetAsOf(as_of_us, request.mutable_context());
  request.set_resource(kResidents);
  request.mutable_owner()->set_id(CitizenId(person));
  request.mutable_context()->set_purpose("household_check");
  const auto response = city.As(department, "consumer").GetHistory(request);
  INFO(Message(response.status()));
  REQUIRE(response.ok());
  return *response;
}

v1::PublishResponse Recall(City& city, int person) {
  v1::RecallRequest request;
  request.set_request_id("recall-" + std::to_string(person));
  request.set_resource(kResidents);
  request.add_items()->mutable_owner()->set_id(CitizenId(person));
  request.set_reason("登记对象有误");
  return city.As("psb", "publisher").Recall(request).value();
}

v1::PublishResponse Erase(City& city, const std::string& resource, int person, const std::string& key = "") {
  v1::EraseRequest request;
  request.set_request_id("erase-" + std::to_string(person));
  request.set_resource(resource);
  auto* item = request.add_items();
  item->mutable_owner()->set_id(CitizenId(person));
  item->set_record_key(key);
  request.set_legal_basis("个人信息保护法第四十七条");
  return city.As("psb", "publisher").Erase(request).value();
}

TEST_CASE("A read as of an instant shows what was known then, also after a restart, and never the future") {
  City city;
  const int64_t before = Between();
  REQUIRE(PublishResident(city, 1, "张三", 1) == v1::OUTCOME_ACCEPTED);
  const int64_t first = Between();
  REQUIRE(PublishResident(city, 1, "张叁", 2) == v1::OUTCOME_ACCEPTED);
  const int64_t second = Between();
  const bool restart = GENERATE(false, true);
  if (restart) city.Restart();
  CHECK(NameAt(city, 1, before).empty());
  CHECK(NameAt(city, 1, first) == "张三");
  CHECK(NameAt(city, 1, second) == "张叁");
  CHECK(NameAt(city, 1, 0) == "张叁");
  v1::GetRequest request;
  request.set_resource(kResidents);
  request.mutable_owner()->set_id(CitizenId(1));
  request.mutable_context()->set_purpose("household_check");
  SetAsOf(SystemClock().UtcUs() + 3600 * kUsPerSecond, request.mutable_context());
  CHECK(ReasonOf(city.As("civil", "consumer").Get(request).status()) == Reason::kInvalidRequest);
}

TEST_CASE("A list as of an instant has what was known then, page by page") {
  City city;
  for (int person = 0; person < 30; ++person) PublishResident(city, person, "旧", 1);
  const int64_t then = Between();
  for (int person = 0; person < 30; person += 2) PublishResident(city, person, "新", 2);
  for (int person = 30; person < 40; ++person) PublishResident(city, person, "新", 1);
  v1::ListRequest request;
  request.set_resource(kResidents);
  request.mutable_context()->set_purpose("household_check");
  SetAsOf(then, request.mutable_context());
  request.set_page_size(7);
  int records = 0;
  do {
    const auto page = city.As("civil", "consumer").List(request);
    REQUIRE(page.ok());
    for (const auto& record : page->records()) CHECK(city.Fields(kResidents, record)["name"] == "旧");
    records += page->records_size();
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  CHECK(records == 30);
}

TEST_CASE("The history of a record is given under the decision of a read, and audited") {
  City city;
  PublishResident(city, 1, "张三", 1);
  PublishResident(city, 1, "张叁", 2);
  const auto history = HistoryOf(city, "civil", 1);
  REQUIRE(history.revisions_size() == 2);
  CHECK(history.revisions(0).record().provenance().revision() == 2);
  CHECK(city.Fields(kResidents, history.revisions(1).record())["name"] == "张三");
  CHECK(city.Fields(kResidents, history.revisions(1).record()).contains("phone"));
  // The negative list holds for the past as for now.
  CHECK_FALSE(city.Fields(kResidents, HistoryOf(city, "health", 1).revisions(1).record()).contains("phone"));
  const auto entries = city.AuditEntries();
  CHECK(entries.back().action() == hangou::audit::v1::ACTION_READ);
  CHECK(entries.back().records() == 2);
}

TEST_CASE("A recall is told to who received the record, who confirms it; nothing of it is served") {
  City city;
  PublishResident(city, 1, "张三", 1);
  const int64_t then = Between();
  exchange::SubscribeRequest subscribe;
  subscribe.set_subscription("feed");
  subscribe.set_resource(kResidents);
  subscribe.mutable_context()->set_purpose("household_check");
  subscribe.mutable_snapshot();
  OpenSubscription subscription(city, "civil", subscribe);
  REQUIRE(subscription.Take(1).size() == 1);
  const bool erase = GENERATE(false, true);
  const auto answer = erase ? Erase(city, kResidents, 1) : Recall(city, 1);
  REQUIRE(answer.outcomes(0).outcome() == v1::OUTCOME_ACCEPTED);
  CHECK(NameAt(city, 1, 0).empty());
  CHECK(NameAt(city, 1, then).empty());
  const auto changes = subscription.Take(1);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].kind() == (erase ? exchange::Change::KIND_ERASURE : exchange::Change::KIND_RECALL));
  CHECK_FALSE(changes[0].reason().empty());
  CHECK(changes[0].record().payload().empty());
  CHECK(HistoryOf(city, "civil", 1).revisions_size() == (erase ? 0 : 1));
  CHECK(HistoryOf(city, "civil", 1, then).revisions_size() == 0);

  Client& receiver = city.As("civil", "consumer");
  Client& provider = city.As("psb", "publisher");
  CHECK(ListRecalls(receiver, true)->size() == 1);
  CHECK(ListRecalls(provider, true)->size() == 1);
  CHECK(ListRecalls(city.As("tax", "consumer"), false)->empty());
  exchange::ConfirmRecallRequest confirm;
  confirm.set_subscription("feed");
  *confirm.add_positions() = changes[0].record().provenance().position();
  CHECK(ConfirmRecall(receiver, confirm)->confirmed() == 1);
  CHECK(city.AuditEntries().back().action() == hangou::audit::v1::ACTION_CONFIRM_RECALL);
  city.Restart();
  CHECK(ListRecalls(receiver, true)->empty());
  CHECK(ListRecalls(provider, false)->at(0).has_confirm_time());
  CHECK(PublishResident(city, 1, "张三丰", 1) == v1::OUTCOME_ACCEPTED);
  CHECK(NameAt(city, 1, 0) == "张三丰");
}

TEST_CASE("A batch is withdrawn: what was there before is served again, what was not is recalled") {
  City city;
  PublishResident(city, 1, "张三", 1);
  v1::PublishRequest batch;
  batch.set_request_id("bad");
  batch.set_resource(kResidents);
  for (int person = 1; person <= 2; ++person) {
    batch.add_records()->set_payload(city.Payload(kResidents, Resident(CitizenId(person), "错", 2)));
  }
  REQUIRE(city.PublishBatch("psb", batch).outcomes(1).outcome() == v1::OUTCOME_ACCEPTED);
  batch.set_request_id("withdraw");
  const auto withdrawn = city.As("psb", "publisher").Withdraw(batch);
  REQUIRE(withdrawn.ok());
  for (const auto& outcome : withdrawn->outcomes()) CHECK(outcome.outcome() == v1::OUTCOME_ACCEPTED);
  CHECK(NameAt(city, 1, 0) == "张三");
  CHECK(NameAt(city, 2, 0).empty());
  CHECK(PublishResident(city, 1, "对", 2) == v1::OUTCOME_ACCEPTED);
  batch.set_request_id("again");
  CHECK(city.As("psb", "publisher").Withdraw(batch)->outcomes(0).outcome() == v1::OUTCOME_STALE);
}

// Completes a replacement, page after page.
absl::StatusOr<v1::CompleteReplaceResponse> Complete(City& city, uint64_t generation, bool confirmed) {
  v1::CompleteReplaceRequest request;
  request.set_resource(kResidents);
  request.set_generation(generation);
  request.set_confirmed(confirmed);
  for (;;) {
    auto response = city.As("psb", "publisher").CompleteReplace(request);
    if (!response.ok() || response->next_page_token().empty()) return response;
    request.set_page_token(response->next_page_token());
  }
}

TEST_CASE("A full export deletes what it lacks, and one that was cut off deletes nothing") {
  City city;
  constexpr int kPeople = 600;
  const auto publish = [&](int from, int to, uint64_t generation) {
    for (int first = from; first < to; first += 200) {
      v1::PublishRequest batch;
      batch.set_request_id("g" + std::to_string(generation) + "-" + std::to_string(first));
      batch.set_resource(kResidents);
      for (int person = first; person < std::min(to, first + 200); ++person) {
        auto* record = batch.add_records();
        record->set_payload(city.Payload(kResidents, Resident(CitizenId(person), "张三", 1)));
        record->set_generation(generation);
      }
      const auto answer = city.PublishBatch("psb", batch);
      for (const auto& outcome : answer.outcomes()) REQUIRE(outcome.outcome() == v1::OUTCOME_ACCEPTED);
    }
  };
  publish(0, kPeople, 0);
  publish(0, kPeople / 2, 1);
  CHECK(ReasonOf(Complete(city, 1, false).status()) == Reason::kReplaceGuard);
  CHECK(NameAt(city, kPeople - 1, 0) == "张三");
  const auto confirmed = Complete(city, 1, true);
  INFO(Message(confirmed.status()));
  REQUIRE(confirmed.ok());
  CHECK(confirmed->records() == kPeople);
  CHECK(confirmed->deleted() == kPeople / 2);
  CHECK(NameAt(city, kPeople - 1, 0).empty());
  CHECK(NameAt(city, 0, 0) == "张三");
  CHECK(Complete(city, 1, false)->deleted() == 0);
  // Who may not publish may not replace.
  v1::CompleteReplaceRequest request;
  request.set_resource(kResidents);
  request.set_generation(2);
  CHECK(ReasonOf(city.As("tax", "publisher").CompleteReplace(request).status()) == Reason::kNotProvider);
}

v1::PublishResponse PublishTransfer(City& city, int seller, int buyer, int agency,
                                    const std::string& contract, const std::string& price) {
  return city.Publish("psb", "psb.transfer",
                      {city.Payload("psb.transfer", {{"seller", CitizenId(seller)},
                                                     {"buyer", CitizenId(buyer)},
                                                     {"agency", Uscc(agency)},
                                                     {"contract", contract},
                                                     {"price", price}})},
                      "t-" + contract + "-" + price);
}

absl::StatusOr<v1::GetResponse> GetByRole(City& city, const std::string& role, const std::string& id) {
  v1::GetRequest request;
  request.set_resource("resources/psb.transfer");
  request.mutable_owner()->set_id(id);
  request.set_role(role);
  request.mutable_context()->set_purpose("household_check");
  return city.As("civil", "consumer").Get(request);
}

TEST_CASE("A record is found by every entity that it names, as long as it names it, under the same policy") {
  City city;
  city.Apply(kTransfers);
  REQUIRE(PublishTransfer(city, 1, 2, 7, "C1", "100.00").outcomes(0).outcome() == v1::OUTCOME_ACCEPTED);
  REQUIRE(PublishTransfer(city, 3, 2, 8, "C2", "200.00").outcomes(0).outcome() == v1::OUTCOME_ACCEPTED);
  CHECK(PublishTransfer(city, 4, 4, 8, "C3", "1.00").outcomes(0).violations(0).reason() == "CROSS_FIELD");
  const bool restart = GENERATE(false, true);
  if (restart) city.Restart();
  CHECK(GetByRole(city, "buyer", CitizenId(2))->records_size() == 2);
  const auto of_agency = GetByRole(city, "agency", Uscc(7));
  REQUIRE(of_agency->records_size() == 1);
  CHECK(of_agency->records(0).owner().id() == CitizenId(1));
  CHECK(GetByRole(city, "buyer", CitizenId(1))->records_size() == 0);
  CHECK(ReasonOf(GetByRole(city, "witness", CitizenId(1)).status()) == Reason::kInvalidRequest);
  CHECK(ReasonOf(GetByRole(city, "buyer", "123").status()) == Reason::kFieldInvalid);

  // The contract goes to another buyer.
  REQUIRE(PublishTransfer(city, 1, 5, 7, "C1", "101.00").outcomes(0).outcome() == v1::OUTCOME_ACCEPTED);
  CHECK(GetByRole(city, "buyer", CitizenId(2))->records_size() == 1);
  CHECK(GetByRole(city, "buyer", CitizenId(5))->records_size() == 1);

  // Finding by a field that is withheld would tell it.
  city.Apply(R"(
kind: NegativeListEntry
name: neg-buyer
title: 受让人不予共享
resource: resources/psb.transfer
field: buyer
legal_basis: 个人信息保护法第六条
review_date: "2027-12-31"
)");
  REQUIRE(Eventually(
      [&] { return ReasonOf(GetByRole(city, "buyer", CitizenId(5)).status()) == Reason::kNoGrant; }));
  CHECK(GetByRole(city, "agency", Uscc(7))->records_size() == 1);

  // What is erased leaves no reference behind.
  REQUIRE(Erase(city, "resources/psb.transfer", 1, "C1").outcomes(0).outcome() == v1::OUTCOME_ACCEPTED);
  CHECK(GetByRole(city, "agency", Uscc(7))->records_size() == 0);
}

// Copies everything in a data folder but its ledger of erasures, which no restore may touch, to an empty one.
void CopyAllButErasures(const std::string& from, const std::string& to) {
  for (const auto& entry : fs::directory_iterator(from)) {
    if (entry.path().filename() == "erasures") continue;
    fs::copy(entry.path(), fs::path(to) / entry.path().filename(), fs::copy_options::recursive);
  }
}

TEST_CASE("What was erased after a backup is erased again before a restored copy serves it") {
  City city;
  // A broker is restored by its own means; what follows is the same.
  if (!fs::exists(InstallationPaths{city.data()}.log())) return;
  city.Apply(kTransfers);
  for (int person = 1; person <= 2; ++person) PublishResident(city, person, "张三", 1);
  REQUIRE(PublishTransfer(city, 1, 2, 7, "C1", "100.00").outcomes(0).outcome() == v1::OUTCOME_ACCEPTED);
  city.Stop();
  TempFolder backup;
  CopyAllButErasures(city.data(), backup.path());
  city.Restart();
  REQUIRE(Erase(city, kResidents, 1).outcomes(0).outcome() == v1::OUTCOME_ACCEPTED);
  REQUIRE(Erase(city, "resources/psb.transfer", 1, "C1").outcomes(0).outcome() == v1::OUTCOME_ACCEPTED);

  city.Stop();
  for (const auto& entry : fs::directory_iterator(city.data())) {
    if (entry.path().filename() != "erasures") fs::remove_all(entry.path());
  }
  CopyAllButErasures(backup.path(), city.data());
  const bool with_views = GENERATE(true, false);
  if (!with_views) fs::remove_all(InstallationPaths{city.data()}.view("population"));
  city.Restart();
  CHECK(NameAt(city, 1, 0).empty());
  CHECK(NameAt(city, 2, 0) == "张三");
  CHECK(HistoryOf(city, "civil", 1).revisions_size() == 0);
  CHECK(GetByRole(city, "buyer", CitizenId(2))->records_size() == 0);
  CHECK(GetByRole(city, "agency", Uscc(7))->records_size() == 0);

  // What is published since stays.
  REQUIRE(PublishResident(city, 1, "赵六", 1) == v1::OUTCOME_ACCEPTED);
  city.Restart();
  CHECK(NameAt(city, 1, 0) == "赵六");
}

TEST_CASE("What is refused is counted by rule and kept for its provider, who alone sees it") {
  City city;
  const auto good = city.Payload(kResidents, Resident(CitizenId(1), "张三"));
  auto bad_row = Resident(CitizenId(2), "李四");
  for (auto& [field, text] : bad_row) {
    if (field == "phone") text = "12";
  }
  const auto bad = city.Payload(kResidents, bad_row);
  city.Publish("psb", kResidents, {good, bad, good}, "q1");
  Client& provider = city.As("psb", "publisher");
  const bool restart = GENERATE(false, true);
  if (restart) city.Restart();
  v1::GetQualityRequest request;
  request.set_resource(kResidents);
  const auto quality = provider.GetQuality(request);
  INFO(Message(quality.status()));
  REQUIRE(quality.ok());
  REQUIRE(quality->days_size() == 1);
  CHECK(quality->days(0).accepted() == 1);
  CHECK(quality->days(0).duplicate() == 1);
  CHECK(quality->days(0).refused() == 1);
  CHECK(quality->days(0).refusals(0).field() == "phone");
  CHECK(quality->timeliness(0).has_due_time());
  CHECK(provider.GetQuality({})->timeliness_size() == 2);
  v1::ListQuarantineRequest list;
  list.set_resource(kResidents);
  const auto refused = provider.ListQuarantine(list);
  REQUIRE(refused.ok());
  REQUIRE(refused->items_size() == 1);
  CHECK(refused->items(0).payload() == bad);
  CHECK(refused->items(0).place() == 1);
  CHECK(ReasonOf(city.As("tax", "publisher").ListQuarantine(list).status()) == Reason::kNotProvider);
  CHECK(city.AuditEntries().back().reason() == "NOT_PROVIDER");
}

TEST_CASE("Reconciling counts what is stored, per day and division, and what breaks a later rule") {
  City city;
  city.Publish("psb", kResidents,
               {city.Payload(kResidents, Resident(CitizenId(1), "张三")),
                city.Payload(kResidents, Resident(CitizenId(2), "李四"))},
               "r1");
  Recall(city, 2);
  auto object = city.Manager().GetObject(hangou::catalog::v1::OBJECT_KIND_RESOURCE, kResidents);
  REQUIRE(object.ok());
  auto* rule = object->mutable_resource()->add_cross_rules();
  rule->set_name("dated");
  rule->set_kind(hangou::catalog::v1::CrossRule::KIND_ANY_OF);
  rule->add_fields("birth_date");
  hangou::catalog::v1::ApplyRequest apply;
  object->clear_etag();
  *apply.add_objects() = *object;
  const auto applied = city.Manager(1).Apply(apply);
  INFO(Message(applied.status()));
  REQUIRE(applied.ok());
  if (!applied->waiting_change().empty()) REQUIRE(city.Manager(2).Approve(applied->waiting_change()).ok());
  v1::ReconcileRequest request;
  request.set_resource(kResidents);
  absl::StatusOr<v1::ReconcileResponse> response;
  REQUIRE(Eventually([&] {
    response = city.As("psb", "publisher").Reconcile(request);
    return response.ok() && response->broken_rules_size() == 1;
  }));
  REQUIRE(response->buckets_size() == 1);
  CHECK(response->buckets(0).records() == 1);
  CHECK(response->recalled() == 1);
  CHECK(response->broken_rules(0).field() == "birth_date");
  CHECK(response->broken_rules(0).records() == 1);
  // From now on the rule holds at the door.
  const auto answer =
      city.Publish("psb", kResidents, {city.Payload(kResidents, Resident(CitizenId(3), "王五"))}, "r2");
  CHECK(answer.outcomes(0).violations(0).reason() == "CROSS_FIELD");
}

}  // namespace
}  // namespace hangou
