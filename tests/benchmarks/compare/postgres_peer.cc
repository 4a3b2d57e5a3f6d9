#include "tests/benchmarks/compare/postgres_peer.h"

#include <arpa/inet.h>
#include <endian.h>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "tests/benchmarks/compare/comparison.h"
#include "tests/benchmarks/compare/residents.h"

namespace hangou {
namespace {

// Days and microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's own epoch.
constexpr int32_t kEpochDays = 10'957;
constexpr int64_t kUpdatedUs = 823'161'600'000'000;  // 2026-01-31T08:00:00Z since 2000-01-01
constexpr uint32_t kTextOid = 25;
constexpr size_t kCopyBytes = 256 << 10;  // handed over at a time

constexpr char kMakeTable[] = R"(
DROP TABLE IF EXISTS resident;
CREATE TABLE resident (
  citizen_id text PRIMARY KEY CHECK (length(citizen_id) = 18),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 50),
  sex text NOT NULL CHECK (length(sex) = 1),
  ethnic_group text CHECK (length(ethnic_group) = 2),
  birth_date date NOT NULL,
  birth_place text CHECK (length(birth_place) = 6),
  division text NOT NULL CHECK (length(division) = 6),
  address text NOT NULL CHECK (length(address) <= 100),
  marital_status text CHECK (length(marital_status) = 2),
  phone text CHECK (length(phone) <= 11),
  state text NOT NULL CHECK (length(state) <= 64),
  updated_at timestamptz NOT NULL
))";

constexpr char kCopy[] = "COPY resident FROM STDIN (FORMAT binary)";
constexpr char kSelect[] =
    "SELECT citizen_id, name, sex, birth_date, division, state FROM resident WHERE citizen_id = "
    "ANY($1::text[])";
constexpr char kSelectAsOf[] =
    "SELECT citizen_id, name, sex, birth_date, division, state FROM resident_history WHERE citizen_id = "
    "ANY($1::text[]) AND sys_from <= $2::timestamptz AND sys_to > $2::timestamptz";

struct ResultCloser {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ResultCloser>;

template <class Number>
void AppendNumber(Number number, std::string* out) {
  out->append(reinterpret_cast<const char*>(&number), sizeof number);
}
void Append16(uint16_t number, std::string* out) { AppendNumber(htobe16(number), out); }
void Append32(uint32_t number, std::string* out) { AppendNumber(htobe32(number), out); }

void AppendText(const std::string& text, std::string* out) {
  Append32(static_cast<uint32_t>(text.size()), out);
  *out += text;
}

// An array of texts in binary form.
std::string TextArray(const std::vector<std::string>& texts) {
  std::string array;
  Append32(1, &array);  // dimensions
  Append32(0, &array);  // nothing is null
  Append32(kTextOid, &array);
  Append32(static_cast<uint32_t>(texts.size()), &array);
  Append32(1, &array);  // lower bound
  for (const std::string& text : texts) AppendText(text, &array);
  return array;
}

// A row as COPY takes it, in the order of the table.
void AppendRow(int64_t number, std::string* out) {
  const ResidentRow row = ResidentRowOf(number);
  Append16(static_cast<uint16_t>(row.size()), out);
  for (const auto& [name, text] : row) {
    if (name == "birth_date") {
      Append32(sizeof(int32_t), out);
      Append32(static_cast<uint32_t>(BirthDayOf(number) - kEpochDays), out);
    } else if (name == "updated_at") {
      Append32(sizeof(int64_t), out);
      AppendNumber(htobe64(static_cast<uint64_t>(kUpdatedUs)), out);
    } else {
      AppendText(text, out);
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresPeer>> PostgresPeer::Connect(const std::string& conninfo) {
  std::unique_ptr<PostgresPeer> peer(new PostgresPeer(PQconnectdb(conninfo.c_str())));
  if (PQstatus(peer->connection_.get()) == CONNECTION_OK) return peer;
  return absl::UnavailableError(PQerrorMessage(peer->connection_.get()));
}

absl::Status PostgresPeer::Execute(const char* statement) {
  const Result result(PQexec(connection_.get(), statement));
  if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return absl::OkStatus();
  return absl::InternalError(PQerrorMessage(connection_.get()));
}

absl::Status PostgresPeer::MakeTable() { return Execute(kMakeTable); }

absl::StatusOr<double> PostgresPeer::CopyResidents(int64_t first, int64_t count) {
  std::string data("PGCOPY\n\377\r\n\0", 11);
  Append32(0, &data);  // flags
  Append32(0, &data);  // no extension of the header
  for (int64_t i = 0; i < count; ++i) AppendRow(first + i, &data);
  Append16(0xffff, &data);
  PGconn* const connection = connection_.get();
  const Stopwatch watch;
  const Result begun(PQexec(connection, kCopy));
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN) return absl::InternalError(PQerrorMessage(connection));
  for (size_t place = 0; place < data.size(); place += kCopyBytes) {
    const size_t size = std::min(kCopyBytes, data.size() - place);
    if (PQputCopyData(connection, data.data() + place, static_cast<int>(size)) != 1)
      return absl::InternalError(PQerrorMessage(connection));
  }
  if (PQputCopyEnd(connection, nullptr) != 1) return absl::InternalError(PQerrorMessage(connection));
  const Result ended(PQgetResult(connection));
  const double seconds = watch.Seconds();
  if (PQresultStatus(ended.get()) != PGRES_COMMAND_OK) return absl::InternalError(PQerrorMessage(connection));
  if (PQgetResult(connection) != nullptr) return absl::InternalError("COPY has more to say than its end");
  return seconds;
}

absl::Status PostgresPeer::Prepare(const char* name, const char* statement) {
  const Result result(PQprepare(connection_.get(), name, statement, 0, nullptr));
  if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return absl::OkStatus();
  return absl::InternalError(PQerrorMessage(connection_.get()));
}

absl::Status PostgresPeer::PrepareSelect() { return Prepare("read", kSelect); }
absl::Status PostgresPeer::PrepareSelectAsOf() { return Prepare("read_as_of", kSelectAsOf); }

absl::StatusOr<int> PostgresPeer::Select(const std::vector<std::string>& ids) {
  const std::string array = TextArray(ids);
  const char* const values[] = {array.data()};
  const int lengths[] = {static_cast<int>(array.size())};
  const int formats[] = {1};
  const Result result(PQexecPrepared(connection_.get(), "read", 1, values, lengths, formats, 1));
  if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) return PQntuples(result.get());
  return absl::InternalError(PQerrorMessage(connection_.get()));
}

absl::StatusOr<int> PostgresPeer::SelectAsOf(const std::vector<std::string>& ids, int64_t as_of_us) {
  const std::string array = TextArray(ids);
  std::string instant;
  AppendNumber(htobe64(static_cast<uint64_t>(as_of_us - kEpochDays * kUsPerDay)), &instant);
  const char* const values[] = {array.data(), instant.data()};
  const int lengths[] = {static_cast<int>(array.size()), static_cast<int>(instant.size())};
  const int formats[] = {1, 1};
  const Result result(PQexecPrepared(connection_.get(), "read_as_of", 2, values, lengths, formats, 1));
  if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) return PQntuples(result.get());
  return absl::InternalError(PQerrorMessage(connection_.get()));
}

absl::Status PostgresPeer::MakeTemporalTable(int versions, int64_t begin_us, int64_t step_us) {
  const auto instant = [&](int version) {
    return "timestamptz 'epoch' + " + std::to_string(begin_us + version * step_us) +
           " * interval '1 microsecond'";
  };
  RETURN_IF_ERROR(
      Execute("DROP TABLE IF EXISTS resident_history; CREATE TABLE resident_history (LIKE resident, "
              "sys_from timestamptz NOT NULL, sys_to timestamptz NOT NULL)"));
  // As they come in time: the versions of one resident do not lie side by side.
  for (int version = 0; version < versions; ++version) {
    const std::string until = version + 1 < versions ? instant(version + 1) : "timestamptz 'infinity'";
    RETURN_IF_ERROR(Execute(
        ("INSERT INTO resident_history SELECT *, " + instant(version) + ", " + until + " FROM resident")
            .c_str()));
  }
  return Execute(
      "ALTER TABLE resident_history ADD PRIMARY KEY (citizen_id, sys_from); ANALYZE resident_history");
}

}  // namespace hangou
