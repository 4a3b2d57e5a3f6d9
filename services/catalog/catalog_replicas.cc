#include "services/catalog/catalog_replicas.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>

#include "hangou/catalog/v1/catalog.grpc.pb.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

// A revocation waits for the answers, so they are asked for as often as a read lasts; else often enough to see that a
// replica's lease has run out.
constexpr int64_t kAskWhenAwaitedMs = 10;
constexpr int64_t kAskMs = 250;
constexpr int64_t kAnswerMs = 500;

}  // namespace

CatalogReplicas::CatalogReplicas(const std::vector<std::string>& addresses, const Hops* hops,
                                 LeaseBook& leases, const Clock& clock, std::function<void()> heard)
    : hops_(hops), leases_(leases), clock_(clock), heard_(std::move(heard)) {
  HANGOU_CHECK(addresses.empty() || hops != nullptr, "other replicas, and no way to call them");
  for (const std::string& address : addresses) {
    loops_.push_back(std::make_unique<EventLoop>("catalog-peer"));
    EventLoop& loop = *loops_.back();
    loop.Post([this, &loop, address] { Ask(loop, address); });
  }
}

CatalogReplicas::~CatalogReplicas() { Stop(); }

void CatalogReplicas::Stop() {
  for (const auto& loop : loops_) loop->Stop();
}

void CatalogReplicas::Ask(EventLoop& loop, const std::string& address) {
  using hangou::catalog::v1::Catalog;
  if (const auto channel = hops_->ChannelTo(address); is_writer_ && channel.ok()) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(kAnswerMs));
    hangou::catalog::v1::ListLeasesResponse response;
    const int64_t asked_us = clock_.BootUs();
    if (Catalog::NewStub(*channel)->ListLeases(&context, {}, &response).ok()) {
      leases_.Merge(address, asked_us, response);
      heard_();
    }
  }
  const int64_t pause_ms = is_writer_ && leases_.AnybodyWaits() ? kAskWhenAwaitedMs : kAskMs;
  loop.PostAfter(pause_ms, [this, &loop, address] { Ask(loop, address); });
}

}  // namespace hangou
