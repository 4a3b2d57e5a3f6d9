#include "tools/citygen/pools.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "libs/base/file.h"
#include "libs/base/status.h"

namespace hangou {
namespace {

using Cells = std::vector<std::string>;

// A table in force today has no last year.
constexpr int kNoLastYear = 9999;

Cells Split(std::string_view line) {
  Cells cells;
  size_t start = 0;
  for (size_t comma = line.find(','); comma != std::string_view::npos; comma = line.find(',', start)) {
    cells.emplace_back(line.substr(start, comma - start));
    start = comma + 1;
  }
  cells.emplace_back(line.substr(start));
  return cells;
}

// The rows behind the head of a table of data/. These tables have no quotes, so that everything made of them is free
// of quotes and commas.
absl::StatusOr<std::vector<Cells>> ReadTable(const std::string& path, size_t columns) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  std::vector<Cells> rows;
  size_t line_number = 0;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = std::string_view(text).substr(start, end - start);
    start = end + 1;
    if (++line_number == 1) continue;
    rows.push_back(Split(line));
    if (rows.back().size() != columns || line.find_first_of("\"\r") != std::string_view::npos) {
      return MakeError(Reason::kInvalidRequest, path + ":" + std::to_string(line_number) + ": expected " +
                                                    std::to_string(columns) + " cells without quotes");
    }
  }
  if (rows.empty()) return MakeError(Reason::kInvalidRequest, path + ": expected rows");
  return rows;
}

int64_t Number(const std::string& text) { return std::strtoll(text.c_str(), nullptr, 10); }

absl::Status LoadNames(const std::string& folder, Pools* pools) {
  ASSIGN_OR_RETURN(const auto surnames, ReadTable(folder + "/names/surnames.csv", 2));
  for (const Cells& row : surnames) {
    pools->surnames.push_back(row[0]);
    pools->surname_weights.Add(Number(row[1]));
  }
  ASSIGN_OR_RETURN(const auto characters, ReadTable(folder + "/names/given_name_characters.csv", 3));
  for (const Cells& row : characters) {
    // Characters of one sex alone are rare in the source, and common today.
    const int64_t weight = Number(row[1]);
    constexpr int64_t kOwnFactor = 5;
    if (row[2] != "m") {
      pools->women_characters.push_back(row[0]);
      pools->women_weights.Add(row[2] == "f" ? weight * kOwnFactor : weight);
    }
    if (row[2] != "f") {
      pools->men_characters.push_back(row[0]);
      pools->men_weights.Add(weight);
    }
  }
  ASSIGN_OR_RETURN(const auto companies, ReadTable(folder + "/names/company_names.csv", 1));
  for (const Cells& row : companies) pools->company_names.push_back(row[0]);
  return absl::OkStatus();
}

// Counties in force; a city district of all counties together (code ending in 01, 市辖区) gives no ids.
absl::Status LoadRegions(const std::string& folder, Pools* pools) {
  ASSIGN_OR_RETURN(const auto rows, ReadTable(folder + "/divisions/gb2260_history.csv", 5));
  for (const Cells& row : rows) {
    if (row[4] != "gb2260" || row[0].ends_with("00") || row[1] == "市辖区" || row[0] > "66") continue;
    const int to_year = row[3].empty() ? kNoLastYear : static_cast<int>(Number(row[3].substr(0, 4)));
    pools->regions.push_back({row[0], static_cast<int>(Number(row[2].substr(0, 4))), to_year});
  }
  return absl::OkStatus();
}

// The place itself: 琼花观社区 of 琼花观社区居委会, and 江跳村 of 江跳村委会.
std::string PlaceOf(std::string name) {
  for (const std::string_view suffix : {"居民委员会", "村民委员会", "居委会", "村委会"}) {
    if (!name.ends_with(suffix) || name.size() == suffix.size()) continue;
    name.resize(name.size() - suffix.size());
    const bool is_village = suffix.starts_with("村") && !name.ends_with("村");
    return is_village ? name + "村" : name;
  }
  return name;
}

absl::Status LoadDivisions(const std::string& folder, Pools* pools) {
  ASSIGN_OR_RETURN(const auto rows, ReadTable(folder + "/divisions/yangzhou.csv", 5));
  std::map<std::string, std::string> names;
  for (const Cells& row : rows) {
    pools->divisions.push_back({row[0], row[1], row[2], row[3], row[4]});
    names[row[0]] = row[1];
  }
  // Statistical zones are no divisions, and have no registrars.
  for (const Division& division : pools->divisions) {
    const std::string county = division.code.substr(0, 6);
    if (division.level != "village" || county.substr(4) == "71") continue;
    pools->villages.push_back({division.code, county, division.parent, names[county], names[division.parent],
                               PlaceOf(division.name)});
  }
  return absl::OkStatus();
}

absl::Status LoadIndustries(const std::string& folder, Pools* pools) {
  ASSIGN_OR_RETURN(const auto rows, ReadTable(folder + "/codes/industry.csv", 2));
  for (const Cells& row : rows) {
    const char section = row[0].empty() ? 0 : row[0][0];
    if (section < 'A' || section > 'Z')
      return MakeError(Reason::kInvalidRequest, "industry.csv: expected sections A to T");
    pools->industries[static_cast<size_t>(section - 'A')].push_back(row[0]);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Pools> LoadPools(const std::string& data_folder) {
  Pools pools;
  RETURN_IF_ERROR(LoadNames(data_folder, &pools));
  RETURN_IF_ERROR(LoadRegions(data_folder, &pools));
  RETURN_IF_ERROR(LoadDivisions(data_folder, &pools));
  RETURN_IF_ERROR(LoadIndustries(data_folder, &pools));
  return pools;
}

}  // namespace hangou
