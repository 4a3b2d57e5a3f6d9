#include "tools/hangou/compare_run.h"

#include <atomic>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/client/client.h"
#include "libs/client/comparison_calls.h"
#include "tools/hangou/compare_view.h"
#include "tools/hangou/interrupt.h"
#include "tools/hangou/progress.h"
#include "tools/hangou/table.h"

namespace hangou {
namespace {

namespace comparison_v1 = hangou::comparison::v1;

std::string SecondsText(int64_t took_us) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(took_us) / 1e6);
  return text;
}

void ShowRun(const comparison_v1::Run& run) {
  Table table({"RUN", "AS OF", "PERIOD", "ROWS", "KEYS", "FOUND", "AMOUNT YUAN", "NEW", "CHANGED",
               "WITHDRAWN", "REOPENED", "TOOK"});
  int64_t rows = 0;
  for (const int64_t of_side : run.side_rows()) rows += of_side;
  table.AddRow({run.name(), run.as_of(), run.period().empty() ? "-" : run.period(), std::to_string(rows),
                std::to_string(run.keys()), std::to_string(run.findings()), YuanText(run.amount_fen()),
                std::to_string(run.new_clues()), std::to_string(run.changed_clues()),
                std::to_string(run.withdrawn_clues()), std::to_string(run.reopened_clues()),
                SecondsText(run.took_us())});
  Print(table.ToText());
  if (run.quiet_clues() > 0)
    Print(std::to_string(run.quiet_clues()) + " findings are answered already, and stay so\n");
  if (run.not_due() > 0) Print(std::to_string(run.not_due()) + " keys are not yet due\n");
  if (run.undetermined() > 0)
    Print(std::to_string(run.undetermined()) + " keys lack something that the rule needs\n");
  if (run.withheld() > 0) Print("of " + std::to_string(run.withheld()) + " keys something is withheld\n");
  for (const auto& problem : run.problems())
    Print(std::to_string(problem.keys()) + " keys: " + problem.fault() + " at " + problem.place() + "\n");
}

const char* PhaseText(comparison_v1::RunPhase phase) {
  switch (phase) {
    case comparison_v1::RUN_PHASE_QUEUED:
      return "waiting for its turn";
    case comparison_v1::RUN_PHASE_WAITING_FOR_ROWS:
      return "waiting for rows";
    case comparison_v1::RUN_PHASE_CUT_OFFS:
      return "finding cut-offs";
    case comparison_v1::RUN_PHASE_EVIDENCE:
      return "gathering evidence";
    case comparison_v1::RUN_PHASE_KEEPING:
      return "keeping clues";
    default:
      return "comparing";
  }
}

ProgressView ViewOf(const comparison_v1::RunProgress& progress) {
  ProgressView view;
  view.what = PhaseText(progress.phase());
  if (progress.rows() > 0) {
    view.part = static_cast<double>(progress.read_rows()) / static_cast<double>(progress.rows());
    view.notes.push_back(ShortCount(static_cast<uint64_t>(progress.read_rows())) + " of " +
                         ShortCount(static_cast<uint64_t>(progress.rows())) + " rows");
  }
  if (progress.findings() > 0)
    view.notes.push_back(ShortCount(static_cast<uint64_t>(progress.findings())) + " findings");
  if (progress.has_left_ms()) view.left_ms = progress.left_ms();
  return view;
}

// A run as the command shows it. The reader's thread takes what comes, that of Ctrl-C cancels.
class ShownRun {
 public:
  explicit ShownRun(const Globals& globals)
      : globals_(globals), progress_(""), interrupt_([this] { Interrupted(); }) {}

  absl::StatusOr<comparison_v1::Run> Run(const comparison_v1::RunRuleRequest& request) {
    ASSIGN_OR_RETURN(const auto client, ConnectAs(globals_));
    ComparisonCalls calls(*client);
    // Looked up first: what is cancelled while the catalog does not answer is never begun.
    RETURN_IF_ERROR(client->ChannelTo("comparison").status());
    if (interrupt_.happened()) return absl::CancelledError("cancelled before it began");
    absl::StatusOr<comparison_v1::Run> run = calls.WatchRun(
        request, [&](const comparison_v1::RunProgress& progress) { Take(calls, progress); },
        [&](const absl::Status& why) { return Retries(why); });
    progress_.Clear();
    if (absl::IsDeadlineExceeded(run.status()) && !id_.empty())
      return absl::DeadlineExceededError("the run goes on; the same command shows it again");
    return run;
  }
  bool interrupted() const { return interrupt_.happened(); }

 private:
  void Interrupted() { std::fputs("\ncancelling the run; once more ends the command at once\n", stderr); }

  void Take(ComparisonCalls& calls, const comparison_v1::RunProgress& progress) {
    if (id_ != progress.id()) {
      if (!id_.empty()) {
        Tell("the service was started again, and so is the run");
      } else if (progress.joined()) {
        Tell("this run was asked for before, at " +
             FormatInstant(progress.start_time().seconds() * kUsPerSecond) +
             "; what was published since may not be in it");
      }
      id_ = progress.id();
      cancelled_ = false;
    } else if (lost_) {
      Tell("the run is still under way");
    }
    lost_ = false;
    // Messages come some times a second, so this is soon.
    if (interrupt_.happened() && !std::exchange(cancelled_, true)) {
      // What came of it is what the stream ends with.
      if (const absl::Status asked = calls.CancelRun(id_); !asked.ok()) Tell(std::string(Message(asked)));
    }
    if (!globals_.json()) progress_.Show(ViewOf(progress));
  }

  bool Retries(const absl::Status& why) {
    if (interrupt_.happened()) return false;
    if (!std::exchange(lost_, true))
      Tell("no answer (" + OneLine(std::string(Message(why))) + "); trying again");
    return true;
  }

  void Tell(const std::string& text) {
    progress_.Clear();
    std::fprintf(stderr, "%s\n", text.c_str());
  }

  const Globals& globals_;
  Progress progress_;
  std::string id_;
  bool cancelled_ = false;
  bool lost_ = false;
  Interrupt interrupt_;  // last: its thread ends first
};

// What happened to a clue last, as one word.
std::string ChangeText(const comparison_v1::Clue& clue) {
  const bool is_first = clue.create_time().seconds() == clue.update_time().seconds() &&
                        clue.create_time().nanos() == clue.update_time().nanos();
  if (clue.state() == comparison_v1::CLUE_STATE_NEW) return is_first ? "new" : "changed";
  std::string name = comparison_v1::ClueState_Name(clue.state()).substr(sizeof "CLUE_STATE_" - 1);
  for (char& c : name) c = c == '_' ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

void PrintClue(const comparison_v1::Clue& clue, const Globals& globals) {
  if (globals.json()) return void(Print(JsonOf(clue)));
  std::string line = FormatInstant(clue.update_time().seconds() * kUsPerSecond) + "  " +
                     PadRight(ChangeText(clue), 10) + "  " + clue.name() + "  " +
                     PadRight(clue.withheld().empty() ? OneLine(clue.subject()) : "withheld", 18);
  if (clue.has_amount_fen()) line += "  " + YuanText(clue.amount_fen()) + " yuan";
  if (!clue.office().empty()) line += "  " + clue.office();
  Print(line + "\n");
}

absl::StatusOr<int> PrintChanges(const comparison_v1::WatchCluesRequest& request, Client& client,
                                 StreamStop* stop, const Globals& globals) {
  std::string token;
  const absl::Status ended = ComparisonCalls(client).WatchClues(
      request, stop, [&](const comparison_v1::WatchCluesResponse& changed) {
        for (const auto& clue : changed.clues()) PrintClue(clue, globals);
        token = changed.token();
        return true;
      });
  if (!token.empty()) std::fprintf(stderr, "go on with: --from %s\n", token.c_str());
  RETURN_IF_ERROR(ended);
  return kExitDone;
}

}  // namespace

absl::StatusOr<int> RunWithProgress(const comparison_v1::RunRuleRequest& request, const Globals& globals) {
  ShownRun shown(globals);
  const auto run = shown.Run(request);
  if (absl::IsCancelled(run.status())) {
    std::fputs(ErrorText(run.status()).c_str(), stderr);
    return shown.interrupted() ? kExitInterrupted : kExitFailed;
  }
  RETURN_IF_ERROR(run.status());
  if (shown.interrupted()) std::fputs("the run had ended before it was cancelled\n", stderr);
  if (globals.json()) {
    Print(JsonOf(*run));
  } else {
    ShowRun(*run);
  }
  return run->problems().empty() ? kExitDone : kExitPartly;
}

absl::StatusOr<int> FollowAndWatch(const comparison_v1::FollowRuleRequest& request,
                                   const comparison_v1::WatchCluesRequest* clues, const Globals& globals) {
  StreamStop stop;
  std::atomic<bool> followed = false;
  const Interrupt interrupt([&] {
    // Nothing is to be ended here before the rule is followed: the service goes on.
    if (!followed) std::_Exit(kExitInterrupted);
    stop.Stop();
  });
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  ASSIGN_OR_RETURN(const auto first, ComparisonCalls(*client).Follow(request));
  followed = true;
  if (globals.json()) {
    Print(JsonOf(first));
  } else {
    ShowRun(first);
    Print(request.rule() + " is followed from now on: its clues come and go with the records\n");
  }
  if (clues == nullptr) return kExitDone;
  comparison_v1::WatchCluesRequest behind = *clues;
  behind.set_after_run(first.name());
  return PrintChanges(behind, *client, &stop, globals);
}

absl::StatusOr<int> PrintClueChanges(const comparison_v1::WatchCluesRequest& request,
                                     const Globals& globals) {
  StreamStop stop;
  const Interrupt interrupt([&] { stop.Stop(); });
  ASSIGN_OR_RETURN(const auto client, ConnectAs(globals));
  return PrintChanges(request, *client, &stop, globals);
}

void ShowEstimate(const comparison_v1::ExplainRuleResponse& plan) {
  const comparison_v1::RunEstimate& estimate = plan.estimate();
  const char* const basis = estimate.basis() == comparison_v1::SPEED_BASIS_RULE ? "as its last runs did"
                            : estimate.basis() == comparison_v1::SPEED_BASIS_INSTALLATION
                                ? "as other rules here did"
                                : "no run has told yet";
  char text[256];
  std::snprintf(text, sizeof text,
                "estimate: %.2f s for %s rows at %s rows/s (%s), in at most %.0f MiB besides what is found\n",
                static_cast<double>(estimate.took_us()) / 1e6,
                ShortCount(static_cast<uint64_t>(estimate.read_rows())).c_str(),
                ShortCount(static_cast<uint64_t>(estimate.rows_per_s())).c_str(), basis,
                std::ceil(static_cast<double>(estimate.memory_bytes()) / (1 << 20)));
  Print(text);
  if (estimate.waits_for_rows()) {
    std::string resources;
    for (const auto& source : plan.sources()) {
      if (source.still_read()) resources += (resources.empty() ? "" : ", ") + source.resource();
    }
    Print("a run waits first: rows are still being read of " + resources + "\n");
  }
  if (!plan.last_run().empty())
    Print(plan.last_run() + " took " + SecondsText(plan.last_took_us()) + ", and " +
          std::to_string(plan.last_counted_rows()) + " rows counted\n");
}

}  // namespace hangou
