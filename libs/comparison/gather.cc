#include "libs/comparison/gather.h"

#include <xxhash.h>

namespace hangou {
namespace {

uint64_t HashOfValue(const Value& value) {
  if (!value.text.empty()) return XXH3_64bits(value.text.data(), value.text.size());
  return XXH3_64bits(&value.number, sizeof value.number);
}

// The order of two values of one type.
int OrderOf(const Value& a, const Value& b) {
  if (a.number != b.number) return a.number < b.number ? -1 : 1;
  return a.text.compare(b.text);
}

}  // namespace

bool IsReducible(const CompiledMeasure& measure) {
  switch (measure.aggregate) {
    case Aggregate::kCount:
    case Aggregate::kSum:
    case Aggregate::kExists:
    case Aggregate::kMin:
    case Aggregate::kMax:
      return true;
    default:
      return false;
  }
}

void Gatherer::Clear() {
  if (!touched_) return;
  touched_ = false;
  count_ = 0;
  best_ = Value();
  best_by_ = Value();
  has_any_ = false;
  spoiled_ = Value();
  if (!distinct_.empty()) distinct_.clear();
}

void Gatherer::AddToSum(Wide number) {
  has_any_ = true;
  Wide total = 0;
  if (__builtin_add_overflow(best_.number, number, &total)) spoiled_ = FaultValue(Fault::kOverflow, 1);
  best_ = NumberValue(total);
}

void Gatherer::AddReduced(const Reduced& reduced) {
  if (!reduced.any) return;
  touched_ = true;
  if (measure_.aggregate == Aggregate::kCount || measure_.aggregate == Aggregate::kExists) {
    count_ += static_cast<int64_t>(reduced.number);
  } else if (measure_.aggregate == Aggregate::kSum) {
    AddToSum(reduced.number);
  } else {
    TakeBest(IsOfText(measure_) ? TextValue(reduced.text) : NumberValue(reduced.number), Value());
  }
}

void Gatherer::Add(const Frame& frame) {
  touched_ = true;
  if (!measure_.value) {
    ++count_;
    return;
  }
  const Value value = measure_.value->Evaluate(frame);
  if (value.is_present()) {
    Take(value, frame);
  } else if (value.state > spoiled_.state) {
    spoiled_ = value;
  }
}

void Gatherer::Take(const Value& value, const Frame& frame) {
  switch (measure_.aggregate) {
    case Aggregate::kCount:
    case Aggregate::kExists:
      count_ += value.number != 0 ? 1 : 0;
      return;
    case Aggregate::kSum:
      return AddToSum(value.number);
    case Aggregate::kCountDistinct:
      if (distinct_.size() < kCountedDistincts) {
        distinct_.insert(HashOfValue(value));
      } else if (!distinct_.contains(HashOfValue(value))) {
        spoiled_ = FaultValue(Fault::kManyDistincts, 1);
      }
      return;
    default:
      break;
  }
  Value by;
  if (measure_.by) {
    by = measure_.by->Evaluate(frame);
    if (!by.is_present()) {
      if (by.state > spoiled_.state) spoiled_ = by;
      return;
    }
  }
  TakeBest(value, by);
}

void Gatherer::TakeBest(const Value& value, const Value& by) {
  int order = has_any_ ? OrderOf(by, best_by_) : 0;
  // Rows of one day are told apart by their values, so that the order in which they come does not matter.
  if (has_any_ && order == 0) order = OrderOf(value, best_);
  const bool least = measure_.aggregate == Aggregate::kMin || measure_.aggregate == Aggregate::kFirst;
  if (has_any_ && (least ? order >= 0 : order <= 0)) return;
  has_any_ = true;
  best_by_ = by;
  best_ = value;
  best_text_.assign(value.text);
  best_.text = best_text_;
}

Value Gatherer::Result() const {
  if (spoiled_.state != ValueState::kMissing) return spoiled_;
  switch (measure_.aggregate) {
    case Aggregate::kCount:
      return NumberValue(count_);
    case Aggregate::kExists:
      return NumberValue(count_ > 0 ? 1 : 0);
    case Aggregate::kCountDistinct:
      return NumberValue(static_cast<int64_t>(distinct_.size()));
    default:
      return has_any_ ? best_ : Value();
  }
}

}  // namespace hangou
