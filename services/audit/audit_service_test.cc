#include "services/audit/audit_service.h"

#include <catch2/catch.hpp>
#include <cerrno>

#include "libs/base/fault.h"
#include "libs/base/limits.h"
#include "libs/base/tally.h"
#include "libs/rpc/status.h"
#include "services/audit/office_for_test.h"

namespace hangou::audit_test {
namespace {

using audit::v1::ListEntriesRequest;
using audit::v1::ListEntriesResponse;

// A page of the office's chain.
ListEntriesRequest Page(const Office& office, int page_size, const std::string& token = {}) {
  ListEntriesRequest request;
  request.set_chain_id(office.shipper->chain_id());
  request.set_page_size(page_size);
  request.set_page_token(token);
  return request;
}

TEST_CASE("Pages follow each other to the end of the chain, and what they hold verifies") {
  Office office;
  office.Fill(10);
  ListEntriesResponse response;
  ChainVerifier verifier;
  std::string token;
  int pages = 0;
  do {
    REQUIRE(office.List(Page(office, 4, token), &response).ok());
    for (int i = 0; i < response.entries_size(); ++i) {
      const uint64_t sequence = Sequences(response.entries())[static_cast<size_t>(i)];
      REQUIRE(verifier.Add({sequence, response.entries(i).entry(), response.entries(i).hash()}).ok());
    }
    token = response.next_page_token();
    ++pages;
  } while (!token.empty());
  REQUIRE(verifier.verified() == 12);  // 10, and the two calls before the last
  REQUIRE(pages == 3);
}

TEST_CASE("A list begins where it is told, or with the newest entries") {
  Office office;
  office.Fill(10);
  ListEntriesResponse response;
  ListEntriesRequest request;
  request.set_from_sequence(9);
  REQUIRE(office.List(request, &response).ok());
  REQUIRE(Sequences(response.entries()) == std::vector<uint64_t>{9, 10});
  REQUIRE(response.next_page_token().empty());

  request = Page(office, 2);
  request.set_newest(true);
  REQUIRE(office.List(request, &response).ok());
  REQUIRE(Sequences(response.entries()) == std::vector<uint64_t>{10, 11});
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
  Office office;
  office.Fill(1);
  Tally durable;
  for (int number = 0; number < 1200; ++number) {
    office.chain->Append({}, [&](const absl::Status& status) { durable.Add(status.ok() ? 1 : 0); });
  }
  REQUIRE(durable.Reaches(1200));
  ListEntriesResponse response;
  REQUIRE(office.List({}, &response).ok());
  REQUIRE(response.entries_size() == 100);
  REQUIRE(office.List(Page(office, 5000), &response).ok());
  REQUIRE(response.entries_size() == 1000);
}

TEST_CASE("A page of large entries ends within the bytes of a reply, and the next one goes on") {
  Office office;
  auto large = Office::ReadEntry("");
  large.set_note(std::string(250'000, 'n'));
  office.Fill(20, large);
  ListEntriesResponse response;
  REQUIRE(office.List(Page(office, 100), &response).ok());
  REQUIRE(response.ByteSizeLong() <= limits::kReplyBytes);
  REQUIRE(response.entries_size() > 5);
  const auto sequences = Sequences(response.entries());
  REQUIRE(office.List(Page(office, 1, response.next_page_token()), &response).ok());
  REQUIRE(Sequences(response.entries()) == std::vector<uint64_t>{sequences.back() + 1});
}

TEST_CASE("Every read of the audit is an entry of its own, durable before the answer") {
  Office office;
  office.Fill(3);
  ListEntriesResponse response;
  REQUIRE(office.List(Page(office, 2), &response).ok());
  const auto entry = office.Newest();
  REQUIRE(entry.action() == audit::v1::ACTION_AUDIT);
  REQUIRE(entry.allowed());
  REQUIRE(entry.caller() == "audit_office");
  REQUIRE(entry.role() == roles::kAuditor);
  REQUIRE(entry.workload() == "app");
  REQUIRE(entry.records() == 2);
  REQUIRE(entry.note() == "entries 1 to 2 of chain " + office.shipper->chain_id());
}

TEST_CASE("Only auditors read the audit, and the others' attempts are entries") {
  Office office;
  office.Fill(3);
  ListEntriesResponse response;
  for (const auto role :
       {roles::kConsumer, roles::kManager, roles::kOperator, roles::kPublisher, roles::kService}) {
    const absl::Status refused = office.List(Page(office, 2), &response, CallerWithRole(role, "psb"));
    REQUIRE(ReasonOf(refused) == Reason::kRoleRequired);
    REQUIRE(response.entries_size() == 0);
    REQUIRE_FALSE(office.Newest().allowed());
    REQUIRE(office.Newest().reason() == "ROLE_REQUIRED");
    REQUIRE(office.Newest().role() == role);
  }
}

TEST_CASE("A page token of another caller, a changed one, and senseless requests are refused and recorded") {
  Office office;
  office.Fill(10);
  ListEntriesResponse response;
  REQUIRE(office.List(Page(office, 2), &response).ok());
  const std::string token = response.next_page_token();
  const auto other = CallerWithRole(roles::kAuditor, "other_office");
  REQUIRE(ReasonOf(office.List(Page(office, 2, token), &response, other)) == Reason::kTokenInvalid);
  REQUIRE(ReasonOf(office.List(Page(office, 2, token + "x"), &response)) == Reason::kTokenInvalid);
  REQUIRE(office.Newest().reason() == "TOKEN_INVALID");
  REQUIRE(ReasonOf(office.List(Page(office, -1), &response)) == Reason::kInvalidRequest);
  ListEntriesRequest both;
  both.set_newest(true);
  both.set_from_sequence(1);
  REQUIRE(ReasonOf(office.List(both, &response)) == Reason::kInvalidRequest);
}

TEST_CASE("Where the call cannot be recorded nothing is read") {
  Office office;
  office.Fill(3);
  ListEntriesResponse response;
  SetFault(FaultPoint::kAuditWrite, ENOSPC);
  const absl::Status refused = office.List(Page(office, 2), &response);
  SetFault(FaultPoint::kAuditWrite, 0);
  REQUIRE(ReasonOf(refused) == Reason::kAuditUnavailable);
  REQUIRE(response.entries_size() == 0);
  REQUIRE(office.List(Page(office, 2), &response).ok());
}

TEST_CASE("Over the network an auditor's certificate reads and another one does not") {
  Office office;
  office.Fill(3);
  const AuditServiceContext context{*office.log, *office.chain, *office.shipper, office.keys, SystemClock()};
  AuditService service(context, {office.folder.path() + "/other-view", MakeStoreBudget(32 << 20)});
  service.Start();
  TestInstallation city;
  auto server = RpcServer::Start({.identity_folder = city.server(), .services = {&service}});
  REQUIRE(server.ok());
  const auto list = [&](std::string_view role, ListEntriesResponse* response) {
    const auto channel = MakeChannel((*server)->address(), city.Identity("psb", role));
    REQUIRE(channel.ok());
    grpc::ClientContext context;
    SetTestDeadline(&context);
    return FromGrpc(audit::v1::Audit::NewStub(*channel)->ListEntries(&context, Page(office, 2), response));
  };
  ListEntriesResponse response;
  REQUIRE(list(roles::kAuditor, &response).ok());
  REQUIRE(Sequences(response.entries()) == std::vector<uint64_t>{1, 2});
  REQUIRE(ReasonOf(list(roles::kConsumer, &response)) == Reason::kRoleRequired);
  (*server)->Shutdown(1000);
}

}  // namespace
}  // namespace hangou::audit_test
