#include "services/audit/audit_service.h"

#include <utility>

#include "libs/rpc/unary.h"

namespace hangou {

grpc::ServerUnaryReactor* AuditService::ListEntries(grpc::CallbackServerContext* context,
                                                    const audit::v1::ListEntriesRequest* request,
                                                    audit::v1::ListEntriesResponse* response) {
  // Any role gets in here: the command refuses all but auditors, and records that.
  return HandleUnary(context, {}, [=, this](const Caller& caller, CallDone done) {
    list_entries_.Run(caller, *request, response, std::move(done));
  });
}

}  // namespace hangou
