// Results that go out as records: checked against resource and rules, traced back to the fields that they are made of,
// and filled in from clues. Everything that a record says is kept with its clue, so nothing is read again for it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hangou/comparison/v1/comparison.pb.h"
#include "libs/comparison/rule.h"
#include "libs/policy/snapshot.h"

namespace hangou {

// What fills the field that carries the name of the clue.
inline constexpr char kClueNameValue[] = "clue.name";

// A result, compiled. Immutable, thread-safe.
class CompiledResult {
 public:
  // Compiles. `rules`: those of the department whose clues go out, as RulesOf names them. INVALID_OBJECT,
  // NOT_PROVIDER with "result RESOURCE, line N: ..." where something is wrong.
  static absl::StatusOr<CompiledResult> Compile(const hangou::comparison::v1::ComparisonResult& declared,
                                                const std::string& department,
                                                const std::vector<std::shared_ptr<const CompiledRule>>& rules,
                                                const CompiledRule::SchemaOf& schema_of);

  // What each field is made of.
  const std::vector<hangou::comparison::v1::ResultSource>& sources() const { return sources_; }
  // Whether nobody is given what the policy does not give: a field that passes on a field of others as it is must not
  // go to a department that may not have that one itself; nor one of the department's own that the law withholds. The
  // owner is left out: whom a result is about is what the new resource itself says. NO_GRANT, NEGATIVE_LIST, naming
  // both fields.
  absl::Status CheckOnward(const PolicySnapshot& snapshot, int64_t now_us) const;

  // True where a clue of its rules goes out as it stands.
  bool Wants(const hangou::comparison::v1::Clue& clue) const;
  // The row of a clue; `title`: of its rule.
  hangou::comparison::v1::ResultRow RowOf(const hangou::comparison::v1::Clue& clue,
                                          const std::string& title) const;

 private:
  CompiledResult() = default;
  absl::Status ErrorAt(const hangou::comparison::v1::NamedExpression& field, const std::string& what) const;
  absl::Status CompileHead(const std::string& department);
  absl::Status CompileField(const hangou::comparison::v1::NamedExpression& field,
                            const std::vector<std::shared_ptr<const CompiledRule>>& rules);

  hangou::comparison::v1::ComparisonResult declared_;
  std::string department_;
  std::shared_ptr<const ResourceSchema> schema_;
  std::vector<hangou::comparison::v1::ClueState> states_;
  std::vector<hangou::comparison::v1::ResultSource> sources_;
  bool names_clue_ = false;
};

// True where the clues of a rule go out.
bool CoversRule(const hangou::comparison::v1::ComparisonResult& result, const std::string& rule);

}  // namespace hangou
