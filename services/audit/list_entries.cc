#include "services/audit/list_entries.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "libs/base/limits.h"
#include "libs/base/status.h"
#include "services/audit/index_reader.h"

namespace hangou {
namespace {

using audit::v1::ListEntriesRequest;
using audit::v1::ListEntriesResponse;

// What a page token is bound to.
std::string EntriesTokenContext(const Caller& caller, const ListEntriesRequest& request) {
  return "audit.ListEntries|" + caller.spiffe_id + "|" + request.chain_id() + "|" +
         std::to_string(request.until_time_us());
}

absl::Status CheckRequest(const ListEntriesRequest& request) {
  const auto refuse = [](std::string_view what, std::string_view field) {
    return MakeError(Reason::kInvalidRequest, what, field);
  };
  if (request.newest() && request.from_sequence() != 0) {
    return refuse("give from_sequence or newest, not both", "newest");
  }
  if (request.from_time_us() < 0 || request.until_time_us() < 0) {
    return refuse("times are microseconds since 1970", "from_time_us");
  }
  const bool times = request.from_time_us() > 0 || request.until_time_us() > 0;
  if (times && (request.newest() || request.from_sequence() != 0 || !request.chain_id().empty())) {
    return refuse("times are for all chains, from the oldest entry on", "from_time_us");
  }
  return absl::OkStatus();
}

// The chain that is asked for; null: all of them, by time.
absl::StatusOr<std::shared_ptr<const KnownChain>> ChainOf(const AuditScope& scope,
                                                          const ListEntriesRequest& request) {
  if (!request.chain_id().empty()) {
    auto chain = scope.index.Find(request.chain_id());
    if (chain) return chain;
    return MakeError(Reason::kObjectNotFound, "there is no such chain; see `hangou audit heads`");
  }
  if (request.from_sequence() == 0) return nullptr;
  const auto chains = scope.index.Chains();
  if (chains.size() == 1) return chains.front();
  return MakeError(Reason::kInvalidRequest,
                   "there are several chains: give chain_id with from_sequence; see `hangou audit heads`",
                   "chain_id");
}

absl::StatusOr<EntryPage> PageOfChain(const AuditScope& scope, const KnownChain& chain,
                                      const ListEntriesRequest& request, const std::string& cursor,
                                      size_t page_size) {
  // The end is where it is now: the entry of this call must not make another page.
  const uint64_t last = chain.head.sequence();
  uint64_t first = std::max<uint64_t>(1, request.from_sequence());
  if (request.newest()) first = last < page_size ? 1 : last + 1 - page_size;
  if (!cursor.empty()) std::from_chars(cursor.data(), cursor.data() + cursor.size(), first);
  return ReadChain(scope.index, chain, first, last, page_size);
}

absl::StatusOr<EntryPage> PageByTime(const AuditScope& scope, const ListEntriesRequest& request,
                                     std::string cursor, size_t page_size) {
  if (cursor.empty() && request.newest()) {
    ASSIGN_OR_RETURN(cursor, NewestByTime(scope.index, page_size));
  } else if (cursor.empty()) {
    cursor = TimeKey(request.from_time_us(), {});
  }
  return ReadByTime(scope.index, cursor, request.until_time_us(), page_size);
}

// What was read, for the entry of the read.
std::string NoteOf(bool one_chain, const ListEntriesResponse& response) {
  if (response.entries().empty()) return "no entries";
  audit::v1::Entry first, last;
  const auto& entries = response.entries();
  const bool read =
      first.ParseFromString(entries[0].entry()) && last.ParseFromString(entries[entries.size() - 1].entry());
  if (!read || !one_chain) return "entries by time";
  return "entries " + std::to_string(first.sequence()) + " to " + std::to_string(last.sequence()) +
         " of chain " + entries[0].chain_id();
}

}  // namespace

absl::Status ListEntries(const AuditScope& scope, const ListEntriesRequest& request,
                         ListEntriesResponse* response) {
  ASSIGN_OR_RETURN(const size_t page_size, PageSizeOf(request.page_size()));
  RETURN_IF_ERROR(CheckRequest(request));
  const std::string context = EntriesTokenContext(scope.caller, request);
  std::string cursor;
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(cursor, scope.keys.OpenToken(request.page_token(), context));
  }
  ASSIGN_OR_RETURN(const auto chain, ChainOf(scope, request));
  ASSIGN_OR_RETURN(EntryPage page, chain ? PageOfChain(scope, *chain, request, cursor, page_size)
                                         : PageByTime(scope, request, cursor, page_size));
  response->mutable_entries()->Swap(&page.entries);
  response->set_behind(scope.behind);
  if (!page.next.empty()) response->set_next_page_token(scope.keys.SealToken(page.next, context));
  scope.entry.set_records(static_cast<uint64_t>(response->entries_size()));
  scope.entry.set_note(NoteOf(chain != nullptr, *response));
  return absl::OkStatus();
}

}  // namespace hangou
