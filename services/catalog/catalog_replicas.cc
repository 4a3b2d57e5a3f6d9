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
    loop.Post([this, &loop, address] { AskRegularly(loop, address); });
  }
  leases_.SetAwaited([this, addresses] {
    for (size_t i = 0; i < addresses.size(); ++i) {
      loops_[i]->Post([this, i, address = addresses[i]] { AskWhileAwaited(*loops_[i], address); });
    }
  });
}

CatalogReplicas::~CatalogReplicas() { Stop(); }

void CatalogReplicas::Stop() {
  for (const auto& loop : loops_) loop->Stop();
}

void CatalogReplicas::AskRegularly(EventLoop& loop, const std::string& address) {
  Ask(address);
  loop.PostAfter(kAskMs, [this, &loop, address] { AskRegularly(loop, address); });
}

void CatalogReplicas::AskWhileAwaited(EventLoop& loop, const std::string& address) {
  if (!leases_.AnybodyWaits()) return;
  Ask(address);
  loop.PostAfter(kAskWhenAwaitedMs, [this, &loop, address] { AskWhileAwaited(loop, address); });
}

void CatalogReplicas::Ask(const std::string& address) {
  using hangou::catalog::v1::Catalog;
  const auto channel = hops_->ChannelTo(address);
  if (!is_writer_ || !channel.ok()) return;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(kAnswerMs));
  hangou::catalog::v1::ListLeasesResponse response;
  const int64_t asked_us = clock_.BootUs();
  if (!Catalog::NewStub(*channel)->ListLeases(&context, {}, &response).ok()) return;
  leases_.Merge(address, asked_us, response);
  heard_();
}

}  // namespace hangou
