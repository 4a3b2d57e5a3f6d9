#include "tools/hangou/postgres_rows.h"

#include <libpq-fe.h>
#include <poll.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

constexpr char kConnectSeconds[] = "10";
// A database that is gone is noticed: by silence, and by what it does not acknowledge.
constexpr char kKeepaliveSeconds[] = "30";
constexpr char kUnacknowledgedMs[] = "60000";
// The server gives up a query that takes so long, its rows being published meanwhile, or that waits for a lock. The
// agent gives up a little later where the server does not.
constexpr char kSettings[] =
    "SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET statement_timeout = '600s'; SET lock_timeout = "
    "'30s'";
constexpr int64_t kSilentDatabaseMs = 630'000;
constexpr int64_t kLookMs = 1000;
// Numbers of types, as PostgreSQL's catalog has them for good.
constexpr Oid kBoolType = 16;
constexpr Oid kTimestampWithZoneType = 1184;

struct ConnectionCloser {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct PageResultCloser {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PageResult = std::unique_ptr<PGresult, PageResultCloser>;

// The database's own words may quote a row, so only its code is told.
absl::Status DatabaseError(const std::string& what, const PGresult* result) {
  const char* const code = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return absl::UnavailableError(what + (code == nullptr ? "" : std::string(" (SQLSTATE ") + code + ")"));
}

class Page : public PostgresRows {
 public:
  Page(PGconn* connection, const std::function<bool()>& stop) : connection_(connection), stop_(stop) {}

  absl::Status Begin(const PolledQuery& query, const std::optional<std::string>& watermark) {
    if (PQstatus(connection_.get()) != CONNECTION_OK)
      return DatabaseError("query " + query.name + ": the database cannot be reached", nullptr);
    what_ = "query " + query.name + ": the database refuses its settings";
    RETURN_IF_ERROR(Set());
    const std::unique_ptr<char, void (*)(void*)> column(
        PQescapeIdentifier(connection_.get(), query.watermark.c_str(), query.watermark.size()), PQfreemem);
    if (column == nullptr)
      return DatabaseError("query " + query.name + ": its watermark is no name", nullptr);
    const std::string name = column.get();
    const std::string sql = "SELECT * FROM (" + query.query + ") AS q WHERE q." + name +
                            (watermark ? " > $1" : " IS NOT NULL") + " ORDER BY q." + name + " FETCH FIRST " +
                            std::to_string(query.page_rows) + " ROWS WITH TIES";
    const char* const values[] = {watermark ? watermark->c_str() : nullptr};
    if (PQsendQueryParams(connection_.get(), sql.c_str(), watermark ? 1 : 0, nullptr, values, nullptr,
                          nullptr, 0) != 1 ||
        PQsetSingleRowMode(connection_.get()) != 1) {
      return DatabaseError("query " + query.name + ": the database cannot be asked", nullptr);
    }
    what_ = "query " + query.name + " failed";
    RETURN_IF_ERROR(Fetch());
    for (int i = 0; i < PQnfields(result_.get()); ++i) {
      columns_.emplace_back(PQfname(result_.get(), i));
      if (columns_.back() == query.watermark) watermark_column_ = i;
      header_ += (i == 0 ? "" : ",") + CsvCell(columns_.back());
    }
    if (watermark_column_ < 0)
      return DatabaseError("query " + query.name + " has no column of its watermark", nullptr);
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next(Row* row) override {
    *row = Row();
    if (PQntuples(result_.get()) == 0) return false;
    row->line = ++line_;
    for (int i = 0; i < PQnfields(result_.get()); ++i) {
      row->values.push_back(ValueAt(i));
      if (i > 0) row->raw.push_back(',');
      row->raw += CsvCell(row->values.back());
    }
    watermark_ = PQgetvalue(result_.get(), 0, watermark_column_);
    RETURN_IF_ERROR(Fetch());
    return true;
  }

  const std::vector<std::string>& columns() const override { return columns_; }
  std::string_view header() const override { return header_; }
  uint64_t consumed() const override { return 0; }
  const std::optional<std::string>& watermark() const override { return watermark_; }

 private:
  // Times come in UTC, whatever the server's habits are.
  absl::Status Set() {
    if (PQsendQuery(connection_.get(), kSettings) != 1) return DatabaseError(what_, nullptr);
    while (true) {
      ASSIGN_OR_RETURN(const PageResult set, Result());
      if (set == nullptr) return absl::OkStatus();
      if (PQresultStatus(set.get()) != PGRES_COMMAND_OK) return DatabaseError(what_, set.get());
    }
  }

  // What the database answers next; null where it has answered all. Waits in steps, so that a database that is silent
  // neither holds up the end of the agent nor lets it look dead.
  absl::StatusOr<PageResult> Result() {
    const int64_t begin_us = SystemClock().BootUs();
    while (PQisBusy(connection_.get()) == 1) {
      if (stop_()) return MakeError(Reason::kDraining, "told to stop; the page is read again");
      if (SystemClock().BootUs() - begin_us > kSilentDatabaseMs * kUsPerMs)
        return DatabaseError(what_ + ": the database does not answer", nullptr);
      pollfd socket = {PQsocket(connection_.get()), POLLIN, 0};
      if (::poll(&socket, 1, static_cast<int>(kLookMs)) > 0 && PQconsumeInput(connection_.get()) != 1)
        return DatabaseError(what_ + ": the connection to the database is lost", nullptr);
    }
    return PageResult(PQgetResult(connection_.get()));
  }

  // The next row, or the end, which has none.
  absl::Status Fetch() {
    ASSIGN_OR_RETURN(result_, Result());
    const ExecStatusType status = PQresultStatus(result_.get());
    if (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK) return absl::OkStatus();
    return DatabaseError(what_, result_.get());
  }

  std::string ValueAt(int column) const {
    if (PQgetisnull(result_.get(), 0, column) == 1) return "";
    std::string value(PQgetvalue(result_.get(), 0, column),
                      static_cast<size_t>(PQgetlength(result_.get(), 0, column)));
    const Oid type = PQftype(result_.get(), column);
    if (type == kBoolType) return value == "t" ? "true" : "false";
    // "2026-01-31 08:00:00+00" is PostgreSQL's way of "2026-01-31 08:00:00Z".
    if (type == kTimestampWithZoneType && value.ends_with("+00")) value.replace(value.size() - 3, 3, "Z");
    return value;
  }

  const std::unique_ptr<PGconn, ConnectionCloser> connection_;
  const std::function<bool()> stop_;
  std::string what_;
  PageResult result_;
  std::vector<std::string> columns_;
  std::string header_;
  int watermark_column_ = -1;
  std::optional<std::string> watermark_;
  uint64_t line_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresRows>> PostgresRows::Open(const PolledQuery& query,
                                                                 const std::optional<std::string>& watermark,
                                                                 const std::function<bool()>& stop) {
  // What the connection says itself goes before the timeouts. Texts come in UTF-8, whatever it says.
  const char* const keywords[] = {"connect_timeout", "keepalives_idle", "tcp_user_timeout",
                                  "dbname",          "client_encoding", nullptr};
  const char* const values[] = {
      kConnectSeconds, kKeepaliveSeconds, kUnacknowledgedMs, query.connection.c_str(), "UTF8", nullptr};
  auto page = std::make_unique<Page>(PQconnectdbParams(keywords, values, 1), stop);
  RETURN_IF_ERROR(page->Begin(query, watermark));
  return page;
}

}  // namespace hangou
