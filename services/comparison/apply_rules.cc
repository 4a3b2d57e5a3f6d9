// ApplyRules and ListRules.
#include <algorithm>
#include <map>
#include <set>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "libs/comparison/projector.h"
#include "services/comparison/comparison.h"
#include "services/comparison/divisions.h"
#include "services/comparison/result.h"

namespace hangou {
namespace {

namespace v1 = hangou::comparison::v1;

// Rules and parameters of a department: some hundred rules are a lifetime's work of a tax bureau.
constexpr int kApplyComparisonObjects = 1'000;
constexpr int64_t kWriteMs = 30'000;
constexpr size_t kShortNameAt = sizeof("resources/") - 1;

absl::StatusOr<std::shared_ptr<const ParameterSet>> CompileParameters(
    const std::vector<v1::ComparisonParameter>& declared) {
  auto parameters = std::make_shared<ParameterSet>();
  for (const v1::ComparisonParameter& parameter : declared) {
    ASSIGN_OR_RETURN(auto compiled, CompiledParameter::Compile(parameter));
    parameters->push_back(std::move(compiled));
  }
  return std::shared_ptr<const ParameterSet>(std::move(parameters));
}

// What is declared without the lines that it stands in: moving it in its file does not change it.
void ForgetLines(google::protobuf::Message* message) {
  const auto* reflection = message->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const auto* field : fields) {
    if (field->name() == "line" && message->GetDescriptor()->name() == "Expression") {
      reflection->ClearField(message, field);
    } else if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    } else if (!field->is_repeated()) {
      ForgetLines(reflection->MutableMessage(message, field));
    } else {
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i)
        ForgetLines(reflection->MutableRepeatedMessage(message, field, i));
    }
  }
}

template <class Declared>
bool IsSameDeclared(Declared a, Declared b) {
  ForgetLines(&a);
  ForgetLines(&b);
  return a.SerializeAsString() == b.SerializeAsString();
}

const std::string& NameOf(const v1::ComparisonObject& object) {
  if (object.has_rule()) return object.rule().name();
  if (object.has_result()) return object.result().resource();
  return object.has_office() ? object.office().name() : object.parameter().name();
}

// True where the same object is there already.
template <class Object>
bool IsKnown(const std::map<std::string, Object>& known, const Object& object) {
  const auto found = known.find(object.name());
  return found != known.end() && found->second.SerializeAsString() == object.SerializeAsString();
}

// What a department has after an apply, and what of it is new.
struct AppliedBook {
  std::map<std::string, v1::ComparisonParameter> parameters;
  std::map<std::string, v1::StoredRule> rules;
  std::map<std::string, v1::TaxOffice> offices;
  std::map<std::string, v1::StoredResult> results;  // by resource
  std::set<std::string> changed;
};

absl::StatusOr<AppliedBook> Merge(const ComparisonContext& context, const std::string& department,
                                  const v1::ApplyRulesRequest& request, v1::ApplyRulesResponse* response) {
  AppliedBook book;
  for (auto& parameter : context.book.Parameters(department)) book.parameters[parameter.name()] = parameter;
  for (auto& rule : context.book.Rules(department)) book.rules[rule.rule().name()] = rule;
  for (auto& office : context.book.Offices(department)) book.offices[office.name()] = office;
  for (auto& result : context.book.Results(department)) book.results[result.result().resource()] = result;
  std::set<std::string> seen;
  for (const v1::ComparisonObject& object : request.objects()) {
    const std::string& name = NameOf(object);
    if (!seen.insert(name).second) return MakeError(Reason::kInvalidObject, name + " stands twice");
    if (object.has_parameter() || object.has_office()) {
      const bool is_same = object.has_office() ? IsKnown(book.offices, object.office())
                                               : IsKnown(book.parameters, object.parameter());
      if (is_same) {
        response->set_unchanged(response->unchanged() + 1);
        continue;
      }
      if (object.has_office()) book.offices[name] = object.office();
      if (object.has_parameter()) book.parameters[name] = object.parameter();
    } else if (object.has_result()) {
      v1::StoredResult& stored = book.results[name];
      if (object.result().removed()) {
        if (!stored.has_apply_time())
          return MakeError(Reason::kInvalidObject,
                           "result " + name + ": there is none that could be removed");
        // What it was stays known, for what it has published.
        if (stored.result().removed()) {
          response->set_unchanged(response->unchanged() + 1);
          continue;
        }
        stored.mutable_result()->set_removed(true);
        book.changed.insert(name);
        continue;
      }
      if (stored.has_apply_time() && IsSameDeclared(stored.result(), object.result())) {
        response->set_unchanged(response->unchanged() + 1);
        continue;
      }
      *stored.mutable_result() = object.result();
      *stored.mutable_apply_time() = TimestampOf(context.clock.UtcUs());
    } else {
      v1::StoredRule& stored = book.rules[name];
      if (stored.version() > 0 && IsSameDeclared(stored.rule(), object.rule())) {
        response->set_unchanged(response->unchanged() + 1);
        continue;
      }
      *stored.mutable_rule() = object.rule();
      stored.set_version(stored.version() + 1);
      *stored.mutable_apply_time() = TimestampOf(context.clock.UtcUs());
    }
    book.changed.insert(name);
  }
  return book;
}

// Checks the results against all rules of the department, and notes what they are made of: a rule that changes may
// change that too.
absl::Status CheckResults(const PolicySnapshot& snapshot, const std::string& department, int64_t now_us,
                          const std::vector<std::shared_ptr<const CompiledRule>>& rules, AppliedBook* book) {
  for (auto& [resource, stored] : book->results) {
    if (stored.result().removed()) continue;
    std::vector<std::shared_ptr<const CompiledRule>> covered;
    for (const auto& rule : rules) {
      if (CoversRule(stored.result(), rule->name())) covered.push_back(rule);
    }
    ASSIGN_OR_RETURN(const CompiledResult result,
                     CompiledResult::Compile(stored.result(), department, covered, SchemasOf(snapshot)));
    v1::StoredResult now = stored;
    now.clear_sources();
    for (const v1::ResultSource& source : result.sources()) *now.add_sources() = source;
    if (now.SerializeAsString() != stored.SerializeAsString()) book->changed.insert(resource);
    stored = std::move(now);
    // What stands is decided when it is published; a new one has not gone out yet.
    if (book->changed.contains(resource)) RETURN_IF_ERROR(result.CheckOnward(snapshot, now_us));
  }
  return absl::OkStatus();
}

}  // namespace

CompiledRule::SchemaOf SchemasOf(const PolicySnapshot& snapshot) {
  return [&snapshot](const std::string& resource) { return snapshot.FindResource("resources/" + resource); };
}

google::protobuf::Timestamp TimestampOf(int64_t utc_us) {
  google::protobuf::Timestamp time;
  time.set_seconds(utc_us / kUsPerSecond);
  time.set_nanos(static_cast<int32_t>(utc_us % kUsPerSecond * 1'000));
  return time;
}

hangou::audit::v1::Entry EntryOf(const Caller& caller, hangou::audit::v1::Action action,
                                 const std::string& subject) {
  hangou::audit::v1::Entry entry;
  entry.set_action(action);
  entry.set_allowed(true);
  entry.set_caller(caller.department);
  entry.set_role(caller.role);
  entry.set_workload(caller.workload);
  entry.set_subject(subject.substr(0, limits::kContextText));
  return entry;
}

absl::StatusOr<ReadyRule> CompileStored(const ComparisonContext& context, const PolicySnapshot& snapshot,
                                        const std::string& department, const std::string& name) {
  ASSIGN_OR_RETURN(const auto parameters, CompileParameters(context.book.Parameters(department)));
  for (auto& stored : context.book.Rules(department)) {
    if (stored.rule().name() != name) continue;
    ASSIGN_OR_RETURN(auto compiled, CompiledRule::Compile(stored.rule(), SchemasOf(snapshot), parameters));
    return ReadyRule{std::move(stored), std::move(compiled)};
  }
  return MakeError(Reason::kObjectNotFound, "there is no rule " + name + "; see `hangou compare rules`");
}

std::vector<ProjectionName> ProjectionsOf(const CompiledRule& rule, const std::string& department) {
  std::vector<ProjectionName> names;
  for (size_t side = 0; side < rule.sides().size(); ++side) {
    for (size_t i = 0; i < rule.sides()[side].resources.size(); ++i)
      names.push_back({department, rule.declared().purpose(), ShapeOf(rule, side, i)});
  }
  return names;
}

void WantStored(const ComparisonContext& context, const PolicySnapshot& snapshot) {
  std::vector<ProjectionName> wanted;
  for (const std::string& department : context.book.Departments()) {
    const auto parameters = CompileParameters(context.book.Parameters(department));
    if (!parameters.ok()) continue;
    for (const v1::StoredRule& stored : context.book.Rules(department)) {
      const auto compiled = CompiledRule::Compile(stored.rule(), SchemasOf(snapshot), *parameters);
      if (!compiled.ok()) continue;  // ListRules tells why
      for (ProjectionName& name : ProjectionsOf(**compiled, department)) wanted.push_back(std::move(name));
    }
  }
  context.projections.WantOnly(wanted);
}

absl::Status CheckRuleRights(const CompiledRule& rule, const PolicySnapshot& snapshot,
                             const std::string& department, int64_t now_us) {
  for (size_t side = 0; side < rule.sides().size(); ++side) {
    for (size_t i = 0; i < rule.sides()[side].resources.size(); ++i) {
      const auto& schema = rule.sides()[side].resources[i];
      const ProjectionRights rights =
          DecideProjection(snapshot, department, rule.declared().purpose(),
                           schema->name().substr(kShortNameAt), ShapeOf(rule, side, i).fields, now_us);
      if (!rights.status.ok()) return Annotate(rights.status, "rule " + rule.name());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::ApplyRulesResponse> ApplyRules(const ComparisonContext& context, const Caller& caller,
                                                  const v1::ApplyRulesRequest& request) {
  if (request.objects().empty() || request.objects_size() > kApplyComparisonObjects)
    return MakeError(Reason::kInvalidRequest, "an apply has 1 to 1,000 objects", "objects");
  ASSIGN_OR_RETURN(const auto pin, context.policy.Acquire());
  v1::ApplyRulesResponse response;
  ASSIGN_OR_RETURN(AppliedBook book, Merge(context, caller.department, request, &response));
  std::vector<v1::ComparisonParameter> declared;
  for (const auto& [name, parameter] : book.parameters) declared.push_back(parameter);
  ASSIGN_OR_RETURN(const auto parameters, CompileParameters(declared));
  std::vector<v1::ComparisonEvent> events;
  const int64_t now_us = context.clock.UtcUs();
  const auto note = [&](v1::ComparisonEvent event) {
    event.set_department(caller.department);
    event.set_time_us(now_us);
    events.push_back(std::move(event));
  };
  for (const auto& [name, parameter] : book.parameters) {
    if (!book.changed.contains(name)) continue;
    response.add_parameters(name);
    v1::ComparisonEvent event;
    *event.mutable_parameter() = parameter;
    note(std::move(event));
  }
  std::vector<v1::TaxOffice> offices;
  for (const auto& [name, office] : book.offices) {
    offices.push_back(office);
    if (!book.changed.contains(name)) continue;
    response.add_offices(name);
    v1::ComparisonEvent event;
    *event.mutable_office() = office;
    note(std::move(event));
  }
  RETURN_IF_ERROR(CheckOffices(offices));
  std::vector<std::shared_ptr<const CompiledRule>> rules;
  for (const auto& [name, stored] : book.rules) {
    // Those that stay as they are must go with the parameters too.
    ASSIGN_OR_RETURN(const auto rule,
                     CompiledRule::Compile(stored.rule(), SchemasOf(pin.snapshot()), parameters));
    rules.push_back(rule);
    if (!book.changed.contains(name)) continue;
    RETURN_IF_ERROR(CheckRuleRights(*rule, pin.snapshot(), caller.department, now_us));
    *response.add_rules() = stored;
    v1::ComparisonEvent event;
    *event.mutable_rule() = stored;
    note(std::move(event));
  }
  RETURN_IF_ERROR(CheckResults(pin.snapshot(), caller.department, now_us, rules, &book));
  for (const auto& [name, stored] : book.results) {
    if (!book.changed.contains(name)) continue;
    *response.add_results() = stored;
    v1::ComparisonEvent event;
    *event.mutable_result() = stored;
    note(std::move(event));
  }
  if (request.validate_only() || events.empty()) return response;
  auto entry = EntryOf(caller, hangou::audit::v1::ACTION_APPLY, "comparison rules");
  entry.set_epoch(pin.snapshot().epoch());
  entry.set_records(events.size());
  RETURN_IF_ERROR(context.audit.AppendAndWait(std::move(entry)));
  RETURN_IF_ERROR(context.book.Write(events, kWriteMs));
  WantStored(context, pin.snapshot());
  return response;
}

absl::StatusOr<v1::ListRulesResponse> ListRules(const ComparisonContext& context, const Caller& caller,
                                                const v1::ListRulesRequest& request) {
  if (request.page_size() < 0)
    return MakeError(Reason::kInvalidRequest, "page_size is negative", "page_size");
  const int size =
      std::min(request.page_size() == 0 ? limits::kPageDefault : request.page_size(), limits::kPageMax);
  ASSIGN_OR_RETURN(const auto pin, context.policy.Acquire());
  v1::ListRulesResponse response;
  for (v1::StoredRule& stored : context.book.Rules(caller.department)) {
    if (stored.rule().name() <= request.page_token()) continue;
    if (response.rules_size() == size) {
      response.set_next_page_token(response.rules(size - 1).rule().name());
      break;
    }
    const auto ready = CompileStored(context, pin.snapshot(), caller.department, stored.rule().name());
    absl::Status status = ready.status();
    if (ready.ok()) {
      const std::vector<ProjectionName> names = ProjectionsOf(*ready->compiled, caller.department);
      context.projections.Want(names);
      for (const ProjectionName& name : names) {
        if (status.ok()) status = context.projections.status(name);
      }
    }
    if (!status.ok()) stored.set_not_ready(std::string(Message(status)));
    *response.add_rules() = std::move(stored);
  }
  return response;
}

}  // namespace hangou
