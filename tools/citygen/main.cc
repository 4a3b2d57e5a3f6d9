// citygen: writes the CSV files of a synthetic city.
#include <CLI/CLI.hpp>
#include <iostream>

#include "libs/base/status.h"
#include "tools/citygen/city.h"

int main(int argc, char** argv) {
  hangou::CityOptions options;
  CLI::App app(
      "Makes a synthetic city: one CSV file per resource, and truth.csv with what is wrong in them.");
  app.add_option("--seed", options.seed, "Seed; the same seed gives the same bytes")->capture_default_str();
  app.add_option("--people", options.people, "Number of people, at least 100")->capture_default_str();
  app.add_option("--companies", options.companies, "Number of companies")->capture_default_str();
  app.add_option("--dirty-percent", options.dirty_percent, "Share of damaged rows, 0 to 50")
      ->capture_default_str();
  app.add_option("--data", options.data_folder, "Folder with names, divisions and code lists")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--out", options.out_folder, "Folder to write to")->required();
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = hangou::GenerateCity(options);
  if (status.ok()) return 0;
  std::cerr << "citygen: " << hangou::Message(status) << '\n';
  return 1;
}
