#include "libs/peer/memory_peer.h"

#include <catch2/catch.hpp>

#include "libs/peer/peer_contract.h"

namespace hangou {
namespace {

class MemoryWorld : public PeerWorld {
 public:
  Peer& peer() override { return peer_; }
  void OnRenew(MemoryPeer::RenewAnswer answer) override { peer_.OnRenew(std::move(answer)); }
  void OnScan(MemoryPeer::ScanAnswer answer) override { peer_.OnScan(std::move(answer)); }
  void PushPolicy(const catalog::v1::PolicyUpdate& update) override { peer_.PushPolicy(update); }
  void EndWatches() override { peer_.EndWatches(); }
  void Cut() override { peer_.Cut(); }
  void Restore() override { peer_.Restore(); }

 private:
  MemoryPeer peer_;
};

TEST_CASE("The peer in memory keeps the contract of the seam") {
  CheckPeerContract([] { return std::make_unique<MemoryWorld>(); });
}

TEST_CASE("A later watch gets the last full state and what came after it") {
  MemoryPeer peer;
  peer.PushPolicy(peer_contract::Update(1, true));
  peer.PushPolicy(peer_contract::Update(2));
  peer.PushPolicy(peer_contract::Update(3, true));
  peer.PushPolicy(peer_contract::Update(4));
  peer_contract::Watcher watcher(peer);
  REQUIRE(watcher.updates.Reaches(2));
  REQUIRE(watcher.epochs() == std::vector<uint64_t>{3, 4});
}

TEST_CASE("A peer without an answer set cannot be reached") {
  MemoryPeer peer;
  REQUIRE(peer.RenewLease({}, 10).status().code() == absl::StatusCode::kUnavailable);
  REQUIRE(peer.Scan("tax", {}, 10).status().code() == absl::StatusCode::kUnavailable);
}

TEST_CASE("A stream may outlive its peer") {
  auto peer = std::make_unique<MemoryPeer>();
  peer->PushPolicy(peer_contract::Update(1, true));
  peer_contract::Watcher watcher(*peer);
  peer.reset();
  REQUIRE(watcher.updates.Reaches(1));
}

}  // namespace
}  // namespace hangou
