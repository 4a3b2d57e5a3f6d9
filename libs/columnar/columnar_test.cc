// Encodings, segments and their merge, against plain maps; and every way the bytes can be wrong.
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/base/temp_folder.h"
#include "libs/columnar/projection.h"

namespace hangou {
namespace {

using Random = std::mt19937_64;

uint64_t Below(Random& random, uint64_t most) { return random() % most; }

std::vector<uint8_t> RandomPresence(Random& random, size_t rows) {
  std::vector<uint8_t> present;
  if (Below(random, 2) == 0) return present;
  const uint64_t share = 1 + Below(random, 10);
  for (size_t i = 0; i < rows; ++i) present.push_back(Below(random, share) == 0 ? 1 : 0);
  return present;
}

void EncodeKeys(const std::vector<std::string_view>& keys, std::string* out) {
  KeyEncoder encoder;
  for (const std::string_view key : keys) encoder.Add(key);
  encoder.Take(out);
}

TEST_CASE("Numbers of every width come back, and missing ones are missing") {
  Random random(std::random_device{}());
  for (int round = 0; round < 300; ++round) {
    const size_t rows = Below(random, 300);
    const auto width = Below(random, 65);
    std::vector<int64_t> numbers(rows);
    for (int64_t& number : numbers)
      number = static_cast<int64_t>(width == 0 ? 7 : random() >> (64 - width)) - 100;
    const auto present = RandomPresence(random, rows);
    std::string bytes;
    EncodeNumbers(numbers, present, &bytes);
    NumberColumn column;
    REQUIRE(DecodeNumbers(bytes, static_cast<uint32_t>(rows), &column));
    for (size_t i = 0; i < rows; ++i) {
      const bool is_present = present.empty() || present[i] != 0;
      REQUIRE((column.present.empty() || (column.present[i] != 0) == is_present));
      REQUIRE(column.numbers[i] == (is_present ? numbers[i] : 0));
    }
  }
}

TEST_CASE("Texts and keys come back") {
  Random random(std::random_device{}());
  for (int round = 0; round < 300; ++round) {
    const size_t rows = 1 + Below(random, 300);
    std::vector<std::string> texts(rows);
    const uint64_t variety = 1 + Below(random, 400);
    for (std::string& text : texts)
      text = std::string(Below(random, 9), 'x') + std::to_string(Below(random, variety));
    std::sort(texts.begin(), texts.end());
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const auto present = RandomPresence(random, rows);
    std::string bytes;
    EncodeTexts(views, present, &bytes);
    TextColumn column;
    REQUIRE(DecodeTexts(bytes, static_cast<uint32_t>(rows), &column));
    std::string key_bytes;
    EncodeKeys(views, &key_bytes);
    KeyColumn keys;
    REQUIRE(DecodeKeys(key_bytes, static_cast<uint32_t>(rows), &keys));
    size_t key = 0;
    for (size_t i = 0; i < rows; ++i) {
      if (present.empty() || present[i] != 0) REQUIRE(column.texts[column.codes[i]] == texts[i]);
      while (keys.ends[key] <= i) ++key;
      REQUIRE(keys.key(key) == texts[i]);
    }
    REQUIRE(key + 1 == keys.size());
  }
}

TEST_CASE("Damaged bytes of a column are refused or give rows within bounds") {
  Random random(std::random_device{}());
  std::vector<std::string_view> texts = {"a", "a", "ab", "abc", "b", "b", "c", "d"};
  std::vector<int64_t> numbers = {1, 5, 900, -3, 7, 7, 7, 1ll << 40};
  const std::vector<uint8_t> present = {1, 0, 1, 1, 1, 0, 1, 1};
  std::string encoded[3];
  EncodeTexts(texts, present, &encoded[0]);
  EncodeNumbers(numbers, present, &encoded[1]);
  EncodeKeys(texts, &encoded[2]);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = encoded[round % 3];
    if (Below(random, 3) == 0) bytes.resize(Below(random, bytes.size()));
    for (uint64_t n = Below(random, 4); n > 0 && !bytes.empty(); --n)
      bytes[Below(random, bytes.size())] = static_cast<char>(random());
    TextColumn text_column;
    if (DecodeTexts(bytes, 8, &text_column)) {
      for (const uint32_t code : text_column.codes) REQUIRE(code < text_column.texts.size());
    }
    NumberColumn number_column;
    if (DecodeNumbers(bytes, 8, &number_column)) REQUIRE(number_column.numbers.size() >= 8);
    KeyColumn keys;
    if (DecodeKeys(bytes, 8, &keys)) {
      for (size_t i = 0; i < keys.size(); ++i)
        REQUIRE(keys.offsets[i + 1] + kKeyPadding <= keys.bytes.size());
    }
  }
}

const std::vector<ColumnSpec> kColumns = {{"amount", false}, {"kind", true}};

// A row of the model; none: gone.
struct ModelRow {
  bool gone = false;
  bool replaces = true;
  std::optional<int64_t> amount;
  std::optional<std::string> kind;
};
using Model = std::map<std::pair<std::string, uint64_t>, ModelRow>;

std::shared_ptr<const Segment> WriteSegment(const std::string& folder, const Model& rows, int partitions) {
  auto writer = SegmentBuilder::Create(folder, kColumns, partitions);
  REQUIRE(writer.ok());
  for (int partition = 0; partition < partitions; ++partition) {
    for (const auto& [place, row] : rows) {
      if (static_cast<int>(place.first.size()) % partitions != partition) continue;
      const Cell cells[] = {{row.amount.has_value(), row.amount.value_or(0), {}},
                            {row.kind.has_value(), 0, row.kind ? *row.kind : std::string_view()}};
      REQUIRE((*writer)->Add(partition, {place.first, place.second, row.gone, cells, row.replaces}).ok());
    }
  }
  REQUIRE((*writer)->Finish().ok());
  const auto segment = Segment::Open(folder, kColumns, partitions);
  INFO(segment.status());
  REQUIRE(segment.ok());
  return *segment;
}

Model RandomRows(Random& random, size_t count, uint64_t keys) {
  Model rows;
  for (size_t i = 0; i < count; ++i) {
    const std::string key = "k" + std::to_string(Below(random, keys));
    ModelRow row;
    row.gone = Below(random, 8) == 0;
    if (!row.gone && Below(random, 5) != 0) row.amount = static_cast<int64_t>(Below(random, 1'000'000));
    if (!row.gone && Below(random, 5) != 0)
      row.kind = std::string(1, static_cast<char>('a' + Below(random, 3)));
    rows[{key, 1 + Below(random, 6)}] = row;
  }
  return rows;
}

// Puts rows over those of the model; of what is new there one in so many does not say so.
void AddTo(Random& random, uint64_t silent_one_in, Model* rows, Model* model) {
  for (auto& [place, row] : *rows) {
    const auto before = model->find(place);
    row.replaces = (before != model->end() && !before->second.gone) || Below(random, silent_one_in) == 0;
    (*model)[place] = row;
  }
}

// Rows of a key come in any order.
using ReadRow = std::tuple<std::string, std::optional<int64_t>, std::optional<std::string>>;
using ReadRows = std::multiset<ReadRow>;

ReadRows ReadMerged(MergedRows* merged) {
  ReadRows read;
  KeyRows rows;
  std::string last;
  bool ended = false;
  while (true) {
    const auto more = merged->Next(&rows);
    REQUIRE(more.ok());
    if (!*more) return read;
    REQUIRE((ended ? last < rows.key().text() : last <= rows.key().text()));
    last = rows.key().text();
    ended = rows.ends_key;
    for (const RowPiece& piece : rows.pieces) {
      REQUIRE(piece.begin < piece.end);
      for (uint32_t row = piece.begin; row < piece.end; ++row) {
        const Cell amount = CellOf(*piece.block, kColumns[0], 0, row);
        const Cell kind = CellOf(*piece.block, kColumns[1], 1, row);
        read.emplace(last, amount.present ? std::optional(amount.number) : std::nullopt,
                     kind.present ? std::optional(std::string(kind.text)) : std::nullopt);
      }
    }
  }
}

TEST_CASE("Several segments read as one are as their rows put over each other") {
  Random random(std::random_device{}());
  for (int round = 0; round < 60; ++round) {
    TempFolder folder;
    const int partitions = 1 + static_cast<int>(Below(random, 3));
    const size_t segments = 1 + Below(random, 4);
    const uint64_t keys = 1 + Below(random, 60);
    Model model;
    std::vector<std::shared_ptr<const Segment>> all;
    for (size_t i = 0; i < segments; ++i) {
      Model rows = RandomRows(random, Below(random, 200), keys);
      AddTo(random, 4, &rows, &model);
      all.push_back(WriteSegment(folder.path() + "/" + std::to_string(i), rows, partitions));
    }
    ReadRows expected;
    for (const auto& [place, row] : model) {
      if (!row.gone) expected.emplace(place.first, row.amount, row.kind);
    }
    ReadRows read;
    for (int partition = 0; partition < partitions; ++partition) {
      std::vector<std::unique_ptr<BlockSource>> sources;
      for (const auto& segment : all) sources.push_back(MakeSegmentSource(segment, partition, {0, 1}));
      MergedRows merged(std::move(sources));
      read.merge(ReadMerged(&merged));
    }
    REQUIRE(read == expected);
  }
}

// Three segments of two keys, whose ids are below `ids` and of which one row in `gone_one_in` is gone.
void CheckLongKeys(Random& random, uint64_t ids, uint64_t gone_one_in) {
  TempFolder folder;
  Model model;
  std::vector<std::shared_ptr<const Segment>> all;
  for (int i = 0; i < 3; ++i) {
    Model rows;
    for (int j = 0; j < 20'000; ++j) {
      ModelRow row;
      row.gone = i > 0 && Below(random, gone_one_in) == 0;
      if (!row.gone) row.amount = static_cast<int64_t>(Below(random, 1'000'000));
      rows[{Below(random, 4) == 0 ? "a" : "b", Below(random, ids)}] = row;
    }
    AddTo(random, 20'000, &rows, &model);
    all.push_back(WriteSegment(folder.path() + "/" + std::to_string(i), rows, 1));
  }
  ReadRows expected;
  for (const auto& [place, row] : model) {
    if (!row.gone) expected.emplace(place.first, row.amount, row.kind);
  }
  std::vector<std::unique_ptr<BlockSource>> sources;
  for (const auto& segment : all) sources.push_back(MakeSegmentSource(segment, 0, {0, 1}));
  MergedRows merged(std::move(sources));
  CHECK(ReadMerged(&merged) == expected);
}

TEST_CASE("Rows of keys that several segments have in several blocks count once") {
  Random random(std::random_device{}());
  CheckLongKeys(random, 40'000, 50);
  // Some blocks replace something, and some do not.
  for (int round = 0; round < 10; ++round) CheckLongKeys(random, 200'000'000, 20'000);
}

TEST_CASE("Keys are in the order of their bytes, whatever their length") {
  Random random(std::random_device{}());
  for (int round = 0; round < 20'000; ++round) {
    std::string a, b;
    const size_t shared = Below(random, 20);
    for (size_t i = 0; i < shared; ++i) a += static_cast<char>(Below(random, 3));
    b = a;
    for (size_t i = Below(random, 10); i > 0; --i) a += static_cast<char>(Below(random, 3) * 120);
    for (size_t i = Below(random, 10); i > 0; --i) b += static_cast<char>(Below(random, 3) * 120);
    const std::string padded_a = a + std::string(kKeyPadding, 'x'),
                      padded_b = b + std::string(kKeyPadding, 'y');
    const OrderedKey x(std::string_view(padded_a).substr(0, a.size()));
    const OrderedKey y(std::string_view(padded_b).substr(0, b.size()));
    REQUIRE((x < y) == (a < b));
    REQUIRE((y < x) == (b < a));
    REQUIRE((x == y) == (a == b));
  }
}

TEST_CASE("A projection holds what was put and not removed, however often it was read and merged") {
  Random random(std::random_device{}());
  for (int round = 0; round < 60; ++round) {
    TempFolder folder;
    Projection projection(folder.path() + "/p", kColumns, 3);
    std::map<std::pair<std::string, uint64_t>, int64_t> model;
    // Where rows seldom go and come again, most segments have only new ones.
    const uint64_t keys = round % 2 == 0 ? 30 : 300;
    const uint64_t removed_one_in = round % 2 == 0 ? 3 : 20;
    std::string key;
    uint64_t id = 0;
    bool again = false;
    for (int step = 0; step < 400; ++step) {
      again = again && Below(random, 2) == 0;
      if (!again) {
        key = "k" + std::to_string(Below(random, keys));
        id = 1 + Below(random, 5);
      }
      if (!again && Below(random, removed_one_in) == 0) {
        if (!model.empty() && Below(random, 2) == 0) std::tie(key, id) = model.begin()->first;
        projection.Remove(key, key, id);
        model.erase({key, id});
        again = true;
      } else {
        const auto amount = static_cast<int64_t>(Below(random, 1'000));
        const bool is_new = !model.contains({key, id}) && Below(random, 200) != 0;
        projection.Put(key, key, id, {{true, amount, {}}, {true, 0, key}}, is_new);
        model[{key, id}] = amount;
      }
      if (Below(random, 20) != 0) continue;
      if (Below(random, 3) == 0) REQUIRE(projection.Purge().ok());
      const auto view = projection.Read();
      REQUIRE(view.ok());
      REQUIRE(view->size() <= kLiveSegments);
      std::multiset<std::pair<std::string, int64_t>> read, expected;
      for (int partition = 0; partition < 3; ++partition) {
        std::vector<std::unique_ptr<BlockSource>> sources;
        for (const auto& segment : *view) sources.push_back(MakeSegmentSource(segment, partition, {0, 1}));
        MergedRows merged(std::move(sources));
        for (const auto& [row_key, amount, kind] : ReadMerged(&merged)) {
          REQUIRE(kind == row_key);
          read.emplace(row_key, amount.value());
        }
      }
      for (const auto& [place, amount] : model) expected.emplace(place.first, amount);
      REQUIRE(read == expected);
    }
    projection.Clear();
    REQUIRE(projection.Read()->empty());
    REQUIRE_FALSE(std::filesystem::exists(folder.path() + "/p"));
  }
}

TEST_CASE(
    "Segments that were merged have the rows of a key in the order of their ids, and are merged again") {
  TempFolder folder;
  Projection projection(folder.path() + "/p", kColumns, 1);
  constexpr uint64_t kWrites = 5 * kLiveSegments;
  constexpr uint64_t kRowsOfWrite = kBlockRows / 4;
  for (uint64_t write = 0; write < kWrites; ++write) {
    // Each has ids between those of the others, so that all keys are in all segments.
    for (uint64_t i = 0; i < kRowsOfWrite; ++i) {
      const std::string key = i % 3 == 0 ? "few" + std::to_string(i) : "many";
      projection.Put(key, key, 1 + i * kWrites + write, {{true, 1, {}}, {true, 0, key}});
    }
    REQUIRE(projection.Read().ok());
  }
  const auto view = projection.Read();
  REQUIRE(view.ok());
  size_t rows = 0;
  for (const auto& segment : *view) {
    std::pair<std::string, uint64_t> last;
    for (size_t block = 0; block < segment->blocks(0); ++block) {
      BlockRows read;
      std::vector<uint64_t> ids;
      REQUIRE(segment->Read(0, block, std::vector<int>{1}, &read).ok());
      REQUIRE(segment->ReadIds(0, block, &ids).ok());
      for (uint32_t row = 0; row < read.rows; ++row, ++rows) {
        std::pair<std::string, uint64_t> place(read.texts[1].texts[read.texts[1].codes[row]], ids[row]);
        REQUIRE(last < place);
        last = std::move(place);
      }
    }
  }
  CHECK(rows == kWrites * kRowsOfWrite);
}

TEST_CASE("Keys of more rows than a block are read whole") {
  TempFolder folder;
  auto writer = SegmentBuilder::Create(folder.path() + "/big", kColumns, 1);
  REQUIRE(writer.ok());
  constexpr uint64_t kRows = 3 * kBlockRows + 17;
  for (uint64_t i = 0; i < kRows; ++i) {
    const Cell cells[] = {{true, static_cast<int64_t>(i), {}}, {false, 0, {}}};
    REQUIRE((*writer)->Add(0, {i < 10 ? "a" : "b", i, false, cells}).ok());
  }
  REQUIRE((*writer)->Finish().ok());
  const auto segment = *Segment::Open(folder.path() + "/big", kColumns, 1);
  CHECK(segment->rows() == static_cast<int64_t>(kRows));
  for (const std::string_view from : {"", "b"}) {
    std::vector<std::unique_ptr<BlockSource>> sources;
    sources.push_back(MakeSegmentSource(segment, 0, {0}, from));
    MergedRows merged(std::move(sources));
    KeyRows rows;
    int64_t sum = 0;
    while (*merged.Next(&rows)) {
      for (const RowPiece& piece : rows.pieces) {
        for (uint32_t row = piece.begin; row < piece.end; ++row) sum += piece.block->numbers[0].numbers[row];
      }
    }
    CHECK(sum == static_cast<int64_t>(kRows * (kRows - 1) / 2));
  }
}

TEST_CASE("A damaged file, a missing one and a segment that was not finished are told") {
  TempFolder folder;
  Random random(1);
  const std::string path = folder.path() + "/s";
  WriteSegment(path, RandomRows(random, 100, 20), 1);
  const auto read = [&] {
    auto segment = Segment::Open(path, kColumns, 1);
    if (!segment.ok()) return segment.status();
    BlockRows rows;
    const int columns[] = {0};
    return (*segment)->Read(0, 0, columns, &rows);
  };
  REQUIRE(read().ok());
  const std::string column = path + "/column_amount";
  std::string bytes = *ReadFile(column);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  REQUIRE(WriteFileDurably(column, bytes, 0600).ok());
  CHECK(ReasonOf(read()) == Reason::kDataLoss);
  REQUIRE(WriteFileDurably(column, bytes.substr(0, bytes.size() / 2), 0600).ok());
  CHECK(ReasonOf(read()) == Reason::kDataLoss);
  std::filesystem::remove(column);
  CHECK(ReasonOf(read()) == Reason::kDataLoss);
  REQUIRE(WriteFileDurably(path + "/layout", "not a layout", 0600).ok());
  CHECK(ReasonOf(read()) == Reason::kDataLoss);
  {
    auto writer = SegmentBuilder::Create(folder.path() + "/half", kColumns, 1);
    REQUIRE(writer.ok());
  }
  CHECK_FALSE(std::filesystem::exists(folder.path() + "/half"));
}

}  // namespace
}  // namespace hangou
