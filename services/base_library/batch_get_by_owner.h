// BatchGet over several owners: each answers for its entities, and audits what it gave.
#pragma once

#include "libs/base_library/library.h"
#include "libs/policy/policy_holder.h"
#include "libs/rpc/hops.h"

namespace hangou {

// Answers a BatchGet: the entities of partitions that this replica owns here, the others at their owners, put
// together in the order asked. `request` and `response` must live until `done` is called, once, from any thread.
// The first error of a part is the error of the whole; EPOCH_NOT_REACHED where the parts were decided under
// different epochs: retry.
void BatchGetByOwner(Library& library, const PolicyHolder& policy, const Hops& hops, const Caller& caller,
                     const hangou::base_library::v1::BatchGetRequest& request, int64_t timeout_ms,
                     hangou::base_library::v1::BatchGetResponse* response, Library::Done done);

}  // namespace hangou
