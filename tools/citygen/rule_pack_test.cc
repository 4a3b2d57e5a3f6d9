// The rule pack over the files of a small city: it must find each planted hit with its amount, and nothing else.
// Rows go the way that they go in the platform: admitted, projected, written as segments, merged.
#include <filesystem>
#include <set>

#include "libs/base/clock.h"
#include "libs/comparison/projector.h"
#include "libs/comparison/rule_files.h"
#include "libs/comparison/run.h"
#include "libs/policy/catalog_state.h"
#include "libs/policy/yaml.h"
#include "libs/schema/text_codec.h"
#include "tools/citygen/comparison_for_test.h"
#include "tools/citygen/people.h"

namespace hangou {
namespace {

using citygen_test::CheckFound;
using citygen_test::Files;
using citygen_test::Found;
using citygen_test::kRoot;
using citygen_test::Line;

constexpr int64_t kAdmittedUs = (kCityDay + 1) * kUsPerDay;

// The schemas of the whole city, by short name.
const std::map<std::string, std::shared_ptr<const ResourceSchema>>& Schemas() {
  static const auto schemas = [] {
    std::map<std::string, std::shared_ptr<const ResourceSchema>> all;
    PolicyObjects objects;
    for (const char* folder : {"base", "full"}) {
      auto loaded = LoadObjects(kRoot + "/examples/city/" + folder);
      HANGOU_CHECK(loaded.ok(), Message(loaded.status()));
      for (const auto& object : *loaded) objects.Put(object);
    }
    uint32_t number = 0;
    for (auto& [name, resource] : objects.resources) {
      HANGOU_CHECK(AssignNumbers(nullptr, &resource).ok(), name);
      resource.set_number(++number);
      auto schema = ResourceSchema::Compile(resource, [&](const std::string& list) {
        auto codes = std::make_shared<std::unordered_set<std::string>>();
        for (const auto& code : objects.code_lists.at(list).codes()) codes->insert(code.code());
        return codes;
      });
      HANGOU_CHECK(schema.ok(), Message(schema.status()));
      all[name.substr(std::string_view("resources/").size())] = *schema;
    }
    return all;
  }();
  return schemas;
}

// The pack, compiled.
struct Pack {
  std::map<std::string, std::shared_ptr<const CompiledRule>> rules;  // by "T01" and so on
};

const Pack& ThePack() {
  static const Pack pack = [] {
    auto objects = LoadComparisonObjects(kRoot + "/examples/comparison");
    HANGOU_CHECK(objects.ok(), Message(objects.status()));
    auto parameters = std::make_shared<ParameterSet>();
    for (const auto& object : *objects) {
      if (!object.has_parameter()) continue;
      auto compiled = CompiledParameter::Compile(object.parameter());
      HANGOU_CHECK(compiled.ok(), Message(compiled.status()));
      parameters->push_back(*std::move(compiled));
    }
    Pack made;
    const auto schema_of = [](const std::string& name) {
      const auto found = Schemas().find(name);
      return found == Schemas().end() ? nullptr : found->second;
    };
    for (const auto& object : *objects) {
      if (!object.has_rule()) continue;
      auto compiled = CompiledRule::Compile(object.rule(), schema_of, parameters);
      HANGOU_CHECK(compiled.ok(), Message(compiled.status()));
      made.rules["T" + object.rule().name().substr(std::string_view("rules/t").size(), 2)] =
          *std::move(compiled);
    }
    return made;
  }();
  return pack;
}

// The payload of a line of a file.
std::string PayloadOf(const ResourceSchema& schema, const Line& line) {
  std::string payload;
  for (const FieldSchema& field : schema.fields()) {
    const auto cell = line.find(field.name);
    if (cell == line.end()) continue;
    HANGOU_CHECK(EncodeField(field, cell->second, &payload).ok(), field.name);
  }
  std::vector<FieldSlice> scratch;
  std::vector<FieldViolation> violations;
  AdmittedRecord record;
  HANGOU_CHECK(AdmitPayload(schema, payload, kAdmittedUs, &scratch, &record, &violations), schema.name());
  return record.payload;
}

// Segments of the projections that rules ask for; two of each, so that there is something to merge.
class Projections {
 public:
  // The rows of a side's resource.
  SideInput InputOf(const CompiledRule& rule, size_t side, size_t resource) {
    const CompiledSide& of = rule.sides()[side];
    const ProjectionShape shape = ShapeOf(rule, side, resource);
    SideInput input;
    input.side = side;
    std::vector<int> all;
    for (size_t i = 0; i < shape.fields.size(); ++i) all.push_back(static_cast<int>(i));
    for (const SideColumn& column : of.columns) {
      const auto at = std::find(shape.fields.begin(), shape.fields.end(), column.field);
      input.columns.push_back(static_cast<int>(at - shape.fields.begin()));
    }
    std::vector<std::unique_ptr<BlockSource>> sources;
    for (const auto& segment : SegmentsOf(shape)) sources.push_back(MakeSegmentSource(segment, 0, all));
    input.rows = std::make_unique<MergedRows>(std::move(sources));
    return input;
  }

 private:
  using Segments = std::vector<std::shared_ptr<const Segment>>;

  const Segments& SegmentsOf(const ProjectionShape& shape) {
    Segments& segments = segments_[shape];
    if (!segments.empty()) return segments;
    const auto& schema = Schemas().at(shape.resource);
    const auto projector = *Projector::Make(shape, schema);
    // Payloads outlive the cells that are views of them.
    std::vector<std::string> payloads;
    for (const Line& line : Files()[shape.resource]) payloads.push_back(PayloadOf(*schema, line));
    for (size_t half = 0; half < 2; ++half) {
      std::map<std::pair<std::string, uint64_t>, std::vector<Cell>> rows;
      for (size_t i = half; i < payloads.size(); i += 2) {
        std::string key;
        std::vector<Cell> cells;
        if (*projector->Project(payloads[i], &key, &cells)) rows[{key, i}] = cells;
      }
      const std::string folder =
          folder_.path() + "/" + std::to_string(segments_.size()) + "-" + std::to_string(half);
      auto writer = *SegmentBuilder::Create(folder, projector->columns(), 1);
      for (const auto& [place, cells] : rows)
        REQUIRE(writer->Add(0, {place.first, place.second, false, cells}).ok());
      REQUIRE(writer->Finish().ok());
      segments.push_back(*Segment::Open(folder, projector->columns(), 1));
    }
    return segments;
  }

  TempFolder folder_;
  std::map<ProjectionShape, Segments> segments_;
};

Projections& TheProjections() {
  static Projections projections;
  return projections;
}

// The period of a run over the city: the truth is of 2024, of May 2025, and new vehicles of 2025.
RunTerms TermsOf(const std::string& name, const CompiledRule& rule) {
  RunTerms terms;
  terms.as_of_day = kCityDay;
  if (rule.declared().period() == hangou::comparison::v1::KEY_KIND_YEAR)
    terms.period = name == "T17" ? 2025 : 2024;
  if (rule.declared().period() == hangou::comparison::v1::KEY_KIND_MONTH) terms.period = 2025 * 12 + 4;
  return terms;
}

// How gaps.csv names a case: subject, which part of the key, and the period.
struct Naming {
  int key_part = -1;     // that is the key; -1: none
  int period_part = -1;  // that is the period; -1: `period`
  const char* period = "";
  const char* key_side = "";  // not empty: the key is a measure of this side
  const char* key_measure = "";
};

std::string MeasureOf(const CompiledRule& rule, const Finding& finding, const Naming& naming) {
  for (size_t side = 0; side < rule.sides().size(); ++side) {
    const auto& declared = rule.declared().sides(static_cast<int>(side));
    for (int i = 0; i < declared.measures_size(); ++i) {
      const int slot = rule.sides()[side].measures[static_cast<size_t>(i)].slot;
      if (declared.name() == naming.key_side && declared.measures(i).name() == naming.key_measure)
        return std::string(finding.slots[slot].text);
    }
  }
  return "";
}

Naming NamingOf(const std::string& name) {
  static const std::map<std::string, Naming> namings = {{"T01", {0, -1, ""}},
                                                        {"T02", {0, -1, ""}},
                                                        {"T03", {-1, 1, ""}},
                                                        {"T04", {0, -1, ""}},
                                                        {"T05", {0, -1, ""}},
                                                        {"T06", {-1, -1, "2024"}},
                                                        {"T07", {0, -1, "2024"}},
                                                        {"T08", {0, -1, "2024"}},
                                                        {"T09", {1, -1, ""}},
                                                        {"T10", {1, -1, ""}},
                                                        {"T11", {1, -1, ""}},
                                                        {"T12", {1, -1, ""}},
                                                        {"T13", {1, -1, ""}},
                                                        {"T14", {-1, 1, ""}},
                                                        {"T15", {-1, 1, ""}},
                                                        {"T19", {-1, 1, ""}},
                                                        {"T20", {-1, -1, "2025-05"}},
                                                        {"T22", {0, 1, ""}},
                                                        {"T23", {1, 2, ""}},
                                                        {"T25", {-1, -1, "2024"}},
                                                        {"T27", {1, -1, ""}},
                                                        {"T28", {0, -1, ""}},
                                                        {"T29", {-1, -1, "2024"}},
                                                        {"T30", {1, -1, ""}},
                                                        {"T32", {0, -1, ""}},
                                                        {"T16", {-1, -1, "2024", "vehicle", "vin"}},
                                                        {"T17", {-1, -1, "", "vehicle", "plate"}},
                                                        {"T21", {1, 2, ""}},
                                                        {"T31", {-1, -1, "", "wages", "payer"}}};
  const auto found = namings.find(name);
  return found == namings.end() ? Naming() : found->second;
}

Found RunOverTheCity(const std::string& name) {
  const CompiledRule& rule = *ThePack().rules.at(name);
  std::vector<SideInput> inputs;
  for (size_t side = 0; side < rule.sides().size(); ++side) {
    for (size_t i = 0; i < rule.sides()[side].resources.size(); ++i)
      inputs.push_back(TheProjections().InputOf(rule, side, i));
  }
  RunControl control;
  Found found;
  const Naming naming = NamingOf(name);
  const auto counts =
      RunRule(rule, std::move(inputs), TermsOf(name, rule), &control, [&](const Finding& finding) {
        std::vector<KeyKind> kinds = rule.key_kinds();
        if (rule.rollup_parts() > 0) kinds.resize(rule.rollup_parts());
        std::vector<Value> parts;
        REQUIRE(ReadKey(kinds, finding.key, &parts));
        const auto part = [&](int index) {
          return FormatValue(TypeOfKey(kinds[static_cast<size_t>(index)]), parts[static_cast<size_t>(index)]);
        };
        REQUIRE(finding.amount_fen.has_value());
        found[citygen_test::Id(std::string(finding.subject),
                               naming.key_part < 0 ? MeasureOf(rule, finding, naming) : part(naming.key_part),
                               naming.period_part < 0 ? naming.period : part(naming.period_part))] =
            static_cast<double>(*finding.amount_fen);
        return absl::OkStatus();
      });
  INFO(name << " " << counts.status());
  REQUIRE(counts.ok());
  CHECK(counts->problems.empty());
  return found;
}

TEST_CASE("The rule pack finds each planted hit with its amount, and no near miss") {
  for (int number = 1; number <= 32; ++number) {
    const std::string name = (number < 10 ? "T0" : "T") + std::to_string(number);
    CheckFound(name, RunOverTheCity(name));
  }
}

}  // namespace
}  // namespace hangou
