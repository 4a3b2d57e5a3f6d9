#include "libs/policy/rights.h"

#include <algorithm>
#include <set>

#include "libs/policy/index.h"

namespace hangou {
namespace {

namespace v1 = hangou::catalog::v1;

// A grant with its lines resolved to field indexes.
struct ResolvedGrant {
  const v1::Grant* grant = nullptr;
  GrantInterval interval;
  std::vector<std::pair<int, FieldPermission>> lines;
};

// What is known of one field at one instant, before the negative list takes away.
struct Cell {
  FieldPermission base;              // what everybody has
  FieldPermission best;              // with the grants
  const v1::Grant* giver = nullptr;  // the first grant that lifts it there
  const v1::Grant* ended = nullptr;  // the first grant that has ended
  const v1::NegativeListEntry* entry = nullptr;
  bool not_shared = false;

  bool denied() const { return entry != nullptr || not_shared; }
};

std::vector<ResolvedGrant> Resolve(const RowInputs& inputs) {
  std::vector<ResolvedGrant> resolved;
  for (const v1::Grant* grant : inputs.grants) {
    ResolvedGrant& item = resolved.emplace_back();
    item.grant = grant;
    item.interval = IntervalOf(*grant);
    for (const auto& line : grant->fields()) {
      const int index = inputs.schema->IndexOfName(line.field());
      if (index >= 0) item.lines.emplace_back(index, PermissionOf(line));
    }
  }
  return resolved;
}

std::vector<Cell> BaseCells(const RowInputs& inputs) {
  const v1::Resource& resource = inputs.schema->declaration();
  std::vector<Cell> cells(inputs.schema->fields().size());
  for (const v1::Field& field : resource.fields()) {
    const int index = inputs.schema->IndexOfNumber(field.number());
    if (index < 0) continue;
    Cell& cell = cells[index];
    const v1::SharingType sharing = SharingOf(resource, field);
    cell.not_shared = sharing == v1::SHARING_TYPE_NOT_SHARED;
    if (sharing == v1::SHARING_TYPE_UNCONDITIONAL) cell.base.level = FieldLevel::kFull;
    cell.best = cell.base;
    for (const v1::NegativeListEntry* entry : inputs.entries) {
      if (!entry->field().empty() && entry->field() != field.name()) continue;
      cell.entry = entry;
      break;
    }
  }
  return cells;
}

void ApplyGrants(const std::vector<ResolvedGrant>& grants, int64_t now_us, std::vector<Cell>* cells) {
  for (const ResolvedGrant& item : grants) {
    const bool holds = item.interval.Holds(now_us);
    const bool ended = item.interval.Ended(now_us);
    for (const auto& [index, permission] : item.lines) {
      Cell& cell = (*cells)[index];
      if (ended && cell.ended == nullptr) cell.ended = item.grant;
      if (!holds || !GivesMore(permission, cell.best)) continue;
      cell.best = permission;
      cell.giver = item.grant;
    }
  }
}

// Names the grants that give what the row gives, and whether one of them demands a case number.
void Contributions(const std::vector<ResolvedGrant>& grants, int64_t now_us, const std::vector<Cell>& cells,
                   std::set<std::string>* decided_by, bool* case_number_required) {
  for (const ResolvedGrant& item : grants) {
    if (!item.interval.Holds(now_us)) continue;
    const bool contributes = std::any_of(item.lines.begin(), item.lines.end(), [&](const auto& line) {
      const Cell& cell = cells[line.first];
      return !cell.denied() && cell.giver != nullptr && line.second == cell.best;
    });
    if (!contributes) continue;
    decided_by->insert(item.grant->name());
    *case_number_required |= item.grant->case_number_required();
  }
}

FieldBasisLine BasisOfDenied(const Cell& cell, const v1::Resource& resource, const std::string& field_name) {
  if (cell.entry != nullptr) return {Reason::kNegativeList, cell.entry->name(), cell.entry->legal_basis()};
  for (const v1::Field& field : resource.fields()) {
    if (field.name() == field_name && !field.legal_basis().empty()) {
      return {Reason::kNegativeList, "", field.legal_basis()};
    }
  }
  return {Reason::kNegativeList, "", resource.legal_basis()};
}

FieldBasisLine BasisOfGiven(const Cell& cell) {
  if (cell.giver != nullptr) return {Reason::kNoGrant, cell.giver->name(), ""};
  if (cell.best.level == FieldLevel::kNone && cell.ended != nullptr) {
    return {Reason::kGrantExpired, cell.ended->name(), ""};
  }
  return {};
}

// Why nothing is given: the law where it took something away or holds all of it, else a grant that ended.
Reason ReasonForNothing(const std::vector<Cell>& cells) {
  bool all_denied = true;
  bool any_ended = false;
  for (const Cell& cell : cells) {
    if (cell.denied() && cell.best.level > FieldLevel::kNone) return Reason::kNegativeList;
    all_denied &= cell.denied();
    any_ended |= !cell.denied() && cell.ended != nullptr;
  }
  if (all_denied) return Reason::kNegativeList;
  return any_ended ? Reason::kGrantExpired : Reason::kNoGrant;
}

FieldRights Evaluate(const RowInputs& inputs, const std::vector<ResolvedGrant>& grants, int64_t now_us) {
  std::vector<Cell> cells = BaseCells(inputs);
  ApplyGrants(grants, now_us, &cells);
  FieldRights rights;
  rights.permissions.reserve(cells.size());
  rights.basis.reserve(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    const Cell& cell = cells[i];
    rights.permissions.push_back(cell.denied() ? FieldPermission{} : cell.best);
    rights.any |= rights.permissions.back().level > FieldLevel::kNone;
    rights.basis.push_back(
        cell.denied() ? BasisOfDenied(cell, inputs.schema->declaration(), inputs.schema->fields()[i].name)
                      : BasisOfGiven(cell));
  }
  std::set<std::string> decided_by;
  for (const v1::NegativeListEntry* entry : inputs.entries) decided_by.insert(entry->name());
  Contributions(grants, now_us, cells, &decided_by, &rights.case_number_required);
  rights.decided_by.assign(decided_by.begin(), decided_by.end());
  if (!rights.any) rights.reason = ReasonForNothing(cells);
  return rights;
}

}  // namespace

std::vector<RightsSlice> BuildSlices(const RowInputs& inputs) {
  const std::vector<ResolvedGrant> grants = Resolve(inputs);
  std::set<int64_t> starts = {INT64_MIN};
  for (const ResolvedGrant& item : grants) {
    if (item.interval.from_us != INT64_MIN) starts.insert(item.interval.from_us);
    if (item.interval.until_us != INT64_MAX) starts.insert(item.interval.until_us);
  }
  std::vector<RightsSlice> slices;
  slices.reserve(starts.size());
  for (const int64_t start : starts) slices.push_back({start, Evaluate(inputs, grants, start)});
  return slices;
}

}  // namespace hangou
