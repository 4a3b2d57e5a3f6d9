#include <catch2/catch.hpp>
#include <limits>

#include "libs/identifiers/identifiers.h"
#include "tests/fuzz/text_codec_check.h"
#include "tests/fuzz/walker_check.h"

namespace hangou::fuzz {
namespace {

using google::protobuf::FieldDescriptor;

// Where the seeds of this run begin; a failure prints its own. `--rng-seed` with it, shifted back, repeats the run.
uint64_t RunSeed() { return static_cast<uint64_t>(Catch::rngSeed()) << 20; }

std::string RandomText(Random& random) {
  static constexpr std::string_view kPieces[] = {"a", "Z", "0", "张", "欧阳", "𠮷",
                                                 " ", "-", "·", "|",  "\\",   "1985"};
  std::string text;
  for (int64_t i = Uniform(random, 0, 8); i > 0; --i)
    text += kPieces[Uniform(random, 0, std::size(kPieces) - 1)];
  return text;
}

std::string RandomCitizenId(Random& random) {
  std::string id = "321002" + std::to_string(Uniform(random, 1900, 2020)) +
                   std::to_string(Uniform(random, 10, 12)) + std::to_string(Uniform(random, 10, 28)) +
                   std::to_string(Uniform(random, 100, 999));
  return id + CitizenIdCheck(id);
}

// Numbers of every length of varint, of both signs.
int64_t RandomNumber(Random& random) {
  const auto bits = static_cast<int64_t>(random());
  return bits >> Uniform(random, 0, 63);
}

void SetRandom(Random& random, const FieldDescriptor* field, bool is_id, google::protobuf::Message* message) {
  const auto& reflection = *message->GetReflection();
  const int64_t number = RandomNumber(random);
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection.SetString(message, field, is_id ? RandomCitizenId(random) : RandomText(random));
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      reflection.SetInt32(message, field, static_cast<int32_t>(number));
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection.SetBool(message, field, (number & 1) != 0);
      return;
    default:
      reflection.SetInt64(message, field, number);
  }
}

// A random message as each of its fields' bytes.
std::vector<std::string> RandomFields(Random& random, Subject& subject) {
  std::vector<std::string> fields;
  for (size_t i = 0; i < subject.schema().fields().size(); ++i) {
    if (Uniform(random, 0, 3) == 0) continue;
    const auto message = subject.NewMessage();
    const bool is_id = subject.schema().fields()[i].type == hangou::catalog::v1::FIELD_TYPE_CITIZEN_ID;
    SetRandom(random, subject.FieldAt(static_cast<int>(i)), is_id, message.get());
    fields.push_back(message->SerializeAsString());
  }
  return fields;
}

std::string Join(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) joined += part;
  return joined;
}

// One small damage: a byte changed, put in, taken out, a piece repeated, or the end cut off.
void Mutate(Random& random, std::string* bytes) {
  const auto at = static_cast<size_t>(Uniform(random, 0, static_cast<int64_t>(bytes->size())));
  const auto byte = static_cast<char>(Uniform(random, 0, 255));
  switch (Uniform(random, 0, 5)) {
    case 0:
      if (at < bytes->size()) (*bytes)[at] = byte;
      return;
    case 1:
      if (at < bytes->size()) (*bytes)[at] = static_cast<char>((*bytes)[at] ^ (1 << Uniform(random, 0, 7)));
      return;
    case 2:
      bytes->insert(at, 1, byte);
      return;
    case 3:
      bytes->erase(at, 1);
      return;
    case 4:
      bytes->insert(at, bytes->substr(at, static_cast<size_t>(Uniform(random, 1, 12))));
      return;
    default:
      bytes->resize(at);
  }
}

}  // namespace

TEST_CASE("The walker reads what protobuf writes, in any order, and projects as the model does") {
  for (uint64_t seed = RunSeed(); seed < RunSeed() + 1000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Subject subject(seed);
    auto fields = RandomFields(random, subject);
    for (int order = 0; order < 3; ++order) {
      bool accepted = false;
      REQUIRE(CheckWalk(subject, Join(fields), &accepted) == "");
      REQUIRE(accepted);
      std::shuffle(fields.begin(), fields.end(), random);
    }
  }
}

TEST_CASE("On damaged bytes the walker accepts only what protobuf does, and says why it refuses the rest") {
  int accepted_count = 0;
  int refused_count = 0;
  for (uint64_t seed = RunSeed(); seed < RunSeed() + 400; ++seed) {
    Random random(seed);
    Subject subject(seed);
    for (int round = 0; round < 50; ++round) {
      CAPTURE(seed, round);
      std::string payload = Join(RandomFields(random, subject));
      for (int64_t i = Uniform(random, 1, 4); i > 0; --i) Mutate(random, &payload);
      bool accepted = false;
      REQUIRE(CheckWalk(subject, payload, &accepted) == "");
      ++(accepted ? accepted_count : refused_count);
    }
  }
  // Both sides of the property must have been seen.
  CHECK(accepted_count > 100);
  CHECK(refused_count > 100);
}

TEST_CASE("Every value of every type comes back from its text") {
  Random random(RunSeed());
  CAPTURE(RunSeed());
  for (size_t index = 0; index < EveryType().fields().size(); ++index) {
    for (int64_t value : {std::numeric_limits<int64_t>::min(), int64_t{-1}, int64_t{0}, int64_t{1},
                          std::numeric_limits<int64_t>::max()}) {
      CAPTURE(index, value);
      REQUIRE(CheckScalar(index, value) == "");
    }
    for (int round = 0; round < 500; ++round) {
      const int64_t value = RandomNumber(random);
      CAPTURE(index, value);
      REQUIRE(CheckScalar(index, value) == "");
    }
  }
}

TEST_CASE("A text is refused, or stands for one value with one canonical text") {
  static constexpr std::string_view kPieces[] = {
      "0", "1", "9",      "12",   "-",     ".",   "2026-01-31", "T",          "08:00:00",
      "Z", " ", "+08:00", "true", "false", "000", "张",         "0001-01-01", "9999-12-31"};
  Random random(RunSeed());
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int64_t i = Uniform(random, 0, 4); i > 0; --i)
      text += kPieces[Uniform(random, 0, std::size(kPieces) - 1)];
    const auto index = static_cast<size_t>(Uniform(random, 0, 99));
    CAPTURE(RunSeed(), text, index);
    REQUIRE(CheckText(index, text) == "");
  }
}

}  // namespace hangou::fuzz
