// The subcommands of `hangou compare` that are about clues.
#pragma once

#include "libs/flags/flags.h"
#include "tools/hangou/command.h"

namespace hangou {

// Adds clues, clue, offices, assign, feedback, effect and diff to `compare`. `line` outlives the parser.
void AddClueCommands(Flags compare, CommandLine* line);

}  // namespace hangou
