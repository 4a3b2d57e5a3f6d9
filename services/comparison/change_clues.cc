// AssignClues, AnswerClues and ListOffices: the work on clues.
#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "services/comparison/clue_access.h"
#include "services/comparison/clue_ledger.h"
#include "services/comparison/divisions.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

constexpr int64_t kChangeMs = 30'000;
// Names and answers of a call: a spreadsheet is sent in pieces.
constexpr int kCallClues = 1'000;
// Clues that one call assigns by a filter: their events are written at once.
constexpr size_t kAssignClues = 10'000;
// Problems that a reply names; the others are counted.
constexpr int kToldProblems = 1'000;

LedgerMoment MomentOf(const ComparisonContext& context, const Caller& caller) {
  LedgerMoment moment;
  moment.utc_us = context.clock.UtcUs();
  moment.day = DayInChina(moment.utc_us);
  moment.by = caller.role + "/" + caller.workload;
  return moment;
}

void NoteProblem(const std::string& clue, const absl::Status& status, v1::ChangeCluesResponse* response) {
  response->set_problem_count(response->problem_count() + 1);
  if (response->problems_size() == kToldProblems) return;
  v1::ClueProblem* const problem = response->add_problems();
  problem->set_clue(clue);
  problem->set_reason(std::string(ReasonName(ReasonOf(status).value_or(Reason::kInternal))));
  problem->set_message(std::string(Message(status)));
}

// Changes clues of a department as the book has them now. Not thread-safe; inside ComparisonBook::Change.
class ClueChanges {
 public:
  ClueChanges(const ComparisonContext& context, const Caller& caller, v1::ChangeCluesResponse* response,
              std::vector<v1::ComparisonEvent>* events)
      : context_(context), caller_(caller), response_(response), events_(events) {}

  // Changes one clue by `change`, which says whether it did. A clue that comes twice is changed twice.
  template <class Change>
  void Apply(const std::string& name, const Change& change) {
    const auto known = changed_.find(name);
    const StoredClue stored =
        known == changed_.end() ? context_.book.FindClue(caller_.department, name) : nullptr;
    if (known == changed_.end() && !stored) {
      return NoteProblem(
          name,
          MakeError(Reason::kObjectNotFound, "there is no such clue; see `hangou compare clues`", "clue"),
          response_);
    }
    v1::Clue clue = known == changed_.end() ? *stored : known->second;
    bool is_changed = false;
    if (const absl::Status status = change(&clue, &is_changed); !status.ok())
      return NoteProblem(name, status, response_);
    if (!is_changed) return response_->set_unchanged(response_->unchanged() + 1);
    response_->set_changed(response_->changed() + 1);
    changed_[name] = std::move(clue);
  }
  // Makes the events.
  void Finish(int64_t utc_us) {
    for (auto& [name, clue] : changed_) {
      v1::ComparisonEvent& event = events_->emplace_back();
      *event.mutable_clue() = std::move(clue);
      event.set_department(caller_.department);
      event.set_time_us(utc_us);
    }
  }

 private:
  const ComparisonContext& context_;
  const Caller& caller_;
  v1::ChangeCluesResponse* const response_;
  std::vector<v1::ComparisonEvent>* const events_;
  std::map<std::string, v1::Clue> changed_;
};

// The new clues that a filter wants, as many as one call takes.
std::vector<std::string> NamesOf(const ComparisonContext& context, const Caller& caller,
                                 const v1::ClueFilter& filter, v1::ChangeCluesResponse* response) {
  std::vector<StoredClue> clues = context.book.Clues(caller.department, [&](const v1::Clue& clue) {
    return clue.state() == v1::CLUE_STATE_NEW && IsWanted(filter, clue);
  });
  const size_t count = std::min(clues.size(), kAssignClues);
  std::partial_sort(clues.begin(), clues.begin() + static_cast<std::ptrdiff_t>(count), clues.end(),
                    ComesBefore);
  response->set_left(static_cast<int64_t>(clues.size() - count));
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(clues[i]->name());
  return names;
}

absl::StatusOr<std::string> OfficeFor(const std::vector<v1::TaxOffice>& offices, const v1::Clue& clue) {
  if (clue.division().empty())
    return MakeError(Reason::kInvalidRequest, "its division is not known: name an office", "office");
  std::string office = OfficeOf(offices, clue.division());
  if (office.empty()) {
    return MakeError(Reason::kInvalidRequest,
                     "no office works for division " + clue.division() + ": apply one, or name an office",
                     "office");
  }
  return office;
}

// A data error names what the rule reads: nothing else was compared.
absl::Status CheckDataError(const ComparisonContext& context, const Caller& caller, const v1::Clue& clue,
                            const v1::DataError& error) {
  ASSIGN_OR_RETURN(const auto pin, context.policy.Acquire());
  ASSIGN_OR_RETURN(const ReadyRule ready,
                   CompileStored(context, pin.snapshot(), caller.department, clue.rule()));
  std::string known;
  for (const ProjectionName& name : ProjectionsOf(*ready.compiled, caller.department)) {
    const auto& fields = name.shape.fields;
    if (name.shape.resource == error.resource() &&
        std::find(fields.begin(), fields.end(), error.field()) != fields.end())
      return absl::OkStatus();
    known += (known.empty() ? "" : "; ") + name.shape.resource + ":";
    for (const std::string& field : fields) known += " " + field;
  }
  return MakeError(Reason::kInvalidRequest, "the rule does not read that field; it reads " + known,
                   "data_error");
}

}  // namespace

absl::StatusOr<v1::ChangeCluesResponse> AssignClues(const ComparisonContext& context, const Caller& caller,
                                                    const v1::AssignCluesRequest& request) {
  if (request.clues_size() > kCallClues)
    return MakeError(Reason::kInvalidRequest, "a call names at most 1,000 clues", "clues");
  const std::vector<v1::TaxOffice> offices = context.book.Offices(caller.department);
  const bool is_known = request.office().empty() ||
                        std::any_of(offices.begin(), offices.end(),
                                    [&](const auto& office) { return office.name() == request.office(); });
  if (!is_known) {
    return MakeError(Reason::kObjectNotFound,
                     "there is no office " + request.office() + "; see `hangou compare offices`", "office");
  }
  const LedgerMoment moment = MomentOf(context, caller);
  v1::ChangeCluesResponse response;
  RETURN_IF_ERROR(RecordClueWork(context, caller, request.context(), "clues",
                                 static_cast<uint64_t>(request.clues_size()), "assign"));
  RETURN_IF_ERROR(context.book.Change(kChangeMs, [&](std::vector<v1::ComparisonEvent>* events) {
    const std::vector<std::string> names =
        request.clues().empty() ? NamesOf(context, caller, request.filter(), &response)
                                : std::vector<std::string>(request.clues().begin(), request.clues().end());
    ClueChanges changes(context, caller, &response, events);
    for (const std::string& name : names) {
      changes.Apply(name, [&](v1::Clue* clue, bool* changed) -> absl::Status {
        std::string office = request.office();
        if (office.empty()) {
          ASSIGN_OR_RETURN(office, OfficeFor(offices, *clue));
        }
        return AssignClue(office, moment, clue, changed);
      });
    }
    changes.Finish(moment.utc_us);
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::ChangeCluesResponse> AnswerClues(const ComparisonContext& context, const Caller& caller,
                                                    const v1::AnswerCluesRequest& request) {
  if (request.answers().empty() || request.answers_size() > kCallClues)
    return MakeError(Reason::kInvalidRequest, "a call has 1 to 1,000 answers", "answers");
  const LedgerMoment moment = MomentOf(context, caller);
  v1::ChangeCluesResponse response;
  RETURN_IF_ERROR(RecordClueWork(context, caller, request.context(), "clues",
                                 static_cast<uint64_t>(request.answers_size()), "answer"));
  RETURN_IF_ERROR(context.book.Change(kChangeMs, [&](std::vector<v1::ComparisonEvent>* events) {
    ClueChanges changes(context, caller, &response, events);
    for (const v1::ClueAnswer& answer : request.answers()) {
      changes.Apply(answer.clue(), [&](v1::Clue* clue, bool* changed) -> absl::Status {
        if (answer.has_data_error())
          RETURN_IF_ERROR(CheckDataError(context, caller, *clue, answer.data_error()));
        return AnswerClue(answer, moment, clue, changed);
      });
    }
    changes.Finish(moment.utc_us);
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::ListOfficesResponse> ListOffices(const ComparisonContext& context, const Caller& caller,
                                                    const v1::ListOfficesRequest& /*request*/) {
  v1::ListOfficesResponse response;
  for (v1::TaxOffice& office : context.book.Offices(caller.department))
    *response.add_offices() = std::move(office);
  return response;
}

}  // namespace hangou
