// The agent's queries.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libs/base/file.h"
#include "libs/base/status.h"
#include "libs/client/publisher.h"
#include "tools/hangou/agent_source.h"
#include "tools/hangou/file_publish.h"
#include "tools/hangou/postgres_rows.h"
#include "tools/hangou/publish_job.h"

namespace hangou {
namespace {

using nlohmann::json;

constexpr size_t kWatermarkBytes = 64 << 10;
constexpr char kRequestsOfQueries[] = "agent";

// Where a query stands: every row up to the watermark is answered.
struct QueryPlace {
  std::optional<std::string> watermark;
  uint64_t pages = 0;
  std::string sending;  // of all its pages: another one where the query is read from its beginning again
};

class QuerySource : public AgentSource {
 public:
  QuerySource(const PolledQuery& query, const std::string& state)
      : query_(query),
        place_path_(state + "/" + query.name + ".watermark"),
        quarantine_(state + "/quarantine") {}

  absl::StatusOr<bool> Work(Client& client, const std::function<bool()>& stop) override {
    ASSIGN_OR_RETURN(QueryPlace place, LoadPlace());
    if (place.sending.empty()) {
      place.sending = NewSending();
      // Known before anything is sent: a page that is killed and sent again has the same request ids.
      RETURN_IF_ERROR(SavePlace(place));
    }
    ASSIGN_OR_RETURN(const auto rows, PostgresRows::Open(query_, place.watermark, stop));
    ASSIGN_OR_RETURN(const PublishCounts counts, PublishPage(client, *rows, place, stop));
    if (counts.rows == 0) return false;
    counts_.rows += counts.rows;
    counts_.refused += counts.refused + counts.conflict;
    place.watermark = rows->watermark();
    ++place.pages;
    RETURN_IF_ERROR(SavePlace(place));
    return counts.rows >= static_cast<uint64_t>(query_.page_rows);
  }
  const std::string& name() const override { return query_.name; }
  int64_t rest_ms() const override { return query_.every_ms; }

 private:
  absl::StatusOr<QueryPlace> LoadPlace() const {
    QueryPlace place;
    std::error_code error;
    if (!std::filesystem::exists(place_path_, error)) return place;
    ASSIGN_OR_RETURN(const std::string text, ReadFile(place_path_, kWatermarkBytes));
    const json saved = json::parse(text, nullptr, false);
    const auto known = [&](const char* key) { return saved.is_object() && saved.contains(key); };
    // No watermark yet; and none of its sending in a file of before there was one.
    if (!known("watermark") || !(saved["watermark"].is_string() || saved["watermark"].is_null()) ||
        !known("pages") || !saved["pages"].is_number_unsigned() ||
        (known("sending") && !saved["sending"].is_string())) {
      return MakeError(Reason::kDataLoss,
                       place_path_ + " is damaged; remove it to read the query from its beginning");
    }
    if (saved["watermark"].is_string()) place.watermark = saved["watermark"].get<std::string>();
    place.pages = saved["pages"].get<uint64_t>();
    place.sending = saved.value("sending", "");
    return place;
  }

  absl::Status SavePlace(const QueryPlace& place) const {
    const json saved = {{"watermark", place.watermark ? json(*place.watermark) : json()},
                        {"pages", place.pages},
                        {"sending", place.sending}};
    return WriteFileDurably(place_path_, saved.dump() + "\n", 0600);
  }

  // A page that is published again after a kill has the same number, and takes the place of its own quarantine.
  absl::StatusOr<PublishCounts> PublishPage(Client& client, PostgresRows& rows, const QueryPlace& place,
                                            const std::function<bool()>& stop) {
    const std::string page = std::to_string(place.pages);
    PublishJob job;
    job.resource = query_.resource;
    if (!query_.mapping.empty()) RETURN_IF_ERROR(AddMapping(query_.mapping, &job));
    ASSIGN_OR_RETURN(const auto schema, client.NewestSchema(query_.resource));
    ASSIGN_OR_RETURN(const RowEncoder encoder, RowEncoder::Make(schema, rows.columns(), job.mapping));
    RETURN_IF_ERROR(MakeFolders(quarantine_));
    RejectedFile rejected(quarantine_ + "/" + query_.name + "-" + page + ".csv", std::string(rows.header()));
    FilePublication run(encoder, rejected);
    PublisherOptions options;
    options.resource = query_.resource;
    options.request_prefix = kRequestsOfQueries;
    options.sending = place.sending + "/" + page;
    options.give_up_ms = client.timeout_ms();
    if (!schema->versioned_by_source()) options.unanswered_batches = 1;
    ASSIGN_OR_RETURN(const auto publisher,
                     Publisher::Open(client, options, [&](uint64_t tag, const auto& outcome) {
                       run.OnOutcome(tag, outcome);
                       stop();  // the answer counts at the next row; who is asked sees that the work goes on
                     }));
    const auto on_stop = [&](const PublishCounts&) {
      return stop() ? MakeError(Reason::kDraining, "told to stop; the page is read again") : absl::OkStatus();
    };
    RETURN_IF_ERROR(run.Run(rows, *publisher, {}, {[] {}, stop, on_stop}));
    RETURN_IF_ERROR(rejected.Sync().status());
    RETURN_IF_ERROR(rejected.Close());
    return run.counts();
  }

  const PolledQuery query_;
  const std::string place_path_;
  const std::string quarantine_;
};

}  // namespace

std::unique_ptr<AgentSource> MakeQuerySource(const PolledQuery& query, const std::string& state) {
  return std::make_unique<QuerySource>(query, state);
}

}  // namespace hangou
