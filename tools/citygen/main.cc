// citygen: writes the CSV files of a synthetic city.
#include <CLI/CLI.hpp>
#include <iostream>

#include "libs/base/status.h"
#include "tools/citygen/city.h"
#include "tools/citygen/linkage_set.h"

int main(int argc, char** argv) {
  hangou::CityOptions options;
  CLI::App app(
      "Makes a synthetic city: one CSV file per resource, truth.csv with what is wrong in them, gaps.csv "
      "with what "
      "comparisons with the tax bureau's data must find, and parameters.csv with the rates behind it.");
  app.add_option("--seed", options.seed, "Seed; the same seed gives the same bytes")->capture_default_str();
  app.add_option("--people", options.people, "Number of people, 100 to 10,000,000")->capture_default_str();
  app.add_option("--companies", options.companies,
                 "Number of companies; left out: one for each eight people");
  app.add_option("--dirty-percent", options.dirty_percent, "Share of damaged rows, 0 to 50")
      ->capture_default_str();
  app.add_option("--data", options.data_folder, "Folder with names, divisions and code lists")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option(
         "--catalog", options.catalog,
         "Declarations of the tables, files or folders; left out: base and full of examples/city beside data")
      ->check(CLI::ExistingPath);
  app.add_option("--only", options.only, "Tables to write, such as psb.resident,tax.deed; left out: all")
      ->delimiter(',');
  app.add_option("--out", options.out_folder, "Folder to write to")->required();
  bool linkage = false;
  app.add_flag("--linkage", linkage,
               "Instead of the tables: two registers of people and two of companies without an identifier to "
               "trust, and "
               "which rows belong together");
  CLI11_PARSE(app, argc, argv);
  hangou::CityReport report;
  const absl::Status status =
      linkage ? hangou::GenerateLinkageSet(options, &report) : hangou::GenerateCity(options, &report);
  if (status.ok()) {
    std::cout << report.tables << " tables, " << report.rows << " rows, " << report.bytes << " bytes\n";
    return 0;
  }
  std::cerr << "citygen: " << hangou::Message(status) << '\n';
  return 1;
}
