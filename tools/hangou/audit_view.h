// Audit entries and heads as people and scripts see them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hangou/audit/v1/chain.pb.h"
#include "hangou/audit/v1/entry.pb.h"
#include "tools/hangou/command.h"
#include "tools/hangou/table.h"

namespace hangou {

// The content of an entry. DATA_LOSS where it cannot be read.
absl::StatusOr<hangou::audit::v1::Entry> ContentOf(const hangou::audit::v1::ChainedEntry& chained);

// A table of entries, or a line of JSON for each.
class EntryPrinter {
 public:
  explicit EntryPrinter(const Globals& globals);
  // Prints the line, or adds the row.
  void Add(const hangou::audit::v1::ChainedEntry& chained, const hangou::audit::v1::Entry& entry);
  // Prints the table, unless it is empty.
  void Finish() const;

 private:
  const bool json_;
  Table table_;
};

// Beginning of a chain's id, as far as people need it.
std::string ShortChain(const std::string& chain_id);
nlohmann::ordered_json HeadJson(const hangou::audit::v1::Head& head);
nlohmann::ordered_json FindingJson(const hangou::audit::v1::Finding& finding);
// "gap at 7 (TOPIC/PARTITION@OFFSET): MESSAGE".
std::string FindingText(const hangou::audit::v1::Finding& finding);
// The signed heads in a file of lines that HeadJson made. INVALID_REQUEST where a line is not understood.
absl::StatusOr<std::vector<hangou::audit::v1::SignedHead>> SignedHeadsOfFile(const std::string& path);

}  // namespace hangou
