#include "services/catalog/catalog_service.h"

#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "libs/base/fault.h"
#include "libs/base/status.h"
#include "libs/log/memory_log.h"
#include "libs/policy/lease_keeper.h"
#include "libs/rpc/grpc_peer.h"
#include "libs/rpc/test_support.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

constexpr char kResident[] = "resources/psb.resident";

// Longest call: TLS on a machine that runs many tests at once takes its time.
void SetLongDeadline(grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  context->set_wait_for_ready(true);
}

// Certificates are made once: they are the slow part.
TestInstallation& City() {
  static TestInstallation city;
  return city;
}
const std::string& IdentityOf(const std::string& department, std::string_view role) {
  static std::map<std::pair<std::string, std::string>, std::string> folders;
  std::string& folder = folders[{department, std::string(role)}];
  if (folder.empty()) folder = City().Identity(department, role);
  return folder;
}

// A catalog over mutual TLS, on a log in memory that can outlive it, with a clock for the leases that stands still.
class RunningCatalog {
 public:
  RunningCatalog(Log& log, AuditChain& audit, const Clock& clock) : service({log, audit, clock, {}}) {
    REQUIRE(service.Start().ok());
    REQUIRE(service.AwaitLayout(10'000).ok());  // epoch 1
    auto started = RpcServer::Start({.identity_folder = City().server(), .services = {&service}});
    REQUIRE(started.ok());
    server = std::move(*started);
  }
  ~RunningCatalog() {
    service.Drain();
    server->Shutdown(0);
  }

  // A stub of `department` in `role`; one connection each.
  v1::Catalog::Stub Stub(const std::string& department, std::string_view role) {
    MutexLock lock(mutex_);
    auto& channel = channels_[{department, std::string(role)}];
    if (channel == nullptr) channel = MakeChannel(server->address(), IdentityOf(department, role)).value();
    return v1::Catalog::Stub(channel);
  }
  // Calls a unary method as `department`, which has `role`.
  template <class Request, class Response>
  absl::Status Call(grpc::Status (v1::Catalog::Stub::*method)(grpc::ClientContext*, const Request&,
                                                              Response*),
                    const std::string& department, std::string_view role, const Request& request,
                    Response* response) {
    grpc::ClientContext context;
    SetLongDeadline(&context);
    v1::Catalog::Stub stub = Stub(department, role);
    return FromGrpc((stub.*method)(&context, request, response));
  }
  absl::StatusOr<v1::ApplyResponse> Apply(const std::vector<v1::CatalogObject>& objects,
                                          bool validate_only = false,
                                          std::string_view role = roles::kManager) {
    v1::ApplyRequest request;
    for (const v1::CatalogObject& object : objects) *request.add_objects() = object;
    request.set_validate_only(validate_only);
    v1::ApplyResponse response;
    RETURN_IF_ERROR(Call(&v1::Catalog::Stub::Apply, "platform", role, request, &response));
    return response;
  }
  absl::StatusOr<v1::ApplyResponse> Approve(const std::string& change, const std::string& department) {
    v1::ApproveChangeRequest request;
    request.set_change(change);
    v1::ApplyResponse response;
    RETURN_IF_ERROR(Call(&v1::Catalog::Stub::ApproveChange, department, roles::kManager, request, &response));
    return response;
  }

  CatalogService service;
  std::unique_ptr<RpcServer> server;

 private:
  Mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<grpc::Channel>> channels_
      HANGOU_GUARDED_BY(mutex_);
};

// A log, an audit chain and a clock, which survive restarts of the catalog.
struct World {
  MemoryLog log;
  ManualClock clock;
  TempFolder folder;
  std::unique_ptr<AuditChain> audit = AuditChain::Open(folder.path(), "test", SystemClock()).value();

  std::vector<hangou::audit::v1::Entry> Audited() const {
    std::vector<hangou::audit::v1::Entry> entries;
    const auto stored = audit->Read(1, 1000);
    for (const StoredAuditEntry& item : stored.value()) {
      REQUIRE(entries.emplace_back().ParseFromString(item.entry));
    }
    return entries;
  }
};

// A service that keeps its policy fresh at the catalog.
struct Service {
  PolicyHolder holder;
  GrpcPeer peer;
  LeaseKeeper keeper;

  Service(const RunningCatalog& catalog, const Clock& clock, const std::string& name)
      : holder(clock),
        peer(catalog.server->InProcessChannel(), [](const std::string&) { return nullptr; }),
        keeper(holder, peer, clock, name) {
    keeper.Start();
  }
  ~Service() { keeper.Stop(); }
  bool WaitForLease(uint64_t epoch) {
    return Eventually<int>().Wait([&](int) { return holder.Acquire(epoch).ok(); });
  }
};

v1::CatalogObject Entry(const std::string& name, const std::string& field) {
  v1::CatalogObject object;
  v1::NegativeListEntry* entry = object.mutable_negative_list_entry();
  entry->set_name(name);
  entry->set_resource(kResident);
  entry->set_field(field);
  entry->set_legal_basis("Law 2");
  return object;
}

v1::CatalogObject Grant(const std::string& field) {
  v1::CatalogObject object;
  v1::Grant* grant = object.mutable_grant();
  grant->set_name("g-" + field);
  grant->set_resource(kResident);
  grant->set_department("tax");
  grant->add_purposes("check");
  grant->add_fields()->set_field(field);
  grant->mutable_fields(0)->set_permission(hangou::record::v1::PERMISSION_FULL);
  return object;
}

// Departments psb and tax, the purpose check of tax, the conditional resource psb.resident, a grant of its phone.
std::vector<v1::CatalogObject> SmallCatalog() {
  std::vector<v1::CatalogObject> objects(4);
  objects[0].mutable_department()->set_name("psb");
  objects[1].mutable_department()->set_name("tax");
  objects[2].mutable_purpose()->set_name("check");
  objects[2].mutable_purpose()->add_departments("tax");
  v1::Resource* resource = objects[3].mutable_resource();
  resource->set_name(kResident);
  resource->set_library("population");
  resource->set_responsible("psb");
  resource->add_providers("psb");
  resource->set_sharing(v1::SHARING_TYPE_CONDITIONAL);
  resource->set_versioning(v1::VERSIONING_ARRIVAL);
  resource->set_owner_kind(hangou::record::v1::ENTITY_KIND_PERSON);
  resource->set_owner_field("id");
  for (const char* name : {"id", "phone", "address"}) {
    v1::Field* field = resource->add_fields();
    field->set_name(name);
    field->set_type(v1::FIELD_TYPE_TEXT);
  }
  resource->mutable_fields(0)->set_type(v1::FIELD_TYPE_CITIZEN_ID);
  resource->mutable_fields(0)->set_required(true);
  objects.push_back(Grant("phone"));
  return objects;
}

}  // namespace

TEST_CASE("What is applied is effective, audited, readable, and still there after a restart") {
  World world;
  {
    RunningCatalog catalog(world.log, *world.audit, world.clock);
    const auto response = catalog.Apply(SmallCatalog());
    INFO(response.status().ToString());
    REQUIRE(response.ok());
    CHECK(response->epoch() == 2);
    CHECK(response->effective());
    CHECK(response->results_size() == 5);
    const auto again = catalog.Apply(SmallCatalog());
    CHECK(again->epoch() == 2);
    CHECK(again->results(3).state() == v1::ObjectResult::STATE_UNCHANGED);
  }
  const auto entries = world.Audited();
  CHECK(entries.back().action() == hangou::audit::v1::ACTION_APPLY);
  CHECK(entries.back().allowed());
  CHECK(entries.back().epoch() == 2);
  CHECK(entries.back().records() == 5);
  CHECK(entries.back().role() == "manager");
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  v1::GetObjectRequest request;
  request.set_kind(v1::OBJECT_KIND_RESOURCE);
  request.set_name(kResident);
  v1::CatalogObject object;
  REQUIRE(catalog.Call(&v1::Catalog::Stub::GetObject, "tax", roles::kConsumer, request, &object).ok());
  CHECK(object.etag() == "2");
  CHECK(object.resource().fields(2).number() == 3);
  request.set_name("resources/psb.none");
  CHECK(ReasonOf(catalog.Call(&v1::Catalog::Stub::GetObject, "tax", roles::kConsumer, request, &object)) ==
        Reason::kObjectNotFound);
}

TEST_CASE("A loosening waits, and the manager who applied it cannot approve it") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  REQUIRE(catalog.Apply(SmallCatalog()).ok());
  const auto waiting = catalog.Apply({Grant("address"), Entry("e1", "phone")});
  REQUIRE(waiting.ok());
  CHECK(waiting->results(0).state() == v1::ObjectResult::STATE_WAITING);
  CHECK(waiting->results(1).state() == v1::ObjectResult::STATE_APPLIED);
  v1::ListChangesResponse changes;
  REQUIRE(catalog.Call(&v1::Catalog::Stub::ListChanges, "tax", roles::kConsumer, {}, &changes).ok());
  REQUIRE(changes.changes_size() == 1);
  CHECK(changes.changes(0).id() == waiting->waiting_change());
  CHECK(ReasonOf(catalog.Approve(waiting->waiting_change(), "platform").status()) ==
        Reason::kSecondManagerRequired);
  CHECK(world.Audited().back().action() == hangou::audit::v1::ACTION_APPROVE);
  CHECK(world.Audited().back().reason() == "SECOND_MANAGER_REQUIRED");
  const auto approved = catalog.Approve(waiting->waiting_change(), "psb");
  INFO(approved.status().ToString());
  REQUIRE(approved.ok());
  CHECK(approved->epoch() == waiting->epoch() + 1);
  CHECK(world.Audited().back().allowed());
}

TEST_CASE("Only managers change the catalog and only services renew leases; refusals are audited") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  CHECK(ReasonOf(catalog.Apply(SmallCatalog(), false, roles::kConsumer).status()) == Reason::kRoleRequired);
  CHECK(world.Audited().back().reason() == "ROLE_REQUIRED");
  CHECK_FALSE(world.Audited().back().allowed());
  v1::RenewLeaseRequest renewal;
  v1::RenewLeaseResponse renewed;
  CHECK(ReasonOf(catalog.Call(&v1::Catalog::Stub::RenewLease, "tax", roles::kConsumer, renewal, &renewed)) ==
        Reason::kRoleRequired);
  CHECK(ReasonOf(catalog.Call(&v1::Catalog::Stub::RenewLease, "platform", roles::kService, renewal,
                              &renewed)) == Reason::kInvalidRequest);
  grpc::ClientContext context;
  SetLongDeadline(&context);
  v1::Catalog::Stub stub = catalog.Stub("platform", roles::kManager);
  const auto watch = stub.WatchPolicy(&context, {});
  v1::PolicyUpdate update;
  CHECK_FALSE(watch->Read(&update));
  CHECK(ReasonOf(FromGrpc(watch->Finish())) == Reason::kRoleRequired);
}

TEST_CASE("Checking only changes nothing and audits nothing") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  const size_t entries = world.Audited().size();
  const auto checked = catalog.Apply(SmallCatalog(), true);
  REQUIRE(checked.ok());
  CHECK(checked->results(0).state() == v1::ObjectResult::STATE_APPLIED);
  CHECK(checked->epoch() == 1);
  CHECK(world.Audited().size() == entries);
  CHECK(ReasonOf(catalog.Apply({Entry("e1", "phone")}, true).status()) == Reason::kInvalidObject);
}

TEST_CASE("Nothing is changed when it cannot be audited or kept") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  world.log.FailAppends(MakeError(Reason::kLogUnavailable, "test"));
  CHECK(ReasonOf(catalog.Apply(SmallCatalog()).status()) == Reason::kLogUnavailable);
  CHECK(world.Audited().back().reason() == "LOG_UNAVAILABLE");
  world.log.FailAppends(absl::OkStatus());
  SetFault(FaultPoint::kAuditWrite, ENOSPC);
  const auto refused = catalog.Apply(SmallCatalog());
  SetFault(FaultPoint::kAuditWrite, 0);
  CHECK(ReasonOf(refused.status()) == Reason::kAuditUnavailable);
  v1::ListObjectsResponse objects;
  REQUIRE(catalog.Call(&v1::Catalog::Stub::ListObjects, "tax", roles::kConsumer, {}, &objects).ok());
  CHECK(objects.objects().empty());
  CHECK(catalog.Apply(SmallCatalog()).ok());
}

TEST_CASE("An entry is effective once every service has confirmed it") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  Service first(catalog, world.clock, "first");
  Service second(catalog, world.clock, "second");
  REQUIRE(catalog.Apply(SmallCatalog()).ok());
  REQUIRE(first.WaitForLease(2));
  REQUIRE(second.WaitForLease(2));
  const auto response = catalog.Apply({Entry("e1", "phone")});
  REQUIRE(response.ok());
  CHECK(response->effective());
  for (Service* service : {&first, &second}) {
    CHECK(service->holder.ConfirmedEpoch() == 3);
    CHECK(service->holder.Newest()->objects().negative_list.contains("e1"));
  }
}

TEST_CASE("An entry is effective no sooner than a read under the old epoch has ended") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  Service service(catalog, world.clock, "first");
  REQUIRE(catalog.Apply(SmallCatalog()).ok());
  REQUIRE(service.WaitForLease(2));
  auto pin = std::make_unique<PolicyHolder::Pin>(*service.holder.Acquire());
  Eventually<bool> answered;
  std::thread manager([&] {
    const auto response = catalog.Apply({Entry("e1", "phone")});
    CHECK(response->effective());
    answered.Update([](bool& value) { value = true; });
  });
  REQUIRE(Eventually<int>().Wait([&](int) { return service.holder.Newest()->epoch() == 3; }));
  CHECK_FALSE(answered.Get());
  pin.reset();
  CHECK(answered.Wait([](bool value) { return value; }));
  manager.join();
}

TEST_CASE("A service that does not answer is waited for until its lease has run out") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  REQUIRE(catalog.Apply(SmallCatalog()).ok());
  {
    Service service(catalog, world.clock, "first");
    REQUIRE(service.WaitForLease(2));
  }
  Eventually<bool> answered;
  std::thread manager([&] {
    const auto response = catalog.Apply({Entry("e1", "phone")});
    CHECK(response->effective());
    CHECK(response->effective_after_ms() >= 1);
    answered.Update([](bool& value) { value = true; });
  });
  v1::ListObjectsRequest request;
  request.set_kind(v1::OBJECT_KIND_NEGATIVE_LIST_ENTRY);
  REQUIRE(Eventually<int>().Wait([&](int) {
    v1::ListObjectsResponse entries;
    return catalog.Call(&v1::Catalog::Stub::ListObjects, "tax", roles::kConsumer, request, &entries).ok() &&
           entries.objects_size() == 1;
  }));
  CHECK_FALSE(answered.Get());
  world.clock.AdvanceUs(limits::kLeaseMs * kUsPerMs);
  CHECK(answered.Wait([](bool value) { return value; }));
  manager.join();
}

TEST_CASE("A catalog that was restarted waits for the leases that its predecessor gave") {
  World world;
  {
    REQUIRE(RunningCatalog(world.log, *world.audit, world.clock).Apply(SmallCatalog()).ok());
  }
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  Eventually<bool> answered;
  std::thread manager([&] {
    CHECK(catalog.Apply({Entry("e1", "phone")})->effective());
    answered.Update([](bool& value) { value = true; });
  });
  REQUIRE(Eventually<int>().Wait([&](int) { return world.Audited().back().epoch() == 3; }));
  CHECK_FALSE(answered.Get());
  world.clock.AdvanceUs(limits::kLeaseMs * kUsPerMs);
  CHECK(answered.Wait([](bool value) { return value; }));
  manager.join();
}

TEST_CASE("While the catalog is stopped services lose their lease, and take it up again afterwards") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  Service service(catalog, world.clock, "first");
  REQUIRE(catalog.Apply(SmallCatalog()).ok());
  REQUIRE(service.WaitForLease(2));
  catalog.service.SetServing(false);
  CHECK(ReasonOf(catalog.Apply({Entry("e1", "phone")}).status()) == Reason::kDraining);
  world.clock.AdvanceUs(limits::kLeaseMs * kUsPerMs);
  CHECK(ReasonOf(service.holder.Acquire().status()) == Reason::kLeaseExpired);
  catalog.service.SetServing(true);
  CHECK(service.WaitForLease(2));
  REQUIRE(catalog.Apply({Entry("e1", "phone")}).ok());
  CHECK(service.WaitForLease(3));
}

TEST_CASE("Draining answers the changes that wait to become effective") {
  World world;
  {
    REQUIRE(RunningCatalog(world.log, *world.audit, world.clock).Apply(SmallCatalog()).ok());
  }
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  std::thread manager([&] {
    const auto response = catalog.Apply({Entry("e1", "phone")});
    REQUIRE(response.ok());
    CHECK_FALSE(response->effective());
    CHECK(response->epoch() == 3);
  });
  REQUIRE(Eventually<int>().Wait([&](int) { return world.Audited().back().epoch() == 3; }));
  catalog.service.Drain();
  manager.join();
}

TEST_CASE("Lists come in pages without gaps or repeats; foreign tokens are refused") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  REQUIRE(catalog.Apply(SmallCatalog()).ok());
  v1::ListObjectsRequest request;
  request.set_page_size(2);
  std::vector<std::string> names;
  do {
    v1::ListObjectsResponse page;
    REQUIRE(catalog.Call(&v1::Catalog::Stub::ListObjects, "tax", roles::kConsumer, request, &page).ok());
    for (const v1::CatalogObject& object : page.objects()) names.push_back(NameOf(object));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  CHECK(names == std::vector<std::string>{"psb", "tax", "check", kResident, "g-phone"});
  v1::ListObjectsResponse page;
  request.set_page_token("?");
  CHECK(ReasonOf(catalog.Call(&v1::Catalog::Stub::ListObjects, "tax", roles::kConsumer, request, &page)) ==
        Reason::kTokenInvalid);
  request.clear_page_token();
  request.set_page_size(1001);
  CHECK(ReasonOf(catalog.Call(&v1::Catalog::Stub::ListObjects, "tax", roles::kConsumer, request, &page)) ==
        Reason::kInvalidRequest);
}

TEST_CASE("A decision is explained to the department itself, to managers and to auditors") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  REQUIRE(catalog.Apply(SmallCatalog()).ok());
  REQUIRE(catalog.Apply({Entry("e1", "address")}).ok());
  v1::ExplainRequest request;
  request.set_resource(kResident);
  request.set_purpose("check");
  v1::ExplainResponse own;
  REQUIRE(catalog.Call(&v1::Catalog::Stub::Explain, "tax", roles::kConsumer, request, &own).ok());
  CHECK(own.reason().empty());
  REQUIRE(own.fields_size() == 3);
  CHECK(own.fields(0).basis().reason() == "NO_GRANT");
  CHECK(own.fields(1).permission() == hangou::record::v1::PERMISSION_FULL);
  CHECK(own.fields(2).basis().entry() == "e1");
  CHECK(own.fields(2).basis().legal_basis() == "Law 2");
  request.set_department("tax");
  v1::ExplainResponse other;
  CHECK(ReasonOf(catalog.Call(&v1::Catalog::Stub::Explain, "psb", roles::kConsumer, request, &other)) ==
        Reason::kRoleRequired);
  REQUIRE(catalog.Call(&v1::Catalog::Stub::Explain, "psb", roles::kAuditor, request, &other).ok());
  CHECK(other.fields_size() == 3);
  request.set_purpose("sport");
  other.Clear();
  REQUIRE(catalog.Call(&v1::Catalog::Stub::Explain, "tax", roles::kConsumer, request, &other).ok());
  CHECK(other.reason() == "UNKNOWN_PURPOSE");
}

TEST_CASE("Schemas and endpoints are told to every certificate") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  REQUIRE(catalog.Apply(SmallCatalog()).ok());
  v1::GetSchemaRequest request;
  request.set_resource(kResident);
  v1::GetSchemaResponse schema;
  REQUIRE(catalog.Call(&v1::Catalog::Stub::GetSchema, "tax", roles::kConsumer, request, &schema).ok());
  CHECK(schema.message_name() == "hangou.resource.psb.Resident");
  CHECK(schema.files().file_size() == 1);
  CHECK(schema.proto_text().find("phone") != std::string::npos);
  request.set_resource("resources/psb.none");
  CHECK(ReasonOf(catalog.Call(&v1::Catalog::Stub::GetSchema, "tax", roles::kConsumer, request, &schema)) ==
        Reason::kUnknownResource);
  v1::RenewLeaseRequest renewal;
  renewal.set_holder("population-0");
  renewal.set_nonce("n");
  auto* served = renewal.add_served();
  served->set_service("population");
  served->set_address("host:1");
  served->set_ready(true);
  v1::RenewLeaseResponse renewed;
  REQUIRE(catalog.Call(&v1::Catalog::Stub::RenewLease, "platform", roles::kService, renewal, &renewed).ok());
  REQUIRE(catalog.service.AwaitReplicas(1, 10'000));
  v1::GetEndpointsResponse endpoints;
  REQUIRE(catalog.Call(&v1::Catalog::Stub::GetEndpoints, "tax", roles::kConsumer, {}, &endpoints).ok());
  REQUIRE(endpoints.endpoints_size() == 1);
  CHECK(endpoints.endpoints(0).address() == "host:1");
}

TEST_CASE("What watchers get carries neither managers nor waiting changes") {
  World world;
  RunningCatalog catalog(world.log, *world.audit, world.clock);
  REQUIRE(catalog.Apply(SmallCatalog()).ok());
  REQUIRE(catalog.Apply({Grant("address")}).ok());
  grpc::ClientContext context;
  SetLongDeadline(&context);
  v1::Catalog::Stub stub = catalog.Stub("platform", roles::kService);
  const auto watch = stub.WatchPolicy(&context, {});
  v1::PolicyUpdate update;
  REQUIRE(watch->Read(&update));
  CHECK(update.full());
  CHECK(update.epoch() == 3);
  CHECK(update.objects_size() == 5);
  CHECK(update.waiting().empty());
  REQUIRE(catalog.Apply({Entry("e1", "phone")}).ok());
  REQUIRE(watch->Read(&update));
  CHECK_FALSE(update.full());
  CHECK(update.epoch() == 4);
  CHECK(update.objects_size() == 1);
  CHECK(update.managers().empty());
  catalog.service.SetServing(false);
  CHECK_FALSE(watch->Read(&update));
  CHECK(ReasonOf(FromGrpc(watch->Finish())) == Reason::kDraining);
}

}  // namespace hangou
