// The contract of the Store seam, run by every implementation.
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <map>
#include <random>
#include <thread>

#include "libs/base/fault.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/store/store.h"

namespace hangou {
namespace {

constexpr int kContractTables = 3;
constexpr size_t kBudgetBytes = 32 << 20;

using Rows = std::vector<std::pair<std::string, std::string>>;

enum class Kind { kMemory, kView, kFilteredView, kLocal };

// Prefixes as short as the keys of the tests.
size_t FirstByte(int table, std::string_view key) { return table < 2 && !key.empty() ? 1 : 0; }

// A fresh store of one kind in a folder of its own.
struct Fixture {
  explicit Fixture(Kind kind) {
    if (kind == Kind::kMemory) {
      store = MakeMemoryStore(kContractTables);
      return;
    }
    auto opened =
        OpenRocksStore(folder.path() + "/store", kContractTables,
                       kind == Kind::kLocal ? StoreKind::kLocal : StoreKind::kView,
                       MakeStoreBudget(kBudgetBytes), kind == Kind::kFilteredView ? FirstByte : nullptr);
    REQUIRE(opened.ok());
    store = std::move(opened).value();
  }

  TempFolder folder;
  std::unique_ptr<Store> store;
};

Kind EveryKind() { return GENERATE(Kind::kMemory, Kind::kView, Kind::kFilteredView, Kind::kLocal); }

void Put(Store& store, int table, const std::string& key, const std::string& value) {
  StoreBatch batch;
  batch.Put(table, key, value);
  REQUIRE(store.Write(batch).ok());
}

Rows ScanAll(const Store& store, int table, std::string_view from = {}, std::string_view prefix = {}) {
  Rows rows;
  REQUIRE(store
              .Scan(table, from, prefix,
                    [&](std::string_view key, std::string_view value) {
                      rows.emplace_back(key, value);
                      return true;
                    })
              .ok());
  return rows;
}

TEST_CASE("What was put is read, and what was deleted is not") {
  Fixture fixture(EveryKind());
  Store& store = *fixture.store;
  REQUIRE_FALSE(store.Get(0, "a").value().has_value());
  Put(store, 0, "a", "1");
  Put(store, 0, "a", "2");
  REQUIRE(store.Get(0, "a").value() == "2");
  StoreBatch batch;
  batch.Delete(0, "a");
  batch.Delete(0, "never there");
  REQUIRE(store.Write(batch).ok());
  REQUIRE_FALSE(store.Get(0, "a").value().has_value());
  REQUIRE(ScanAll(store, 0).empty());
}

TEST_CASE("Empty keys and values, and bytes of every kind, are kept as they are") {
  Fixture fixture(EveryKind());
  Store& store = *fixture.store;
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
  Put(store, 0, "", "value of the empty key");
  Put(store, 0, bytes, "");
  Put(store, 1, "k", bytes);
  REQUIRE(store.Get(0, "").value() == "value of the empty key");
  REQUIRE(store.Get(0, bytes).value() == "");
  REQUIRE(store.Get(1, "k").value() == bytes);
}

TEST_CASE("Tables do not see each other's keys") {
  Fixture fixture(EveryKind());
  Store& store = *fixture.store;
  for (int table = 0; table < kContractTables; ++table) Put(store, table, "k", std::to_string(table));
  for (int table = 0; table < kContractTables; ++table) {
    REQUIRE(ScanAll(store, table) == Rows{{"k", std::to_string(table)}});
  }
}

TEST_CASE("The last change of a key in a batch wins") {
  Fixture fixture(EveryKind());
  StoreBatch batch;
  batch.Put(0, "a", "1");
  batch.Delete(0, "a");
  batch.Put(0, "a", "2");
  batch.Put(0, "b", "1");
  batch.Delete(0, "b");
  REQUIRE(fixture.store->Write(batch).ok());
  REQUIRE(ScanAll(*fixture.store, 0) == Rows{{"a", "2"}});
}

TEST_CASE("An empty batch changes nothing") {
  Fixture fixture(EveryKind());
  REQUIRE(fixture.store->Write(StoreBatch()).ok());
  REQUIRE(ScanAll(*fixture.store, 0).empty());
}

TEST_CASE("A scan goes by unsigned bytes, from its start, within its prefix") {
  Fixture fixture(EveryKind());
  Store& store = *fixture.store;
  for (const char* key : {"b\xff\xff", "b\x7f", "b\x80", "a", "c", "b"}) Put(store, 0, key, "");
  const Rows in_b{{"b", ""}, {"b\x7f", ""}, {"b\x80", ""}, {"b\xff\xff", ""}};
  REQUIRE(ScanAll(store, 0, "b", "b") == in_b);
  REQUIRE(ScanAll(store, 0, "", "b") == in_b);
  REQUIRE(ScanAll(store, 0, "b\x80", "b") == Rows(in_b.begin() + 2, in_b.end()));
  REQUIRE(ScanAll(store, 0, "b\x80\x01", "b") == Rows(in_b.begin() + 3, in_b.end()));
  REQUIRE(ScanAll(store, 0, "b\xff", "b\xff") == Rows(in_b.begin() + 3, in_b.end()));
  REQUIRE(ScanAll(store, 0, "c", "b").empty());
  REQUIRE(ScanAll(store, 0).size() == 6);
}

TEST_CASE("A prefix of highest bytes reaches to the end of the table") {
  Fixture fixture(EveryKind());
  Store& store = *fixture.store;
  for (const char* key : {"\xfe", "\xff", "\xff\xff", "\xff\xff\xff"}) Put(store, 0, key, "");
  REQUIRE(ScanAll(store, 0, "", "\xff\xff") == Rows{{"\xff\xff", ""}, {"\xff\xff\xff", ""}});
}

TEST_CASE("A scan stops where its visitor says so") {
  Fixture fixture(EveryKind());
  for (const char* key : {"a", "b", "c"}) Put(*fixture.store, 0, key, "");
  std::string seen;
  REQUIRE(fixture.store
              ->Scan(0, "", "",
                     [&](std::string_view key, std::string_view) {
                       seen += key;
                       return seen.size() < 2;
                     })
              .ok());
  REQUIRE(seen == "ab");
}

TEST_CASE("Each of several prefixes is scanned like one alone, and all as they were when the first began") {
  Fixture fixture(EveryKind());
  Store& store = *fixture.store;
  for (const char* key : {"a1", "a2", "a3", "b", "c1", "c2"}) Put(store, 0, key, key);
  const std::vector<std::string> prefixes = {"a", "bb", "c", "a3", "d"};
  std::vector<std::string> seen(prefixes.size());
  const absl::Status scanned =
      store.ScanEach(0, prefixes, [&](size_t place, std::string_view key, std::string_view value) {
        CHECK(key == value);
        if (seen[0].empty()) Put(store, 0, "c1", "written meanwhile");
        seen[place] += std::string(key) + " ";
        return key != "a2";
      });
  REQUIRE(scanned.ok());
  REQUIRE(seen == std::vector<std::string>{"a1 a2 ", "", "c1 c2 ", "a3 ", ""});
  const std::vector<std::string> first_bytes = {"b", "d", "a"};
  seen.assign(first_bytes.size(), "");
  const auto note = [&](size_t place, std::string_view key, std::string_view) {
    seen[place] += std::string(key) + " ";
    return true;
  };
  for (const bool flushed : {false, true}) {
    if (flushed) REQUIRE(store.Flush().ok());
    seen.assign(first_bytes.size(), "");
    REQUIRE(store.ScanEach(0, first_bytes, note).ok());
    REQUIRE(seen == std::vector<std::string>{"b ", "", "a1 a2 a3 "});
  }
}

TEST_CASE("Many keys are read like each alone, in the order asked, absent and repeated ones too") {
  Fixture fixture(EveryKind());
  Store& store = *fixture.store;
  for (const char* key : {"a", "b", "d"}) Put(store, 0, key, std::string("of ") + key);
  using Values = std::vector<std::optional<std::string>>;
  for (const bool flushed : {false, true}) {
    if (flushed) REQUIRE(store.Flush().ok());
    const auto values = store.GetMany(0, {"d", "c", "a", "", "d"});
    REQUIRE(values.ok());
    REQUIRE(*values == Values{"of d", std::nullopt, "of a", std::nullopt, "of d"});
  }
  REQUIRE(store.GetMany(0, {})->empty());
}

TEST_CASE("A scan sees the rows as they were when it began") {
  Fixture fixture(EveryKind());
  Store& store = *fixture.store;
  Rows before;
  for (int row = 0; row < 1000; ++row) {
    before.emplace_back(std::to_string(10'000 + row), "old");
    Put(store, 0, before.back().first, "old");
  }
  Rows seen;
  REQUIRE(store
              .Scan(0, "", "",
                    [&](std::string_view key, std::string_view value) {
                      if (seen.empty()) {
                        StoreBatch batch;
                        for (int row = 0; row < 1000; ++row) {
                          const std::string name = std::to_string(10'000 + row);
                          if (row % 3 == 0) batch.Delete(0, name);
                          if (row % 3 == 1) batch.Put(0, name, "new");
                          batch.Put(0, name + "+", "added");
                        }
                        REQUIRE(store.Write(batch).ok());
                        REQUIRE(store.Write(batch).ok());
                      }
                      seen.emplace_back(key, value);
                      return true;
                    })
              .ok());
  REQUIRE(seen == before);
  const Rows after = ScanAll(store, 0);
  REQUIRE(after.size() == 1000 + 666);
  REQUIRE_FALSE(store.Get(0, "10000").value().has_value());
  REQUIRE(store.Get(0, "10001").value() == "new");
}

TEST_CASE("Readers see a batch over all tables wholly or not at all") {
  Fixture fixture(EveryKind());
  Store& store = *fixture.store;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int round = 1; !stop; ++round) {
      StoreBatch batch;
      for (int key = 0; key < 600; ++key) batch.Put(0, std::to_string(1000 + key), std::to_string(round));
      if (!store.Write(batch).ok()) return;
    }
  });
  bool uniform = true;
  for (int scan = 0; scan < 50; ++scan) {
    const Rows rows = ScanAll(store, 0);
    for (const auto& row : rows) uniform = uniform && row.second == rows[0].second;
    uniform = uniform && (rows.empty() || rows.size() == 600);
  }
  stop = true;
  writer.join();
  REQUIRE(uniform);
}

TEST_CASE("Without room nothing of a batch is applied, and with room again writes work") {
  Fixture fixture(EveryKind());
  Store& store = *fixture.store;
  Put(store, 0, "a", "1");
  StoreBatch batch;
  batch.Put(0, "a", "2");
  batch.Put(1, "b", "2");
  SetFault(FaultPoint::kStoreWrite, ENOSPC);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const absl::Status refused = store.Write(batch);
    CHECK(ReasonOf(refused) == Reason::kStoreFull);
  }
  SetFault(FaultPoint::kStoreWrite, 0);
  REQUIRE(store.Get(0, "a").value() == "1");
  REQUIRE(ScanAll(store, 1).empty());
  absl::Status written = store.Write(batch);
  for (int wait_ms = 0; !written.ok() && wait_ms < 10'000; wait_ms += 10) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // waits: RocksDB tries by itself
    written = store.Write(batch);
  }
  REQUIRE(written.ok());
  REQUIRE(store.Get(0, "a").value() == "2");
  REQUIRE(store.Flush().ok());
}

// Draws changes from few keys, so that they meet.
StoreBatch RandomBatch(std::mt19937& random) {
  StoreBatch batch;
  const size_t changes = random() % 8;
  for (size_t i = 0; i < changes; ++i) {
    const int table = static_cast<int>(random() % kContractTables);
    std::string key(random() % 3, 'a');
    for (char& letter : key) letter = static_cast<char>('a' + random() % 3);
    if (random() % 3 == 0) {
      batch.Delete(table, std::move(key));
    } else {
      batch.Put(table, std::move(key), std::to_string(random()));
    }
  }
  return batch;
}

std::vector<std::string> EveryFirstByte() {
  std::vector<std::string> prefixes;
  for (int byte = 0; byte < 256; ++byte) prefixes.emplace_back(1, static_cast<char>(byte));
  return prefixes;
}

TEST_CASE("Random batches leave the rows that a map would hold") {
  const Kind kind = EveryKind();
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Fixture fixture(kind);
  std::map<std::string, std::string> model[kContractTables];
  for (int round = 0; round < 300; ++round) {
    const StoreBatch batch = RandomBatch(random);
    for (const StoreBatch::Change& change : batch.changes()) {
      if (change.value.has_value()) {
        model[change.table][change.key] = *change.value;
      } else {
        model[change.table].erase(change.key);
      }
    }
    REQUIRE(fixture.store->Write(batch).ok());
    if (round % 50 == 0) REQUIRE(fixture.store->Flush().ok());
  }
  for (int table = 0; table < kContractTables; ++table) {
    REQUIRE(ScanAll(*fixture.store, table) == Rows(model[table].begin(), model[table].end()));
    std::vector<std::string> keys;
    for (const auto& [key, value] : model[table]) keys.push_back(key);
    const auto values = fixture.store->GetMany(table, keys);
    REQUIRE(values.ok());
    for (size_t i = 0; i < keys.size(); ++i) REQUIRE((*values)[i] == model[table][keys[i]]);
    Rows by_prefix;
    const auto note = [&](size_t, std::string_view key, std::string_view value) {
      by_prefix.emplace_back(key, value);
      return true;
    };
    REQUIRE(fixture.store->ScanEach(table, EveryFirstByte(), note).ok());
    model[table].erase("");  // it begins with none of them
    REQUIRE(by_prefix == Rows(model[table].begin(), model[table].end()));
  }
}

}  // namespace
}  // namespace hangou
