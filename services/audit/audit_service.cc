#include "services/audit/audit_service.h"

#include <utility>

#include "libs/base/text.h"
#include "libs/rpc/unary.h"
#include "services/audit/heads.h"
#include "services/audit/list_entries.h"
#include "services/audit/who_accessed.h"

namespace hangou {

// Any role gets in here: the reads refuse all but auditors, and record that. A page behind the first one goes on from
// where that one was, and waits for nothing newer.

AuditService::AuditService(const AuditServiceContext& context, AuditIndexerOptions options)
    : clock_(context.clock),
      indexer_(std::move(options), context.log, context.keys, context.clock),
      reads_(context.chain, context.shipper, indexer_, context.keys) {}

grpc::ServerUnaryReactor* AuditService::ListEntries(grpc::CallbackServerContext* context,
                                                    const audit::v1::ListEntriesRequest* request,
                                                    audit::v1::ListEntriesResponse* response) {
  return HandleUnary(context, {}, [=, this](const Caller& caller, CallDone done) {
    const auto work = [=](const AuditScope& scope) { return hangou::ListEntries(scope, *request, response); };
    reads_.Run(caller, request->page_token().empty(), response, work, std::move(done));
  });
}

grpc::ServerUnaryReactor* AuditService::WhoAccessed(grpc::CallbackServerContext* context,
                                                    const audit::v1::WhoAccessedRequest* request,
                                                    audit::v1::WhoAccessedResponse* response) {
  return HandleUnary(context, {}, [=, this](const Caller& caller, CallDone done) {
    const auto work = [=, today = DayInChina(clock_.UtcUs())](const AuditScope& scope) {
      return hangou::WhoAccessed(scope, *request, today, response);
    };
    reads_.Run(caller, request->page_token().empty(), response, work, std::move(done));
  });
}

grpc::ServerUnaryReactor* AuditService::GetHead(grpc::CallbackServerContext* context,
                                                const audit::v1::GetHeadRequest* request,
                                                audit::v1::Head* response) {
  return HandleUnary(context, {}, [=, this](const Caller& caller, CallDone done) {
    const auto work = [=](const AuditScope& scope) { return hangou::GetHead(scope, *request, response); };
    reads_.Run(caller, true, response, work, std::move(done));
  });
}

grpc::ServerUnaryReactor* AuditService::ListHeads(grpc::CallbackServerContext* context,
                                                  const audit::v1::ListHeadsRequest* request,
                                                  audit::v1::ListHeadsResponse* response) {
  return HandleUnary(context, {}, [=, this](const Caller& caller, CallDone done) {
    const auto work = [=](const AuditScope& scope) { return hangou::ListHeads(scope, *request, response); };
    reads_.Run(caller, request->page_token().empty(), response, work, std::move(done));
  });
}

}  // namespace hangou
