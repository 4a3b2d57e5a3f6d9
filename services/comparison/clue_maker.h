// From a finding of a run to the clue that is kept, and what its evidence needs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hangou/comparison/v1/comparison.pb.h"
#include "libs/comparison/run.h"

namespace hangou {

// The frame of a finding that outlives the run's: its texts are views of `texts`. Not movable: the views are of it.
struct KeptFrame {
  std::vector<Value> slots;
  std::string texts;

  // Copies a frame.
  explicit KeptFrame(const Value* from, size_t count);
  KeptFrame(const KeptFrame&) = delete;
  KeptFrame& operator=(const KeptFrame&) = delete;
};

// A finding that outlives its rows.
struct KeptFinding {
  hangou::comparison::v1::Clue clue;
  std::string identity;  // rule, period and key
  int partition = 0;
  std::string key;  // of the projections; the first parts of it where the rule has a second step
  std::unique_ptr<KeptFrame> frame;  // null: no evidence is gathered
  std::optional<hangou::comparison::v1::ClueEvidence> evidence;
};

// Rule, period and key of a clue: what tells it from the others of its department. Empty where its key was erased.
std::string IdentityOf(const hangou::comparison::v1::Clue& clue);

// The figures of a rule: where each stands in the frame, with its name.
std::vector<std::pair<std::string, int>> FigureSlots(const CompiledRule& rule);

// The day whose parameters count for a finding.
int32_t RatesDayOf(const CompiledRule& rule, const Value* slots, int32_t as_of_day);

// Makes clues of the findings of one run. Thread-safe; the references outlive it.
class ClueMaker {
 public:
  // `run` tells rule, version, period and department.
  ClueMaker(const CompiledRule& rule, const hangou::comparison::v1::Run& run, int32_t as_of_day)
      : rule_(rule), run_(run), as_of_day_(as_of_day), figures_(FigureSlots(rule)) {}

  // Makes the clue, without a name; no frame is kept.
  KeptFinding Make(const Finding& finding) const;

 private:
  const CompiledRule& rule_;
  const hangou::comparison::v1::Run& run_;
  const int32_t as_of_day_;
  const std::vector<std::pair<std::string, int>> figures_;
};

}  // namespace hangou
