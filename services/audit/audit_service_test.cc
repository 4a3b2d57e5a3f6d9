#include "services/audit/audit_service.h"

#include <catch2/catch.hpp>
#include <cerrno>

#include "libs/base/fault.h"
#include "libs/base/limits.h"
#include "libs/base/tally.h"
#include "libs/rpc/status.h"
#include "libs/rpc/test_support.h"

namespace hangou {
namespace {

using audit::v1::ListEntriesRequest;
using audit::v1::ListEntriesResponse;

Caller CallerWithRole(std::string_view role, const std::string& department = "audit_office") {
  return {department, std::string(role), "app",
          "spiffe://hangou/department/" + department + "/" + std::string(role) + "/app", ""};
}

// A chain with `entries` entries, the start among them, and the command that lists them.
struct Office {
  explicit Office(int entries, size_t note_bytes = 0) {
    auto opened = AuditChain::Open(folder.path(), "test", SystemClock());
    HANGOU_CHECK(opened.ok(), Message(opened.status()));
    chain = std::move(opened).value();
    command = std::make_unique<ListEntries>(*chain, keys);
    audit::v1::Entry entry;
    entry.set_action(audit::v1::ACTION_READ);
    entry.set_note(std::string(note_bytes, 'n'));
    for (int number = 2; number <= entries; ++number)
      HANGOU_CHECK(chain->AppendAndWait(entry).ok(), "no entry");
  }
  // Calls the command and waits for its answer.
  absl::Status List(const ListEntriesRequest& request, ListEntriesResponse* response,
                    const Caller& caller = CallerWithRole(roles::kAuditor)) {
    Eventually<std::optional<absl::Status>> answer;
    response->Clear();
    command->Run(caller, request, response,
                 [&](const absl::Status& status) { answer.Update([&](auto& value) { value = status; }); });
    HANGOU_CHECK(answer.Wait([](const auto& value) { return value.has_value(); }), "no answer");
    return *answer.Get();
  }
  // The newest entry of the chain.
  audit::v1::Entry Newest() const {
    audit::v1::Entry entry;
    const auto stored = chain->Read(chain->newest_sequence(), 1);
    HANGOU_CHECK(stored.ok() && stored->size() == 1 && entry.ParseFromString((*stored)[0].entry),
                 "no newest entry");
    return entry;
  }

  TempFolder folder;
  const KeyRing keys = KeyRing::ForTest();
  std::unique_ptr<AuditChain> chain;
  std::unique_ptr<ListEntries> command;
};

std::vector<uint64_t> Sequences(const ListEntriesResponse& response) {
  std::vector<uint64_t> sequences;
  for (const audit::v1::ChainedEntry& chained : response.entries()) {
    audit::v1::Entry entry;
    REQUIRE(entry.ParseFromString(chained.entry()));
    sequences.push_back(entry.sequence());
  }
  return sequences;
}

ListEntriesRequest Page(int page_size, const std::string& token = {}) {
  ListEntriesRequest request;
  request.set_page_size(page_size);
  request.set_page_token(token);
  return request;
}

TEST_CASE("Pages follow each other to the end of the chain, and what they hold verifies") {
  Office office(10);
  ListEntriesResponse response;
  ChainVerifier verifier;
  std::string token;
  int pages = 0;
  do {
    REQUIRE(office.List(Page(4, token), &response).ok());
    for (int i = 0; i < response.entries_size(); ++i) {
      const uint64_t sequence = Sequences(response)[static_cast<size_t>(i)];
      REQUIRE(verifier.Add({sequence, response.entries(i).entry(), response.entries(i).hash()}).ok());
    }
    token = response.next_page_token();
    ++pages;
  } while (!token.empty());
  REQUIRE(verifier.verified() == 12);  // 10, and the two calls before the last
  REQUIRE(pages == 3);
}

TEST_CASE("A list begins where it is told, or with the newest entries") {
  Office office(10);
  ListEntriesResponse response;
  ListEntriesRequest request;
  request.set_from_sequence(9);
  REQUIRE(office.List(request, &response).ok());
  REQUIRE(Sequences(response) == std::vector<uint64_t>{9, 10});
  REQUIRE(response.next_page_token().empty());

  request = Page(2);
  request.set_newest(true);
  REQUIRE(office.List(request, &response).ok());
  REQUIRE(Sequences(response) == std::vector<uint64_t>{10, 11});
  REQUIRE(response.next_page_token().empty());

  request.set_page_size(1000);
  REQUIRE(office.List(request, &response).ok());
  REQUIRE(response.entries_size() == 12);

  request = {};
  request.set_from_sequence(1000);
  REQUIRE(office.List(request, &response).ok());
  REQUIRE(response.entries_size() == 0);
}

TEST_CASE("Without a page size a page has 100 entries, and never more than 1000") {
  Office office(1);
  Tally durable;
  for (int number = 0; number < 1200; ++number) {
    office.chain->Append({}, [&](const absl::Status& status) { durable.Add(status.ok() ? 1 : 0); });
  }
  REQUIRE(durable.Reaches(1200));
  ListEntriesResponse response;
  REQUIRE(office.List({}, &response).ok());
  REQUIRE(response.entries_size() == 100);
  REQUIRE(office.List(Page(5000), &response).ok());
  REQUIRE(response.entries_size() == 1000);
}

TEST_CASE("A page of large entries ends within the bytes of a reply, and the next one goes on") {
  Office office(20, 250'000);
  ListEntriesResponse response;
  REQUIRE(office.List(Page(100), &response).ok());
  REQUIRE(response.ByteSizeLong() <= limits::kReplyBytes);
  REQUIRE(response.entries_size() > 5);
  const auto sequences = Sequences(response);
  REQUIRE(office.List(Page(1, response.next_page_token()), &response).ok());
  REQUIRE(Sequences(response) == std::vector<uint64_t>{sequences.back() + 1});
}

TEST_CASE("Every read of the audit is an entry of its own, durable before the answer") {
  Office office(3);
  ListEntriesResponse response;
  REQUIRE(office.List(Page(2), &response).ok());
  const auto entry = office.Newest();
  REQUIRE(entry.action() == audit::v1::ACTION_AUDIT);
  REQUIRE(entry.allowed());
  REQUIRE(entry.caller() == "audit_office");
  REQUIRE(entry.role() == roles::kAuditor);
  REQUIRE(entry.workload() == "app");
  REQUIRE(entry.records() == 2);
  REQUIRE(entry.note() == "entries 1 to 2");
}

TEST_CASE("Only auditors read the audit, and the others' attempts are entries") {
  Office office(3);
  ListEntriesResponse response;
  for (const auto role :
       {roles::kConsumer, roles::kManager, roles::kOperator, roles::kPublisher, roles::kService}) {
    const absl::Status refused = office.List(Page(2), &response, CallerWithRole(role, "psb"));
    REQUIRE(ReasonOf(refused) == Reason::kRoleRequired);
    REQUIRE(response.entries_size() == 0);
    REQUIRE_FALSE(office.Newest().allowed());
    REQUIRE(office.Newest().reason() == "ROLE_REQUIRED");
    REQUIRE(office.Newest().role() == role);
  }
}

TEST_CASE("A page token of another caller, a changed one, and senseless requests are refused and recorded") {
  Office office(10);
  ListEntriesResponse response;
  REQUIRE(office.List(Page(2), &response).ok());
  const std::string token = response.next_page_token();
  const auto other = CallerWithRole(roles::kAuditor, "other_office");
  REQUIRE(ReasonOf(office.List(Page(2, token), &response, other)) == Reason::kTokenInvalid);
  REQUIRE(ReasonOf(office.List(Page(2, token + "x"), &response)) == Reason::kTokenInvalid);
  REQUIRE(office.Newest().reason() == "TOKEN_INVALID");
  REQUIRE(ReasonOf(office.List(Page(-1), &response)) == Reason::kInvalidRequest);
  ListEntriesRequest both;
  both.set_newest(true);
  both.set_from_sequence(1);
  REQUIRE(ReasonOf(office.List(both, &response)) == Reason::kInvalidRequest);
}

TEST_CASE("Where the call cannot be recorded nothing is read") {
  Office office(3);
  ListEntriesResponse response;
  SetFault(FaultPoint::kAuditWrite, ENOSPC);
  const absl::Status refused = office.List(Page(2), &response);
  SetFault(FaultPoint::kAuditWrite, 0);
  REQUIRE(ReasonOf(refused) == Reason::kAuditUnavailable);
  REQUIRE(response.entries_size() == 0);
  REQUIRE(office.List(Page(2), &response).ok());
}

TEST_CASE("Over the network an auditor's certificate reads and another one does not") {
  Office office(3);
  AuditService service(*office.chain, office.keys);
  TestInstallation city;
  auto server = RpcServer::Start({.identity_folder = city.server(), .services = {&service}});
  REQUIRE(server.ok());
  const auto list = [&](std::string_view role, ListEntriesResponse* response) {
    const auto channel = MakeChannel((*server)->address(), city.Identity("psb", role));
    REQUIRE(channel.ok());
    grpc::ClientContext context;
    SetTestDeadline(&context);
    return FromGrpc(audit::v1::Audit::NewStub(*channel)->ListEntries(&context, Page(2), response));
  };
  ListEntriesResponse response;
  REQUIRE(list(roles::kAuditor, &response).ok());
  REQUIRE(Sequences(response) == std::vector<uint64_t>{1, 2});
  REQUIRE(ReasonOf(list(roles::kConsumer, &response)) == Reason::kRoleRequired);
  (*server)->Shutdown(1000);
}

}  // namespace
}  // namespace hangou
