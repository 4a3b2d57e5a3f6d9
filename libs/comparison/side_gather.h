// Gathers the rows that one side has for a key.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "libs/columnar/merge.h"
#include "libs/comparison/gather.h"
#include "libs/comparison/lanes.h"
#include "libs/comparison/rule.h"

namespace hangou {

// A measure of a key, or how many rows there are. The text lives until the next key.
struct KeyCell {
  int64_t number = 0;
  std::string_view text;
  LaneState state = LaneState::kMissing;
};

// The measures of one side. Filter and measures are evaluated block by block where that can be, else row by row. Used
// by one thread.
class SideGatherer {
 public:
  // `columns` of each stream: for each column of the side its index in the blocks, -1: it is withheld. `slots` is the
  // frame of the run; both must outlive it.
  SideGatherer(const CompiledRule& rule, const CompiledSide& side, std::vector<std::vector<int>> columns,
               std::vector<size_t> sources, Frame* frame, std::vector<Value>* slots);

  // Begins with a key.
  void Begin();
  // Takes rows of one of the streams.
  void Add(size_t stream, const KeyRows& rows);
  // Ends the key: `cells` are of it.
  void End();
  // Writes the measures into the frame, as whatever they are.
  void FillFrame();

  const CompiledSide& side() const { return side_; }
  // Rows of the key that count.
  int64_t rows() const { return rows_; }
  // How many rows there are, then the measures in their order; what is neither number nor text is unsure.
  const std::vector<KeyCell>& cells() const { return cells_; }

 private:
  // Formulas of the side over the blocks of one source.
  struct SourceLanes {
    uint64_t serial = 0;
    LaneFrame frame;
    std::optional<LaneFormula> filter;
    std::vector<std::optional<LaneFormula>> formulas;  // of measures; none of a plain count
    std::vector<uint8_t> counts;  // per row: LaneState of whether it counts; where there is a filter
    std::vector<NumberLane> values;
    std::vector<TextLane> texts;
    std::vector<LaneFormula> parts;  // of a filter that cannot be evaluated so: what is of the rows alone
    bool is_sure = false;            // nothing of the block is unsure; of `parts` where there are some
  };

  using MakeOne = bool (SideGatherer::*)(const std::vector<LaneKind>& kinds, SourceLanes* lanes) const;

  void FindOtherSlots(const CompiledRule& rule);
  bool MakeAll(const CompiledRule& rule, const std::vector<size_t>& sources, MakeOne make);
  std::vector<LaneKind> MakeFrame(const CompiledRule& rule, const std::vector<int>& columns,
                                  LaneFrame* frame) const;
  bool MakeLanes(const std::vector<LaneKind>& kinds, SourceLanes* lanes) const;
  void EvaluateBlock(SourceLanes* lanes, const std::vector<int>& columns, const RowPiece& piece);
  bool MakeParts(const std::vector<LaneKind>& kinds, SourceLanes* lanes) const;
  bool AddPiece(const SourceLanes& lanes, const RowPiece& piece);
  static bool IsSurePiece(const SourceLanes& lanes, const RowPiece& piece);
  static void ReduceNumbers(Aggregate aggregate, const SourceLanes& lanes, const NumberLane& lane,
                            const RowPiece& piece, Reduced* reduced);
  void ReduceTexts(size_t measure, const SourceLanes& lanes, const RowPiece& piece);
  void EndSums();
  bool CannotCount() const;
  void AddRow(const std::vector<int>& columns, const RowPiece& piece, uint32_t row);
  Value& Slot(int slot) { return (*slots_)[static_cast<size_t>(slot)]; }

  const CompiledSide& side_;
  const std::vector<std::vector<int>> columns_;
  Frame* const frame_;
  std::vector<Value>* const slots_;
  std::vector<int64_t> as_of_, period_;          // a block of what is the same for the whole run
  std::vector<std::vector<SourceLanes>> lanes_;  // by stream and source; empty: always row by row
  bool by_blocks_ = false;  // `lanes_` have filter and measures, not only parts of a filter
  std::vector<Gatherer> measures_;
  std::vector<Reduced> sums_;       // of the key, block by block
  std::vector<std::string> texts_;  // what the texts of `sums_` are views of
  std::vector<int> other_slots_;    // that the filter names, of other sides
  std::vector<int> needed_slots_;   // those without which it cannot hold
  std::vector<KeyCell> cells_;
  int64_t rows_ = 0;
  Value spoiled_;                // withheld, or a fault: whether a row counts cannot be said; missing: it can
  bool by_rows_ = false;         // some rows of the key were taken one by one
  bool any_rows_ = false;        // some rows of the key were taken
  bool cells_are_empty_ = true;  // they are of a key without rows
};

}  // namespace hangou
