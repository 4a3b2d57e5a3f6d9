// ListDataErrors: what comparing found wrong, for those who can correct it.
#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "services/comparison/clue_access.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// A clue of wrong data that is still found, and who has it.
struct OpenError {
  std::string found_by;
  StoredClue clue;
};

// A department sees errors of what it provides or is responsible for.
bool IsTold(const PolicySnapshot& snapshot, const std::string& department, const std::string& resource) {
  const auto schema = snapshot.FindResource("resources/" + resource);
  return schema && (schema->IsProvider(department) || schema->declaration().responsible() == department);
}

// The fields of the record that was looked at. Where a resource has several providers, it is not known whose row it is.
absl::Status TellRecord(const ComparisonContext& context, const PolicySnapshot& snapshot,
                        const std::string& department, const OpenError& error, v1::ReturnedError* told) {
  const v1::DataError& about = error.clue->data_error();
  const auto schema = snapshot.FindResource("resources/" + about.resource());
  if (schema->declaration().providers_size() != 1 || !schema->IsProvider(department)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto evidence, context.book.Evidence(error.found_by, error.clue->name()));
  if (!evidence) return absl::OkStatus();
  for (const v1::EvidenceSide& side : evidence->sides()) {
    if (side.resource() != about.resource() || side.rows().empty()) continue;
    const auto counted = std::find_if(side.rows().begin(), side.rows().end(),
                                      [](const v1::EvidenceRow& row) { return row.counted(); });
    const v1::EvidenceRow& row = counted == side.rows().end() ? side.rows(0) : *counted;
    for (int i = 0; i < std::min(side.fields_size(), row.values_size()); ++i) {
      v1::Figure* const figure = told->add_record();
      figure->set_name(side.fields(i));
      figure->set_value(row.values(i));
    }
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ListDataErrorsResponse> ListDataErrors(const ComparisonContext& context,
                                                          const Caller& caller,
                                                          const v1::ListDataErrorsRequest& request) {
  ASSIGN_OR_RETURN(const auto pin, context.policy.Acquire());
  std::vector<OpenError> errors;
  std::map<std::string, bool> told_of;  // by resource
  for (const std::string& department : context.book.Departments()) {
    for (StoredClue& clue : context.book.Clues(department, [&](const v1::Clue& clue) {
           if (clue.state() != v1::CLUE_STATE_DATA_ERROR || !clue.gone_run().empty()) return false;
           const std::string& resource = clue.data_error().resource();
           if (!request.resource().empty() && resource != request.resource()) return false;
           const auto [known, is_new] = told_of.try_emplace(resource, false);
           if (is_new) known->second = IsTold(pin.snapshot(), caller.department, resource);
           return known->second;
         })) {
      errors.push_back({department, std::move(clue)});
    }
  }
  std::sort(errors.begin(), errors.end(), [](const OpenError& a, const OpenError& b) {
    const int64_t at = a.clue->update_time().seconds(), bt = b.clue->update_time().seconds();
    return at != bt ? at > bt : a.clue->name() < b.clue->name();
  });
  const std::string token_context =
      "comparison.ListDataErrors|" + caller.spiffe_id + "|" + request.resource();
  ASSIGN_OR_RETURN(const PlaceInList place, PlaceOfPage(context.keys, request.page_token(), token_context,
                                                        request.page_size(), errors.size()));
  v1::ListDataErrorsResponse response;
  for (size_t i = place.begin; i < place.end; ++i) {
    const v1::Clue& clue = *errors[i].clue;
    v1::ReturnedError* const told = response.add_errors();
    *told->mutable_error() = clue.data_error();
    told->set_found_by(errors[i].found_by);
    *told->mutable_time() = clue.update_time();
    if (!clue.history().empty()) told->set_note(clue.history().rbegin()->note());
    RETURN_IF_ERROR(TellRecord(context, pin.snapshot(), caller.department, errors[i], told));
  }
  response.set_next_page_token(TokenBehind(context.keys, place, token_context, errors.size()));
  if (place.begin == 0) {
    std::map<std::pair<std::string, std::string>, int64_t> counts;
    for (const OpenError& error : errors)
      ++counts[{error.clue->data_error().resource(), error.clue->data_error().field()}];
    for (const auto& [field, records] : counts) {
      v1::ReturnedErrorCount* const count = response.add_counts();
      count->mutable_error()->set_resource(field.first);
      count->mutable_error()->set_field(field.second);
      count->set_records(records);
    }
  }
  RETURN_IF_ERROR(RecordClueWork(context, caller, {}, "data errors",
                                 static_cast<uint64_t>(response.errors_size()), request.resource()));
  return response;
}

}  // namespace hangou
