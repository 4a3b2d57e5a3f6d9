#include "libs/flags/flags.h"

#include <CLI/CLI.hpp>

namespace hangou {

Flag Flag::Required() const {
  option_->required();
  return *this;
}

Flag Flag::OnePerUse() const {
  option_->allow_extra_args(false);
  return *this;
}

Flag Flag::Within(int from, int to) const {
  option_->check(CLI::Range(from, to));
  return *this;
}

Flag Flag::Within(double from, double to) const {
  option_->check(CLI::Range(from, to));
  return *this;
}

Flag Flag::OneOf(const std::vector<std::string>& words) const {
  option_->check(CLI::IsMember(words));
  return *this;
}

Flag Flag::Check(const std::function<std::string(const std::string&)>& problem) const {
  option_->check(problem);
  return *this;
}

Flags Flags::Sub(const std::string& name, const std::string& help) const {
  return Flags(app_->add_subcommand(name, help));
}

void Flags::NeedsSub() const { app_->require_subcommand(1); }

void Flags::Footer(const std::string& text) const { app_->footer(text); }

void Flags::Callback(const std::function<void()>& action) const { app_->callback(action); }

Flag Flags::Add(const std::string& names, std::string* value, const std::string& help) const {
  return Flag(app_->add_option(names, *value, help));
}

Flag Flags::Add(const std::string& names, std::vector<std::string>* value, const std::string& help) const {
  return Flag(app_->add_option(names, *value, help));
}

Flag Flags::Add(const std::string& names, bool* value, const std::string& help) const {
  return Flag(app_->add_flag(names, *value, help));
}

Flag Flags::Add(const std::string& names, int32_t* value, const std::string& help) const {
  return Flag(app_->add_option(names, *value, help));
}

Flag Flags::Add(const std::string& names, uint64_t* value, const std::string& help) const {
  return Flag(app_->add_option(names, *value, help));
}

Flag Flags::Add(const std::string& names, double* value, const std::string& help) const {
  return Flag(app_->add_option(names, *value, help));
}

FlagParser::FlagParser(const std::string& about, const std::string& name)
    : app_(std::make_unique<CLI::App>(about, name)) {
  app_->fallthrough();
}

FlagParser::~FlagParser() = default;

ParseResult FlagParser::Parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_->exit(error) == 0 ? ParseResult::kHelpShown : ParseResult::kRefused;
  }
  return ParseResult::kUnderstood;
}

}  // namespace hangou
