// What the subcommands of `hangou compare` share: names, money, and lists as tables, CSV and workbooks.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "hangou/comparison/v1/clue.pb.h"
#include "tools/hangou/command.h"

namespace hangou {

// "t01_deed_tax" as "rules/t01_deed_tax"; a full name stays, and so does nothing.
std::string FullNameOf(const std::string& prefix, const std::string& name);
// A message as one line of JSON.
std::string JsonOf(const google::protobuf::Message& message);
// "1234.50", and back; none where it is no amount with at most two digits behind the point.
std::string YuanText(int64_t fen);
std::optional<int64_t> FenOfYuan(const std::string& text);
// Where a clue stands, in Chinese, as sheets have it.
std::string StateTitle(hangou::comparison::v1::ClueState state);
// The parts of a clue's key, a blank between them.
std::string KeyTextOf(const hangou::comparison::v1::Clue& clue);

// A column of a list.
struct ListColumn {
  std::string title;
  bool is_money = false;                  // yuan: a number in workbooks
  bool is_input = false;                  // to be filled in by people
  std::vector<std::string> choices = {};  // of a drop-down list
};

// A list, whatever it is shown as. Missing cells are empty.
struct ListReport {
  std::string name;  // of the sheet
  std::vector<ListColumn> columns;
  std::vector<std::vector<std::string>> rows;
};

// Shows a list as `globals.output` says: a table, CSV, or a workbook in the file `to`, which CSV may go to as well.
// INVALID_REQUEST where a workbook has no file, INTERNAL where it cannot be written.
absl::Status ShowList(const ListReport& report, const Globals& globals, const std::string& to);

}  // namespace hangou
