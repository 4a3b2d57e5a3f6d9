// hangou compare publish and results: what comparing has found, as records for others.
#pragma once

#include "hangou/comparison/v1/comparison.pb.h"
#include "tools/hangou/command.h"

namespace hangou {

// Adds publish and results to `compare`. `line` outlives the parser.
void AddResultCommands(Flags compare, CommandLine* line);

// Tables of what the fields of results are made of, for who decides on sharing them.
std::string SourcesText(
    const google::protobuf::RepeatedPtrField<hangou::comparison::v1::StoredResult>& results);

}  // namespace hangou
