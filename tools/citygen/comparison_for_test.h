// The files of a small city as lines, and what comparisons over them find and should find; for tests.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tools/citygen/generated_city_for_test.h"

namespace hangou::citygen_test {

using Line = std::map<std::string, std::string>;
using FileLines = std::vector<Line>;
// Subject, key and period, and the amount in fen.
using Found = std::map<std::string, double>;

// The files of one city without damaged rows, read as they are asked for.
class CityFiles {
 public:
  CityFiles() {
    CityOptions options = SmallCity(21, folder_.path());
    options.dirty_percent = 0;
    HANGOU_CHECK(Generate(options).ok(), "the city is not made");
  }

  const FileLines& operator[](const std::string& name) {
    FileLines& lines = files_[name];
    if (!lines.empty()) return lines;
    const TestTable table = ReadTestTable(folder_.path() + "/" + name + ".csv");
    for (const TestRow& row : table.rows) {
      for (size_t i = 0; i < table.columns.size(); ++i) {
        if (i == 0) lines.emplace_back();
        lines.back()[table.columns[i]] = row.cells[i];
      }
    }
    return lines;
  }

 private:
  TempFolder folder_;
  std::map<std::string, FileLines> files_;
};

inline CityFiles& Files() {
  static CityFiles files;
  return files;
}

inline double Fen(const std::string& yuan) { return std::round(std::stod(yuan) * 100); }
inline std::string Id(const std::string& subject, const std::string& key, const std::string& period) {
  return subject + " " + key + " " + period;
}
inline int32_t DayOf(const std::string& text) { return ParseDay(text).value(); }

// The lines of a file by some columns.
inline std::map<std::string, Line> By(const std::string& file, const std::vector<std::string>& columns) {
  std::map<std::string, Line> all;
  for (const Line& line : Files()[file]) {
    std::string key;
    for (const std::string& column : columns) key += line.at(column) + " ";
    all[key] = line;
  }
  return all;
}

inline const Line* Find(const std::map<std::string, Line>& lines, const std::vector<std::string>& values) {
  std::string key;
  for (const std::string& value : values) key += value + " ";
  const auto found = lines.find(key);
  return found == lines.end() ? nullptr : &found->second;
}

inline double PaidOf(const Line* line) { return line == nullptr ? 0 : Fen(line->at("paid")); }

inline void Note(double gap, double tolerance, const std::string& id, Found* found) {
  if (gap > tolerance + 0.5) (*found)[id] = gap;
}

// The planted cases of a kind.
inline Found Planted(const std::string& rule, const std::string& kind) {
  Found planted;
  for (const Line& gap : Files()["gaps"]) {
    if (gap.at("rule") != rule || gap.at("kind") != kind) continue;
    planted[Id(gap.at("subject"), gap.at("key"), gap.at("period"))] = std::stod(gap.at("amount_fen"));
  }
  return planted;
}

// Checks that `found` is what is planted of a rule, to some fen of rounding.
inline void CheckFound(const std::string& rule, const Found& found) {
  constexpr double kRounding = 200;  // fen
  const Found planted = Planted(rule, "hit");
  for (const auto& [id, amount] : planted) {
    INFO(rule << " hit " << id << " " << amount);
    const auto match = found.find(id);
    const bool is_found = match != found.end();
    CHECK(is_found);
    if (is_found) CHECK(std::abs(match->second - amount) <= kRounding);
  }
  for (const auto& [id, amount] : found) {
    INFO(rule << " found " << id << " " << amount);
    CHECK(planted.contains(id));
  }
}

}  // namespace hangou::citygen_test
