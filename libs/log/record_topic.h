// The name of a base library's topic.
#pragma once

#include <string>

namespace hangou {

// Topic of a library's records: "hangou.population.records".
inline std::string RecordTopic(const std::string& library) { return "hangou." + library + ".records"; }

}  // namespace hangou
