// The command line: flags, arguments and subcommands, without what parses them. CLI11 takes long to compile:
// flags.cc alone includes it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace hangou {

// One flag or argument that was declared, to say more about it; the calls can be chained. A handle, valid as
// long as the FlagParser.
class Flag {
 public:
  explicit Flag(CLI::Option* option) : option_(option) {}
  // The command line is wrong without it.
  Flag Required() const;
  // Of a list: takes one value each time it is named. Without this it takes all that stand behind it.
  Flag OnePerUse() const;
  // Takes only a whole number of from..to, both included.
  Flag Within(int from, int to) const;
  // Takes only a number of from..to, both included.
  Flag Within(double from, double to) const;
  // Takes only these words, in this order in the help.
  Flag OneOf(const std::vector<std::string>& words) const;
  // `problem` says what is wrong with a value (of a list: with each); empty where nothing is.
  Flag Check(const std::function<std::string(const std::string&)>& problem) const;

 private:
  CLI::Option* option_;
};

// What a program or a subcommand takes. A handle, valid as long as the FlagParser.
class Flags {
 public:
  explicit Flags(CLI::App* app) : app_(app) {}
  // Adds a subcommand. `help` is its line in the list of subcommands.
  Flags Sub(const std::string& name, const std::string& help) const;
  // The command line is wrong without one subcommand of these flags, or with more.
  void NeedsSub() const;
  // The text behind the help: examples, exit codes.
  void Footer(const std::string& text) const;
  // `action` is called, by the parser, where the subcommand is named and its flags are understood.
  void Callback(const std::function<void()>& action) const;

  // Each declares a flag, such as "-n,--count", or an argument told by its place, such as "FILE". `value`
  // gets what is given, and keeps what it is where nothing is; it lives until Parse returns. `help` says what
  // it is for.
  Flag Add(const std::string& names, std::string* value, const std::string& help) const;
  // A list.
  Flag Add(const std::string& names, std::vector<std::string>* value, const std::string& help) const;
  // A switch: true where it is named.
  Flag Add(const std::string& names, bool* value, const std::string& help) const;
  // Numbers.
  Flag Add(const std::string& names, int32_t* value, const std::string& help) const;
  Flag Add(const std::string& names, uint64_t* value, const std::string& help) const;
  Flag Add(const std::string& names, double* value, const std::string& help) const;

 private:
  CLI::App* app_;
};

// What came of a command line.
enum class ParseResult {
  kUnderstood,  // the variables hold it
  kHelpShown,   // help was asked for, and is on standard output
  kRefused,     // it is wrong, and standard error says how
};

// The command line of a program. Not thread-safe.
class FlagParser {
 public:
  // `about` begins the help; `name` is that of the program.
  FlagParser(const std::string& about, const std::string& name);
  FlagParser(const FlagParser&) = delete;
  FlagParser& operator=(const FlagParser&) = delete;
  ~FlagParser();
  // What the program takes itself. Its flags may stand behind a subcommand too.
  Flags flags() const { return Flags(app_.get()); }
  // Reads a command line into the variables that were declared. The arguments are those of main.
  ParseResult Parse(int argc, char** argv);

 private:
  const std::unique_ptr<CLI::App> app_;
};

}  // namespace hangou
