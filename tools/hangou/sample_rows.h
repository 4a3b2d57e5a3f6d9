// Rows of nobody, that a resource would take: to try a mapping, a client or an installation without a person's data.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/schema/resource_schema.h"

namespace hangou {

// Draws rows from a seed: the same seed gives the same rows on one day. Identifiers are valid and made up. Not
// thread-safe.
class SampleRows {
 public:
  // `schema` has its code lists. `now_us` is the time for "today".
  SampleRows(std::shared_ptr<const ResourceSchema> schema, uint64_t seed, int64_t now_us)
      : schema_(std::move(schema)), random_(seed), now_us_(now_us) {}

  // A row that the door takes, as texts by field index. INVALID_OBJECT with the field where none can be drawn: its
  // pattern, or a rule between fields, asks for more than a sampler knows.
  absl::StatusOr<std::vector<std::string>> Next();

 private:
  int64_t Uniform(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  std::string Digits(int count);
  std::string CellOf(const FieldSchema& field);
  std::string IdentifierOf(const FieldSchema& field);
  std::string TextOf(const FieldSchema& field);
  std::string NumberOf(const FieldSchema& field);
  // Makes rules between fields hold, as far as it knows how.
  void Reconcile(std::vector<std::string>* row);

  const std::shared_ptr<const ResourceSchema> schema_;
  std::mt19937_64 random_;
  const int64_t now_us_;
};

// A text that a simple pattern matches: literals, classes such as [A-Z0-9], groups with alternatives, and counts. Empty
// where the pattern has more than that. `pick` draws a number below its argument.
std::string SampleOfPattern(std::string_view pattern, const std::function<size_t(size_t)>& pick);

}  // namespace hangou
