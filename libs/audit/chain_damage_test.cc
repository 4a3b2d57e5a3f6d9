// Every way in which the bytes of a chain can be wrong.
#include <catch2/catch.hpp>
#include <filesystem>

#include "libs/audit/audit_format.h"
#include "libs/audit/chain_files.h"
#include "libs/audit/chain_test_util.h"
#include "libs/base/temp_folder.h"

namespace hangou {
namespace {

namespace fs = std::filesystem;

const std::string kPrevious(kHashBytes, '\0');
constexpr uint64_t kDamagedSalt = 77;

// Builds segment bytes with frames of which every detail can be wrong.
class SegmentBuilder {
 public:
  explicit SegmentBuilder(uint64_t first = 1, const std::string& previous = kPrevious)
      : bytes_(EncodeSegmentHeader({first, kDamagedSalt, previous})), head_(previous), next_(first) {}

  // A group of so many entries that follow; each says its sequence.
  SegmentBuilder& Group(uint32_t entries) {
    for (uint32_t place = 0; place < entries; ++place) Entry(next_, place);
    return *this;
  }
  // One entry that follows, under the sequence given.
  SegmentBuilder& Entry(uint64_t sequence, uint32_t place) {
    auto entry = NumberedEntry(sequence);
    entry.set_sequence(sequence);
    return Raw(sequence, place, entry.SerializeAsString());
  }
  SegmentBuilder& Raw(uint64_t sequence, uint32_t place, const std::string& entry) {
    starts_.push_back(bytes_.size());
    head_ = ChainHash(head_, entry);
    AppendFrame({sequence, place, entry, head_}, kDamagedSalt, &bytes_);
    next_ = sequence + 1;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }
  const std::string& head() const { return head_; }
  // Where the frame of this index begins; the end of all behind the last.
  size_t start(size_t index) const { return index < starts_.size() ? starts_[index] : bytes_.size(); }

 private:
  std::string bytes_;
  std::string head_;
  uint64_t next_;
  std::vector<size_t> starts_;
};

// A folder whose one segment has the bytes given.
struct ChainFolder {
  explicit ChainFolder(const std::string& bytes) : path(folder.path() + "/" + SegmentName(1)) {
    SetFileContent(path, bytes);
  }
  // Entries before the start that opening appends.
  size_t OpenAndCount() const { return ReadAll(*MustOpenChain(folder.path())).size() - 1; }
  absl::Status OpenStatus() const { return AuditChain::Open(folder.path(), "test", SystemClock()).status(); }
  // Entries that verifying and cutting leaves, without going on.
  size_t Repaired() const {
    const auto files = OpenChainFiles(folder.path());
    REQUIRE(files.ok());
    return files->newest_sequence;
  }
  std::vector<std::string> Torn() const { return FilesEnding(folder.path(), ".torn"); }

  TempFolder folder;
  std::string path;
};

void RequireDamaged(const ChainFolder& chain) {
  const std::string before = FileContent(chain.path);
  const absl::Status status = chain.OpenStatus();
  CAPTURE(status.ToString());
  REQUIRE(ReasonOf(status) == Reason::kDataLoss);
  REQUIRE(Message(status).find(chain.folder.path()) != std::string_view::npos);
  REQUIRE(Message(status).find("sequence") != std::string_view::npos);
  REQUIRE(FileContent(chain.path) == before);  // never cut
  REQUIRE(chain.Torn().empty());
}

TEST_CASE("Sound segments open as they are, with and without room behind them") {
  const SegmentBuilder built = SegmentBuilder().Group(1).Group(3).Group(2);
  REQUIRE(ChainFolder(built.bytes()).OpenAndCount() == 6);
  const ChainFolder with_room(built.bytes() + std::string(10'000, '\0'));
  REQUIRE(with_room.OpenAndCount() == 6);
  REQUIRE(with_room.Torn().empty());
}

TEST_CASE("A torn tail is cut, kept beside, and the entries before it stay") {
  const SegmentBuilder built = SegmentBuilder().Group(1).Group(3);
  for (size_t size = built.start(1); size < built.bytes().size(); size += 3) {
    const ChainFolder chain(built.bytes().substr(0, size) + std::string(size % 2 * 500, '\0'));
    size_t whole = 0;
    while (built.start(whole + 1) <= size) ++whole;
    CAPTURE(size, whole);
    REQUIRE(chain.Repaired() == whole);
    const bool between = size == built.start(whole);
    REQUIRE(chain.Torn().size() == (between ? 0 : 1));
  }
}

TEST_CASE("A chain goes on behind the cut of a torn tail") {
  const SegmentBuilder built = SegmentBuilder().Group(1).Group(3);
  REQUIRE(ChainFolder(built.bytes().substr(0, built.start(2))).OpenAndCount() == 2);
  for (const size_t size : {built.start(1) + 1, built.start(3) - 1, built.start(4) - 1}) {
    const ChainFolder chain(built.bytes().substr(0, size));
    const size_t whole = chain.OpenAndCount();
    REQUIRE(chain.OpenAndCount() == whole + 1);
    REQUIRE(chain.Torn().size() == 1);
  }
}

TEST_CASE("A group of which the disk kept only a later part is a torn tail") {
  const SegmentBuilder built = SegmentBuilder().Group(2).Group(3);
  std::string bytes = built.bytes();
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(built.start(2)),
            bytes.begin() + static_cast<std::ptrdiff_t>(built.start(3)), '\0');
  const ChainFolder chain(bytes);
  REQUIRE(chain.OpenAndCount() == 2);
  REQUIRE(FileContent(chain.Torn().at(0)) == bytes.substr(built.start(2)));
}

TEST_CASE("Every flipped byte of a small chain is DATA_LOSS, or a cut tail in its last group") {
  const SegmentBuilder built = SegmentBuilder().Group(1).Group(2).Group(2);
  for (size_t at = 0; at < built.bytes().size(); ++at) {
    std::string bytes = built.bytes();
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    const ChainFolder chain(bytes);
    CAPTURE(at);
    if (at < built.start(3)) {
      RequireDamaged(chain);
    } else {
      REQUIRE(chain.Repaired() == (at < built.start(4) ? 3U : 4U));
      REQUIRE(chain.Torn().size() == 1);
    }
  }
}

TEST_CASE("An entry removed, repeated or moved within the chain is DATA_LOSS") {
  const SegmentBuilder built = SegmentBuilder().Group(1).Group(1).Group(1).Group(1);
  const auto part = [&](size_t index) {
    return built.bytes().substr(built.start(index), built.start(index + 1) - built.start(index));
  };
  const std::string header = built.bytes().substr(0, kSegmentHeaderBytes);
  RequireDamaged(ChainFolder(header + part(0) + part(2) + part(3)));
  RequireDamaged(ChainFolder(header + part(1) + part(2) + part(3)));
  RequireDamaged(ChainFolder(header + part(0) + part(1) + part(1) + part(2)));
  RequireDamaged(ChainFolder(header + part(0) + part(2) + part(1) + part(3)));
}

TEST_CASE("A replaced entry with a sound checksum is DATA_LOSS by the hash that follows") {
  const SegmentBuilder honest = SegmentBuilder().Group(1).Group(1).Group(1);
  SegmentBuilder forged = SegmentBuilder().Group(1);
  auto entry = NumberedEntry(2);
  entry.set_sequence(2);
  entry.set_allowed(false);
  forged.Raw(2, 0, entry.SerializeAsString());
  RequireDamaged(ChainFolder(forged.bytes() + honest.bytes().substr(honest.start(2))));
}

TEST_CASE("A gap in the sequences is DATA_LOSS though the hashes follow") {
  RequireDamaged(ChainFolder(SegmentBuilder().Group(2).Entry(4, 0).bytes()));
  SegmentBuilder other_inside = SegmentBuilder().Group(1);
  auto entry = NumberedEntry(3);
  entry.set_sequence(3);
  RequireDamaged(ChainFolder(other_inside.Raw(2, 0, entry.SerializeAsString()).bytes()));
}

TEST_CASE("A segment whose making was interrupted is set aside") {
  const std::string header = EncodeSegmentHeader({1, kDamagedSalt, kPrevious});
  for (const size_t size : {size_t{0}, size_t{10}, kSegmentHeaderBytes - 1}) {
    const ChainFolder chain(header.substr(0, size) + std::string(1000, '\0'));
    REQUIRE(chain.OpenAndCount() == 0);
  }
  const ChainFolder headed(header + std::string(1000, '\0'));
  REQUIRE(headed.OpenAndCount() == 0);
  REQUIRE(headed.Torn().empty());
}

TEST_CASE("A second segment must follow from the first, and the first must be there and whole") {
  const SegmentBuilder first = SegmentBuilder().Group(2).Group(1);
  const SegmentBuilder second = SegmentBuilder(4, first.head()).Group(2);
  const auto second_path = [](const ChainFolder& chain) {
    return chain.folder.path() + "/" + SegmentName(4);
  };
  {
    const ChainFolder chain(first.bytes() + std::string(500, '\0'));
    SetFileContent(second_path(chain), second.bytes());
    REQUIRE(chain.OpenAndCount() == 5);
  }
  {
    const ChainFolder chain(first.bytes());
    SetFileContent(second_path(chain), SegmentBuilder(4, std::string(kHashBytes, 'x')).Group(2).bytes());
    RequireDamaged(chain);
  }
  {
    const ChainFolder chain(first.bytes().substr(0, first.bytes().size() - 1));
    SetFileContent(second_path(chain), second.bytes());
    RequireDamaged(chain);
  }
  {
    const ChainFolder chain(first.bytes());
    SetFileContent(second_path(chain), second.bytes());
    fs::rename(chain.path, chain.path + ".away");
    REQUIRE(ReasonOf(chain.OpenStatus()) == Reason::kDataLoss);
  }
}

TEST_CASE("Damage under an open chain is DATA_LOSS to its readers") {
  const TempFolder folder;
  const auto chain = MustOpenChain(folder.path());
  AppendNumbered(*chain, 2, 5);
  const std::string path = FilesEnding(folder.path(), ".audit").at(0);
  std::string bytes = FileContent(path);
  bytes[kSegmentHeaderBytes + kFrameBytes + 40] ^= 1;
  SetFileContent(path, bytes);
  REQUIRE(ReasonOf(chain->Read(1, 10).status()) == Reason::kDataLoss);
}

TEST_CASE(
    "The verifier follows a chain from its start or from a trusted hash, and refuses reordered entries") {
  const TempFolder folder;
  const auto chain = MustOpenChain(folder.path());
  AppendNumbered(*chain, 2, 6);
  const auto entries = ReadAll(*chain);

  ChainVerifier from_middle(3, entries[2].hash);
  REQUIRE(from_middle.Add(entries[3]).ok());
  REQUIRE(from_middle.Add(entries[4]).ok());
  REQUIRE(from_middle.verified() == 2);
  REQUIRE(from_middle.head() == entries[4].hash);

  ChainVerifier reordered;
  REQUIRE(reordered.Add(entries[0]).ok());
  const absl::Status refused = reordered.Add(entries[2]);
  REQUIRE(ReasonOf(refused) == Reason::kDataLoss);
  REQUIRE(Message(refused).find("entry 2") != std::string_view::npos);
  REQUIRE(reordered.Add(entries[1]).ok());

  StoredAuditEntry replaced = entries[2];
  replaced.entry = entries[3].entry;
  REQUIRE(ReasonOf(reordered.Add(replaced)) == Reason::kDataLoss);
}

TEST_CASE("A folder is verified without any change to it; its torn tail is counted, its damage named") {
  const std::string whole = SegmentBuilder().Group(2).Group(3).bytes();
  const auto verify = [](const ChainFolder& chain, std::vector<uint64_t>* visited) {
    return VerifyChainFolder(chain.folder.path(), [visited](const StoredAuditEntry& entry) {
      visited->push_back(entry.sequence);
    });
  };
  std::vector<uint64_t> visited;
  const std::string torn = whole.substr(0, whole.size() - 3);
  const ChainFolder chain(torn);
  const auto verified = verify(chain, &visited);
  REQUIRE(verified.ok());
  REQUIRE(verified->entries == 4);
  REQUIRE(visited == std::vector<uint64_t>{1, 2, 3, 4});
  REQUIRE(verified->torn_bytes > 0);
  REQUIRE(FileContent(chain.path) == torn);
  REQUIRE(FilesEnding(chain.folder.path(), "").size() == 1);

  std::string damaged = whole;
  damaged[kSegmentHeaderBytes + kFrameHeaderBytes + 2] ^= 1;
  REQUIRE(ReasonOf(verify(ChainFolder(damaged), &visited).status()) == Reason::kDataLoss);
  const TempFolder empty;
  REQUIRE(ReasonOf(VerifyChainFolder(empty.path(), nullptr).status()) == Reason::kObjectNotFound);
  const auto open = MustOpenChain(empty.path());
  REQUIRE(ReasonOf(VerifyChainFolder(empty.path(), nullptr).status()) == Reason::kInternal);
}

}  // namespace
}  // namespace hangou
