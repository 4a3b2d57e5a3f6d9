// One governed read: the fixed order of decide, read, audit, confirm, hand over. Every read goes through it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "hangou/audit/v1/entry.pb.h"
#include "hangou/record/v1/record.pb.h"
#include "libs/base_library/library.h"
#include "libs/policy/policy_holder.h"

namespace hangou {

// What a read may use while it is built: lives during the build only.
struct ReadScope {
  const ResourceSchema& schema;
  const FieldRights& rights;
  uint64_t epoch;
  // Where not empty, only rows of this provider are given: a provider reads its own rows back without a grant.
  std::string only_provider;
  // The audit entry of the read: the build adds counts and entities.
  hangou::audit::v1::Entry& entry;
};

// A read in progress. Owns itself through the callbacks that it waits for.
//
// Order: lease and epoch, decision, positions, build, audit entry durable, confirm, done. Where the epoch moved on
// meanwhile, what was built is dropped and the read decides again. A denial is durable in the audit before it goes out.
class ReadRun : public std::enable_shared_from_this<ReadRun> {
 public:
  // Builds the reply under a decision; called again, after Clear of the reply, when the epoch has moved on.
  using Build = std::function<absl::Status(const ReadScope&)>;

  static void Start(Library& library, const Caller& caller, const hangou::record::v1::AccessContext& context,
                    const std::string& resource, hangou::audit::v1::Action action, Build build,
                    Library::Done done);

  // Not called directly.
  ReadRun(Library& library, const Caller& caller, const hangou::record::v1::AccessContext& context,
          const std::string& resource, hangou::audit::v1::Action action, Build build, Library::Done done);

 private:
  void Attempt();
  // The rights of the caller under the pin; an error is the denial.
  absl::Status Decide(int64_t now_us, std::shared_ptr<const ResourceSchema>* schema,
                      const FieldRights** rights, std::string* only_provider);
  void Deny(const absl::Status& status);
  void AfterAudit(const absl::Status& durable);
  hangou::audit::v1::Entry NewEntry() const;

  Library& library_;
  const Caller caller_;
  const hangou::record::v1::AccessContext context_;
  const std::string resource_;
  const hangou::audit::v1::Action action_;
  const Build build_;
  const Library::Done done_;
  PolicyHolder::Pin pin_;
  bool pinned_ = false;
  FieldRights provider_rights_;
  int attempts_ = 0;
};

}  // namespace hangou
