#include "services/base_library/of_every_replica.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hangou/base_library/v1/base_library.grpc.pb.h"
#include "libs/base/mutex.h"
#include "libs/base/status.h"
#include "libs/rpc/forward.h"

namespace hangou {
namespace {

namespace v1 = hangou::base_library::v1;
using Stub = v1::BaseLibrary::StubInterface::async_interface;

// Between the name of a replica and the token that it gave.
constexpr char kOfReplica = ':';

// All parts on their way. Owned by the callbacks that wait for them.
struct QualityRun {
  v1::GetQualityResponse* const sum;
  const Library::Done done;
  std::vector<v1::GetQualityResponse> parts;
  Mutex mutex;
  size_t waiting HANGOU_GUARDED_BY(mutex);
  absl::Status first HANGOU_GUARDED_BY(mutex);

  QualityRun(size_t replicas, v1::GetQualityResponse* response, Library::Done whole_done)
      : sum(response), done(std::move(whole_done)), parts(replicas), waiting(replicas) {}

  void PartDone(const absl::Status& status) {
    absl::Status all;
    {
      MutexLock lock(mutex);
      first.Update(status);
      if (--waiting > 0) return;
      all = first;
    }
    for (const v1::GetQualityResponse& part : parts) AddQuality(part, sum);
    done(all);
  }
};

bool IsLater(const google::protobuf::Timestamp& a, const google::protobuf::Timestamp& b) {
  return a.seconds() > b.seconds();
}

}  // namespace

void AddQuality(const v1::GetQualityResponse& part, v1::GetQualityResponse* sum) {
  for (const auto& day : part.days()) {
    auto* const days = sum->mutable_days();
    const auto same = std::find_if(days->begin(), days->end(), [&](const auto& other) {
      return other.resource() == day.resource() && other.day() == day.day();
    });
    if (same == days->end()) {
      *days->Add() = day;
      continue;
    }
    same->set_accepted(same->accepted() + day.accepted());
    same->set_duplicate(same->duplicate() + day.duplicate());
    same->set_stale(same->stale() + day.stale());
    same->set_conflict(same->conflict() + day.conflict());
    same->set_refused(same->refused() + day.refused());
    for (const auto& refusal : day.refusals()) {
      auto* const refusals = same->mutable_refusals();
      const auto rule = std::find_if(refusals->begin(), refusals->end(), [&](const auto& other) {
        return other.reason() == refusal.reason() && other.field() == refusal.field();
      });
      if (rule == refusals->end()) {
        *refusals->Add() = refusal;
      } else {
        rule->set_records(rule->records() + refusal.records());
      }
    }
  }
  // The newest day of a resource first, as one replica gives them.
  std::sort(sum->mutable_days()->begin(), sum->mutable_days()->end(), [](const auto& a, const auto& b) {
    return a.resource() != b.resource() ? a.resource() < b.resource() : a.day() > b.day();
  });
  for (const auto& line : part.timeliness()) {
    auto* const lines = sum->mutable_timeliness();
    const auto same = std::find_if(lines->begin(), lines->end(),
                                   [&](const auto& other) { return other.resource() == line.resource(); });
    if (same == lines->end()) {
      *lines->Add() = line;
    } else if (line.has_last_accepted_time() &&
               (!same->has_last_accepted_time() ||
                IsLater(line.last_accepted_time(), same->last_accepted_time()))) {
      *same = line;
    }
  }
}

void QualityOfEveryReplica(Library& library, const Hops& hops, const Caller& caller,
                           const v1::GetQualityRequest& request, int64_t timeout_ms,
                           v1::GetQualityResponse* response, Library::Done done) {
  const std::map<std::string, std::string> others = library.OtherReplicas();
  auto run = std::make_shared<QualityRun>(others.size() + 1, response, std::move(done));
  size_t place = 0;
  for (const auto& [name, address] : others) {
    ForwardUnary<v1::BaseLibrary>(hops, address, caller, timeout_ms, &Stub::GetQuality, &request,
                                  &run->parts[place++],
                                  [run](const absl::Status& status) { run->PartDone(status); });
  }
  library.GetQuality(caller, request, &run->parts[place],
                     [run](const absl::Status& status) { run->PartDone(status); });
}

void QualityOfLibraries(const std::vector<Library*>& libraries, const Caller& caller,
                        const v1::GetQualityRequest& request, v1::GetQualityResponse* response,
                        Library::Done done) {
  auto run = std::make_shared<QualityRun>(libraries.size(), response, std::move(done));
  for (size_t i = 0; i < libraries.size(); ++i) {
    libraries[i]->GetQuality(caller, request, &run->parts[i],
                             [run](const absl::Status& status) { run->PartDone(status); });
  }
}

void QuarantineOfEveryReplica(Library& library, const Hops& hops, const Caller& caller,
                              const v1::ListQuarantineRequest& request, int64_t timeout_ms,
                              v1::ListQuarantineResponse* response, Library::Done done) {
  std::map<std::string, std::string> replicas = library.OtherReplicas();
  replicas[library.replica()] = "";
  std::string name = replicas.begin()->first;
  auto of_one = std::make_shared<v1::ListQuarantineRequest>(request);
  if (!request.page_token().empty()) {
    const size_t end = request.page_token().find(kOfReplica);
    name = request.page_token().substr(0, end);
    if (end == std::string::npos)
      return done(MakeError(Reason::kTokenInvalid, "the page token is none of these"));
    of_one->set_page_token(request.page_token().substr(end + 1));
  }
  // One that is gone meanwhile is passed over.
  const auto at = replicas.lower_bound(name);
  if (at == replicas.end()) return done(absl::OkStatus());
  if (at->first != name) of_one->clear_page_token();
  const auto next = std::next(at);
  const std::string next_name = next == replicas.end() ? "" : next->first;
  const auto answered = [of_one, response, name = at->first, next_name,
                         done = std::move(done)](absl::Status status) {
    if (status.ok() && !response->next_page_token().empty()) {
      response->set_next_page_token(name + kOfReplica + response->next_page_token());
    } else if (status.ok() && !next_name.empty()) {
      response->set_next_page_token(next_name + kOfReplica);
    }
    done(status);
  };
  if (at->second.empty()) return library.ListQuarantine(caller, *of_one, response, answered);
  ForwardUnary<v1::BaseLibrary>(hops, at->second, caller, timeout_ms, &Stub::ListQuarantine, of_one.get(),
                                response, answered);
}

}  // namespace hangou
